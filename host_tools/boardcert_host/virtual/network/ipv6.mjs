/** IPv6 packets: RFC 8200. Hop-by-hop and destination options are passed over; fragments are not put together. */
import { addressBytes, addressText } from './addresses.mjs';

const HEADER_BYTES = 40;
const SKIPPED_HEADERS = [0, 60]; // hop-by-hop options, destination options
export const HOP_LIMIT = 255; // what neighbour discovery demands; nothing here is routed further

/** Return {source, destination, protocol, payload, hopLimit} of *bytes*, or null when they are damaged. */
export function parseIPv6(bytes) {
  const length = HEADER_BYTES + ((bytes[4] << 8) | bytes[5]);
  if (bytes[0] >> 4 !== 6 || bytes.length < length || length < HEADER_BYTES) return null;
  let protocol = bytes[6];
  let payload = bytes.subarray(HEADER_BYTES, length);
  while (SKIPPED_HEADERS.includes(protocol) && payload.length >= 8) {
    protocol = payload[0];
    payload = payload.subarray((payload[1] + 1) * 8);
  }
  return {
    protocol,
    payload,
    hopLimit: bytes[7],
    source: addressText(bytes.subarray(8, 24)),
    destination: addressText(bytes.subarray(24, 40)),
  };
}

export function buildIPv6(source, destination, protocol, payload) {
  const packet = new Uint8Array(HEADER_BYTES + payload.length);
  packet[0] = 0x60;
  packet[4] = payload.length >> 8;
  packet[5] = payload.length & 0xff;
  packet[6] = protocol;
  packet[7] = HOP_LIMIT;
  packet.set(addressBytes(source), 8);
  packet.set(addressBytes(destination), 24);
  packet.set(payload, HEADER_BYTES);
  return packet;
}
