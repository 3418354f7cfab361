/** The bytes of a stream from one offset to another, as they wait to be acknowledged. */

export class ByteQueue {
  constructor() {
    this.chunks = [];
    this.start = 0; // the stream's offset of the first byte kept
    this.end = 0;
  }

  push(bytes) {
    if (!bytes.length) return;
    this.chunks.push(bytes);
    this.end += bytes.length;
  }

  /** Return *length* bytes from *offset* on. */
  slice(offset, length) {
    const result = new Uint8Array(length);
    let chunkStart = this.start;
    for (const chunk of this.chunks) {
      const from = Math.max(offset - chunkStart, 0);
      const to = Math.min(offset + length - chunkStart, chunk.length);
      if (from < to) result.set(chunk.subarray(from, to), chunkStart + from - offset);
      chunkStart += chunk.length;
      if (chunkStart >= offset + length) break;
    }
    return result;
  }

  /** Forget what comes before *offset*. */
  dropTo(offset) {
    while (this.chunks.length && this.start + this.chunks[0].length <= offset) {
      this.start += this.chunks.shift().length;
    }
    if (offset > this.start && this.chunks.length) {
      this.chunks[0] = this.chunks[0].subarray(offset - this.start);
      this.start = offset;
    }
  }
}
