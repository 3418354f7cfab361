/** Addresses are text in this network ("10.0.0.1", "fe80::1", "28:cd:c1:00:00:01"), and bytes only in packets. */

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
export const LIMITED_BROADCAST = '255.255.255.255';
export const UNSPECIFIED = '0.0.0.0';
export const UNSPECIFIED_V6 = '::';

const REMEMBERED = 1024;
const parsed = new Map();

/** Return 4 or 16 bytes for an IP address. Throws on anything else. */
export function addressBytes(text) {
  let bytes = parsed.get(text);
  if (bytes) return bytes;
  bytes = text.includes(':') ? parseV6(text) : parseV4(text);
  if (parsed.size >= REMEMBERED) parsed.clear();
  parsed.set(text, bytes);
  return bytes;
}

/** Return the text of 4 or 16 bytes, an IPv6 address in the form of RFC 5952. */
export function addressText(bytes) {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const groups = [];
  for (let index = 0; index < 16; index += 2) groups.push((bytes[index] << 8) | bytes[index + 1]);
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

export function isV6(text) {
  return text.includes(':');
}

export function isIPAddress(text) {
  try {
    return addressBytes(text).length > 0;
  } catch {
    return false;
  }
}

/** Whether *text* is multicast or broadcast: nobody may answer such a packet with an error. */
export function isMulticast(text) {
  const first = addressBytes(text)[0];
  return isV6(text) ? first === 0xff : first >= 224;
}

export function macText(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function macBytes(text) {
  const parts = text.split(':');
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{2}$/i.test(part))) {
    throw new Error(`"${text}" is not a hardware address`);
  }
  return Uint8Array.from(parts, (part) => parseInt(part, 16));
}

/** The hardware address of a multicast IP address: RFC 1112, section 6.4, and RFC 2464, section 7. */
export function multicastMac(address) {
  const bytes = addressBytes(address);
  if (bytes.length === 16) return macText([0x33, 0x33, ...bytes.subarray(12)]);
  return macText([0x01, 0x00, 0x5e, bytes[1] & 0x7f, bytes[2], bytes[3]]);
}

/** The link-local address that belongs to *mac*: RFC 4291, appendix A. */
export function linkLocal(mac) {
  const [a, b, c, d, e, f] = macBytes(mac);
  return addressText(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f));
}

/** A subnet such as "10.0.0.0/24". */
export class Subnet {
  constructor(text) {
    const [base, bits] = text.split('/');
    this.prefixBits = Number(bits);
    if (isV6(base) || !(this.prefixBits >= 8 && this.prefixBits <= 30)) {
      throw new Error(`"${text}" is not an IPv4 subnet with a prefix of 8 to 30 bits`);
    }
    this.maskNumber = (0xffffffff << (32 - this.prefixBits)) >>> 0;
    this.base = (number(base) & this.maskNumber) >>> 0;
  }

  /** The subnet that *address* and *mask* make. */
  static of(address, mask) {
    return new Subnet(`${address}/${Math.clz32(~number(mask))}`);
  }

  get mask() {
    return dotted(this.maskNumber);
  }

  get broadcast() {
    return dotted((this.base | ~this.maskNumber) >>> 0);
  }

  /** The address of host *index*. */
  host(index) {
    if (!(index > 0 && index < 2 ** (32 - this.prefixBits) - 1)) {
      throw new Error(`the subnet has no host ${index}`);
    }
    return dotted(this.base + index);
  }

  contains(address) {
    return !isV6(address) && (number(address) & this.maskNumber) >>> 0 === this.base;
  }
}

function number(address) {
  const [a, b, c, d] = addressBytes(address);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function dotted(value) {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

function parseV4(text) {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    throw new Error(`"${text}" is not an IP address`);
  }
  return Uint8Array.from(parts, Number);
}

function parseV6(text) {
  const halves = text.split('::').map((half) => (half ? half.split(':') : []));
  const [head, tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  const groups = [...head, ...Array(halves.length === 2 ? Math.max(missing, 1) : 0).fill('0'), ...tail];
  const good = halves.length < 3 && groups.length === 8 && groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group));
  if (!good) throw new Error(`"${text}" is not an IP address`);
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]));
}

function longestZeros(groups) {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
