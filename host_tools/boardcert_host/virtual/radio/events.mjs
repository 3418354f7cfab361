/** Events that the firmware reports by itself, as Ethernet frames of Broadcom's own type, big-endian. */
import { view } from './bytes.mjs';

export const EVENT = {
  SET_SSID: 0, JOIN: 1, AUTH: 3, AUTH_IND: 4, DEAUTH_IND: 6, ASSOC: 7, ASSOC_IND: 8, DISASSOC: 11, DISASSOC_IND: 12,
  LINK: 16, PSK_SUP: 46, ESCAN_RESULT: 69, ASSOC_REQ_IE: 87, ASSOC_RESP_IE: 88,
};
export const STATUS = { SUCCESS: 0, NO_NETWORKS: 3, PARTIAL: 8 };
export const FLAG_UP = 1;
const ETHERTYPE = 0x886c;
const SUBTYPE_LONG = 0x8001;
const EVENT_SUBTYPE = 1;
const OUI = [0x00, 0x10, 0x18];
const HEADER_BYTES = 24;
const MESSAGE_BYTES = 48;
const MESSAGE_VERSION = 2;

/**
 * Return an event's frame. *mac*: the chip's own address. *event*: {type, status, reason, flags, address, data,
 * interfaceNumber}, of which only the type must be there.
 */
export function encodeEvent(mac, { type, status = 0, reason = 0, flags = 0, address, data, interfaceNumber = 0 }) {
  const extra = data ?? new Uint8Array(0);
  const bytes = new Uint8Array(HEADER_BYTES + MESSAGE_BYTES + extra.length);
  const fields = view(bytes);
  bytes.set(mac, 0);
  bytes.set(mac, 6);
  fields.setUint16(12, ETHERTYPE);
  fields.setUint16(14, SUBTYPE_LONG);
  fields.setUint16(16, bytes.length - 18);
  bytes.set(OUI, 19);
  fields.setUint16(22, EVENT_SUBTYPE);
  fields.setUint16(24, MESSAGE_VERSION);
  fields.setUint16(26, flags);
  [type, status, reason, 0, extra.length].forEach((value, i) => fields.setUint32(28 + 4 * i, value));
  if (address) bytes.set(address, 48);
  bytes.set(Buffer.from('wl0'), 54);
  bytes[70] = interfaceNumber;
  bytes[71] = interfaceNumber;
  bytes.set(extra, HEADER_BYTES + MESSAGE_BYTES);
  return bytes;
}

/** Whether the mask of "bsscfg:event_msgs", one bit for each type, lets *type* through. Before it is set, none. */
export function isWanted(mask, type) {
  return mask !== undefined && ((mask[type >> 3] ?? 0) & (1 << (type & 7))) !== 0;
}
