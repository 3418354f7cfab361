/** Reproducible random numbers for what a network does by chance. Not for secrets. */

export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** Return 32 random bits: the generator "mulberry32". */
  integer() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** Whether something of *probability* happens. */
  happens(probability) {
    return this.integer() / 2 ** 32 < probability;
  }
}
