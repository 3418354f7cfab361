/** TCP segments: RFC 9293, section 3.1. Of the options only the maximum segment size is used. */
import { checksum, pseudoHeader } from './checksum.mjs';

export const PROTOCOL_TCP = 6;
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
const HEADER_BYTES = 20;
const OPTION_END = 0;
const OPTION_NOTHING = 1;
const OPTION_MSS = 2;
const DEFAULT_MSS = 536;

/** Return the parts of the segment in *packet*, or null when it is damaged. *mss*: what a SYN says, or the default. */
export function parseSegment({ source, destination, payload: bytes }) {
  const headerBytes = bytes.length < HEADER_BYTES ? 0 : (bytes[12] >> 4) * 4;
  if (headerBytes < HEADER_BYTES || headerBytes > bytes.length) return null;
  if (checksum(bytes, pseudoHeader(source, destination, PROTOCOL_TCP, bytes.length)) !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    source,
    destination,
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledged: view.getUint32(8),
    flags: bytes[13],
    window: view.getUint16(14),
    mss: readMSS(bytes.subarray(HEADER_BYTES, headerBytes)),
    data: bytes.subarray(headerBytes),
  };
}

/** Return the packet of a segment. *mss*: put into an option when it is not 0. */
export function buildSegment(segment) {
  const { source, destination, data = new Uint8Array(0), mss = 0 } = segment;
  const headerBytes = HEADER_BYTES + (mss ? 4 : 0);
  const bytes = new Uint8Array(headerBytes + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setUint32(4, segment.sequence);
  view.setUint32(8, segment.acknowledged ?? 0);
  bytes[12] = (headerBytes / 4) << 4;
  bytes[13] = segment.flags;
  view.setUint16(14, segment.window ?? 0);
  if (mss) {
    bytes[20] = OPTION_MSS;
    bytes[21] = 4;
    view.setUint16(22, mss);
  }
  bytes.set(data, headerBytes);
  view.setUint16(16, checksum(bytes, pseudoHeader(source, destination, PROTOCOL_TCP, bytes.length)));
  return { source, destination, protocol: PROTOCOL_TCP, payload: bytes };
}

/** Return the packet that refuses *segment*: RFC 9293, section 3.10.7.1. */
export function buildReset(segment) {
  const { source, destination, sourcePort, destinationPort, flags, sequence, acknowledged, data } = segment;
  const back = { source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort };
  if (flags & ACK) return buildSegment({ ...back, sequence: acknowledged, flags: RST });
  const length = data.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  return buildSegment({ ...back, sequence: 0, acknowledged: (sequence + length) >>> 0, flags: RST | ACK });
}

function readMSS(options) {
  let index = 0;
  while (index < options.length && options[index] !== OPTION_END) {
    if (options[index] === OPTION_NOTHING) {
      index++;
      continue;
    }
    if (options[index] === OPTION_MSS && index + 4 <= options.length) return (options[index + 2] << 8) | options[index + 3];
    index += Math.max(options[index + 1] ?? 2, 2);
  }
  return DEFAULT_MSS;
}
