/** Writes the boot ROM's image piece by piece; each method returns where its piece begins. */

const BKPT = 0xbe00;
const BX_LR = 0x4770;
const THUMB = 1;

export class ROMWriter {
  constructor(image, at) {
    this.image = image;
    this.view = new DataView(image.buffer, image.byteOffset, image.length);
    this.at = at;
    image.fill(0);
  }

  words(values) {
    return this.#each(values, 4, (at, value) => this.view.setUint32(at, value, true));
  }

  halves(values) {
    return this.#each(values, 2, (at, value) => this.view.setUint16(at, value, true));
  }

  bytes(values) {
    return this.#each(values, 1, (at, value) => this.view.setUint8(at, value));
  }

  /** The entry point of trap *number*, with the Thumb bit. */
  trap(number) {
    return this.halves([BKPT | number, BX_LR]) | THUMB;
  }

  /** A look-up table of [two-letter code, address] pairs; a zero ends it. */
  table(entries) {
    const halves = entries.map(([code, address]) => [code.charCodeAt(0) | (code.charCodeAt(1) << 8), address]);
    return this.halves([...halves.flat(), 0, 0]);
  }

  #each(values, bytes, set) {
    const start = this.at;
    for (const value of values) {
      set(this.at, value);
      this.at += bytes;
    }
    return start;
  }
}
