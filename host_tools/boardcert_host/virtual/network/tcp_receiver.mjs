/** The receiving half of a TCP connection, in offsets of the stream: puts segments in order and opens the window. */

const WINDOW_BYTES = 16 * 1024;

export class Receiver {
  constructor() {
    this.next = 0;
 this.edge = WINDOW_BYTES; // the limit announced to the peer
 this.early = new Map(); // offset: bytes that arrived out of order
    this.end = Infinity; // where the stream ends, once the peer has said so
    this.isPaused = false;
  }

  get isFinished() {
    return this.next > this.end;
  }

 /** The window to announce. While the bytes are not read, its edge stays, and it closes. */
  get window() {
    if (!this.isPaused) this.edge = Math.max(this.edge, this.next + WINDOW_BYTES);
    return Math.max(0, this.edge - this.next);
  }

  /** Take *bytes* at *offset*; return those that are next in order, as a list. *fin*: the stream ends after them. */
  take(offset, bytes, fin) {
    const used = bytes.subarray(0, Math.max(0, this.edge - offset));
    if (fin && used.length === bytes.length) this.end = offset + bytes.length;
    if (used.length && offset + used.length > this.next) this.#keep(offset, used);
    const ready = [];
    let found = this.#following();
    while (found) {
      ready.push(found);
      this.next += found.length;
      found = this.#following();
    }
    if (this.next === this.end) this.next++; // the end counts as one
    return ready;
  }

  #keep(offset, bytes) {
    const known = this.early.get(offset);
    if (!known || known.length < bytes.length) this.early.set(offset, Uint8Array.from(bytes));
  }

  #following() {
    for (const [offset, bytes] of this.early) {
      if (offset > this.next) continue;
      this.early.delete(offset);
      if (offset + bytes.length > this.next) return bytes.subarray(this.next - offset);
    }
    return null;
  }
}
