/** Ethernet II frames, without their check sequence. */
import { macBytes, macText } from './addresses.mjs';

export const TYPE_IPV4 = 0x0800;
export const TYPE_ARP = 0x0806;
export const TYPE_IPV6 = 0x86dd;
export const HEADER_BYTES = 14;

/** Return {destination, source, type, payload} of *frame*, or null when it is too short to be one. */
export function parseFrame(frame) {
  if (frame.length < HEADER_BYTES) return null;
  return {
    destination: macText(frame.subarray(0, 6)),
    source: macText(frame.subarray(6, 12)),
    type: (frame[12] << 8) | frame[13],
    payload: frame.subarray(HEADER_BYTES),
  };
}

export function buildFrame(destination, source, type, payload) {
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  frame.set(macBytes(destination), 0);
  frame.set(macBytes(source), 6);
  frame[12] = type >> 8;
  frame[13] = type & 0xff;
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Whether *frame* is for everybody or for a group. */
export function isGroupFrame(frame) {
  return (frame[0] & 1) === 1;
}
