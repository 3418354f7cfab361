/**
 * How simulated time follows real time. "real": never ahead of it. "idle": computing runs as fast as it can, only
 * waiting takes real time. "quick": as "idle", but an hour's waiting takes little more than a minute, which leaves real
 * peers on a busy computer some time to answer. "free": waiting takes no time at all.
 */

const FORGIVEN_LAG_MS = 20; // a slow host's greater lag is not caught up: the board's time stretches
const THROTTLE_MS = 2;
const SPEEDS = { real: 1, idle: 1, quick: 50, free: 1 }; // simulated time by real time while the board waits

export class Pace {
  constructor(mode) {
    if (!Object.hasOwn(SPEEDS, mode)) {
      throw new Error(`the pace is ${Object.keys(SPEEDS).map((name) => `"${name}"`).join(', ')}, not "${mode}"`);
    }
    this.mode = mode;
    this.nanosPerMs = SPEEDS[mode] * 1e6;
    this.offsetMs = 0;
  }

  /** Start from *clock*'s present time. */
  begin(clock) {
    this.offsetMs = performance.now() - clock.nanos / this.nanosPerMs;
  }

 /** The board stops computing and waits: decide how much of its lag or lead over real time counts. */
  settle(clock) {
    const leadMs = this.#leadMs(clock);
    if (leadMs < -FORGIVEN_LAG_MS) this.offsetMs -= leadMs + FORGIVEN_LAG_MS;
    if (leadMs > 0 && this.mode !== 'real') this.offsetMs -= leadMs;
  }

  /** The simulated time, in nanoseconds, that real time stands for. */
  get nowNanos() {
    return (performance.now() - this.offsetMs) * this.nanosPerMs;
  }

  /** Milliseconds of real time that a waiting board has to wait for *nanos*; 0: it has come. */
  untilMs(nanos) {
    if (nanos === Infinity) return Infinity;
    if (this.mode === 'free') return 0;
    return Math.max(0, (nanos - this.nowNanos) / this.nanosPerMs);
  }

  /** Milliseconds by which a computing board has to be held back. */
  throttleMs(clock) {
    const leadMs = this.mode === 'real' ? this.#leadMs(clock) : 0;
    return leadMs > THROTTLE_MS ? leadMs : 0;
  }

  #leadMs(clock) {
    return (clock.nanos - this.nowNanos) / this.nanosPerMs;
  }
}
