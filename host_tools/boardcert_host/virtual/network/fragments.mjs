/** Put the fragments of IPv4 packets together: RFC 791, section 3.2. */

const TIMEOUT_NANOS = 15e9; // the minimum of RFC 791
const PACKETS_LIMIT = 4; // at once; a board sends one after the other
const PACKET_LIMIT_BYTES = 16 * 1024;

export class Fragments {
  constructor(clock) {
    this.clock = clock;
    this.packets = new Map(); // key: {parts: [{offset, bytes}], length, since}
  }

  /** Take a fragment; return the whole packet that it completes, or null. */
  add(packet) {
    const { fragment, payload } = packet;
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${fragment.identification}`;
    this.#forgetOld();
    const known = this.packets.get(key) ?? { parts: [], length: Infinity, since: this.clock.nanos };
    this.packets.set(key, known);
    const end = fragment.offset + payload.length;
    if (end > PACKET_LIMIT_BYTES || !this.#isNew(known, fragment.offset)) return null;
    known.parts.push({ offset: fragment.offset, bytes: Uint8Array.from(payload) });
    if (fragment.isLast) known.length = end;
    const whole = join(known);
    if (!whole) return null;
    this.packets.delete(key);
    return { ...packet, fragment: null, payload: whole };
  }

  #isNew(known, offset) {
    return known.parts.every((part) => part.offset !== offset);
  }

  #forgetOld() {
    for (const [key, { since }] of this.packets) {
      if (this.clock.nanos - since > TIMEOUT_NANOS || this.packets.size > PACKETS_LIMIT) this.packets.delete(key);
    }
  }
}

function join({ parts, length }) {
  parts.sort((first, second) => first.offset - second.offset);
  let end = 0;
  for (const { offset, bytes } of parts) {
    if (offset > end) return null;
    end = Math.max(end, offset + bytes.length);
  }
  if (end !== length) return null;
  const whole = new Uint8Array(length);
  for (const { offset, bytes } of parts) whole.set(bytes, offset);
  return whole;
}
