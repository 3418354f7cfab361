/** The Internet checksum: RFC 1071. */
import { addressBytes } from './addresses.mjs';

/** Return the checksum of *bytes*; 0 when they hold a right one. *start*: what was added up before. */
export function checksum(bytes, start = 0) {
  let sum = start;
  const even = bytes.length & ~1;
  for (let index = 0; index < even; index += 2) sum += (bytes[index] << 8) | bytes[index + 1];
  if (even < bytes.length) sum += bytes[even] << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** Return the sum of the pseudo header that TCP, UDP and ICMPv6 put before theirs: RFC 9293 and RFC 8200, 8.1. */
export function pseudoHeader(source, destination, protocol, length) {
  let sum = protocol + length;
  for (const address of [source, destination]) {
    const bytes = addressBytes(address);
    for (let index = 0; index < bytes.length; index += 2) sum += (bytes[index] << 8) | bytes[index + 1];
  }
  return sum;
}
