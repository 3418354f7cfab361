/** IPv4 packets: RFC 791. Fragments that arrive are put together; packets that leave are never too long for one. */
import { addressBytes, addressText } from './addresses.mjs';
import { checksum } from './checksum.mjs';

const HEADER_BYTES = 20;
const TIME_TO_LIVE = 64;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

/** Return {source, destination, protocol, payload, fragment} of *bytes*, or null when they are damaged. */
export function parseIPv4(bytes) {
  const headerBytes = (bytes[0] & 15) * 4;
  const length = (bytes[2] << 8) | bytes[3];
  const isWhole = bytes[0] >> 4 === 4 && headerBytes >= HEADER_BYTES && length >= headerBytes;
  if (!isWhole || length > bytes.length || checksum(bytes.subarray(0, headerBytes)) !== 0) return null;
  const flags = (bytes[6] << 8) | bytes[7];
  const isFragment = (flags & (MORE_FRAGMENTS | OFFSET_MASK)) !== 0;
  return {
    protocol: bytes[9],
    source: addressText(bytes.subarray(12, 16)),
    destination: addressText(bytes.subarray(16, 20)),
    payload: bytes.subarray(headerBytes, length),
    fragment: isFragment && {
      identification: (bytes[4] << 8) | bytes[5],
      offset: (flags & OFFSET_MASK) * 8,
      isLast: (flags & MORE_FRAGMENTS) === 0,
    },
  };
}

export function buildIPv4(source, destination, protocol, payload, identification) {
  const packet = new Uint8Array(HEADER_BYTES + payload.length);
  packet[0] = 0x45;
  packet[2] = packet.length >> 8;
  packet[3] = packet.length & 0xff;
  packet[4] = (identification >> 8) & 0xff;
  packet[5] = identification & 0xff;
  packet[8] = TIME_TO_LIVE;
  packet[9] = protocol;
  packet.set(addressBytes(source), 12);
  packet.set(addressBytes(destination), 16);
  const sum = checksum(packet.subarray(0, HEADER_BYTES));
  packet[10] = sum >> 8;
  packet[11] = sum & 0xff;
  packet.set(payload, HEADER_BYTES);
  return packet;
}
