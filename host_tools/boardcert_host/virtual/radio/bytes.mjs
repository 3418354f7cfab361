/** Helpers for the byte layouts of the radio's protocols, all little-endian except in events. */

export function view(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A 32-bit number as 4 bytes, lowest first. */
export function word(value) {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

/** The 32-bit number at *offset*; bytes beyond the end count as 0. */
export function wordAt(bytes, offset = 0) {
  let value = 0;
  for (let i = 3; i >= 0; i--) value = (value << 8) | (bytes[offset + i] ?? 0);
  return value >>> 0;
}

/** "02:00:00:aa:bb:cc" as 6 bytes. */
export function parseAddress(text) {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new Error(`"${text}" is not a MAC address`);
  return Uint8Array.from(text.split(':'), (byte) => parseInt(byte, 16));
}

export function formatAddress(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function sameBytes(one, other) {
  return Buffer.compare(one, other) === 0;
}
