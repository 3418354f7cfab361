/** The time of day in the network: the computer's, or one that a test sets, which goes on with simulated time. */

export class WallClock {
 /** *epoch*: seconds since 1970 at the beginning; null: the computer's current time. */
  constructor(epoch) {
    this.clock = { nanos: 0 };
    this.start = Date.now() * 1e6;
    this.set(epoch);
  }

  /** Count with *clock* from now on, which begins anew with each reset of the board. */
  attach(clock) {
    this.start = this.simulatedNanos - clock.nanos;
    this.clock = clock;
  }

  set(epoch) {
    this.isSet = epoch !== null;
    if (this.isSet) this.start = epoch * 1e9 - this.clock.nanos;
  }

  /** What a time server says, in nanoseconds since the beginning of 1970. */
  get epochNanos() {
    return this.isSet ? this.simulatedNanos : Date.now() * 1e6;
  }

  /** The same, but surely in simulated time: what stands in captures. */
  get simulatedNanos() {
    return this.start + this.clock.nanos;
  }
}
