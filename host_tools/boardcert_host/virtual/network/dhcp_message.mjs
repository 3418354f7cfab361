/** Messages of DHCP: RFC 2131 and, for the options, RFC 2132. */
import { addressBytes, addressText, macBytes, macText } from './addresses.mjs';

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;
export const KIND = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 };
export const OPTION = {
  mask: 1, router: 3, dns: 6, hostName: 12, requested: 50, leaseTime: 51, kind: 53, server: 54, parameters: 55,
  renewal: 58, rebinding: 59,
};
const OPTION_PAD = 0;
const OPTION_END = 255;
const FIXED_BYTES = 236;
const COOKIE = [99, 130, 83, 99];
const LEAST_BYTES = 300; // what BOOTP relays and old clients expect
const REQUEST = 1;
const REPLY = 2;
const BROADCAST_FLAG = 0x80;
const UNSPECIFIED = '0.0.0.0';

/** Return {isRequest, transaction, current, offered, mac, kind, options} of *bytes*, or null. */
export function parseDHCP(bytes) {
  const start = FIXED_BYTES + COOKIE.length;
  if (bytes.length < start || !COOKIE.every((byte, index) => bytes[FIXED_BYTES + index] === byte)) return null;
  const options = parseOptions(bytes.subarray(start));
  return {
    isRequest: bytes[0] === REQUEST,
    transaction: Uint8Array.from(bytes.subarray(4, 8)),
    current: addressText(bytes.subarray(12, 16)),
    offered: addressText(bytes.subarray(16, 20)),
    mac: macText(bytes.subarray(28, 34)),
    kind: options.get(OPTION.kind)?.[0],
    options,
  };
}

/** Return the bytes of a message. *options*: a list of [code, bytes]. */
export function buildDHCP({ isRequest, transaction, current = UNSPECIFIED, offered = UNSPECIFIED, mac, options }) {
  const encoded = options.flatMap(([code, value]) => [code, value.length, ...value]);
  const message = new Uint8Array(Math.max(LEAST_BYTES, FIXED_BYTES + COOKIE.length + encoded.length + 1));
  message.set([isRequest ? REQUEST : REPLY, 1, 6, 0]);
  message.set(transaction, 4);
  message[10] = BROADCAST_FLAG;
  message.set(addressBytes(current), 12);
  message.set(addressBytes(offered), 16);
  message.set(macBytes(mac), 28);
  message.set([...COOKIE, ...encoded, OPTION_END], FIXED_BYTES);
  return message;
}

/** Return an option's 32-bit number as bytes. */
export function seconds(value) {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function parseOptions(bytes) {
  const options = new Map();
  let index = 0;
  while (index + 1 < bytes.length && bytes[index] !== OPTION_END) {
    if (bytes[index] === OPTION_PAD) {
      index++;
      continue;
    }
    const length = bytes[index + 1];
    options.set(bytes[index], bytes.subarray(index + 2, index + 2 + length));
    index += 2 + length;
  }
  return options;
}
