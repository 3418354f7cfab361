/**
 * How simulated time keeps to real time. "real": never ahead of it. "idle": computing runs as fast as it can, only
 * waiting takes real time. "free": waiting takes no time either.
 */

const FORGIVEN_LAG_MS = 20; // what a slow host lags more than this is not caught up: the board's time stretches
const THROTTLE_MS = 2;

export class Pace {
  constructor(mode) {
    if (!['real', 'idle', 'free'].includes(mode)) {
      throw new Error(`the pace is "real", "idle" or "free", not "${mode}"`);
    }
    this.mode = mode;
    this.offsetMs = 0;
  }

  /** Start from *clock*'s present time. */
  begin(clock) {
    this.offsetMs = performance.now() - clock.nanos / 1e6;
  }

  /** The board stops computing and waits: decide what its lag or its lead over real time is worth. */
  settle(clock) {
    const leadMs = this.#leadMs(clock);
    if (leadMs < -FORGIVEN_LAG_MS) this.offsetMs -= leadMs + FORGIVEN_LAG_MS;
    if (leadMs > 0 && this.mode === 'idle') this.offsetMs -= leadMs;
  }

  /** The simulated time, in nanoseconds, that real time stands for. */
  get nowNanos() {
    return (performance.now() - this.offsetMs) * 1e6;
  }

  /** Milliseconds of real time that a waiting board has to wait for *nanos*; 0: it has come. */
  untilMs(nanos) {
    if (nanos === Infinity) return Infinity;
    if (this.mode === 'free') return 0;
    return Math.max(0, (nanos - this.nowNanos) / 1e6);
  }

  /** Milliseconds by which a computing board has to be held back. */
  throttleMs(clock) {
    const leadMs = this.mode === 'real' ? this.#leadMs(clock) : 0;
    return leadMs > THROTTLE_MS ? leadMs : 0;
  }

  #leadMs(clock) {
    return (clock.nanos - this.nowNanos) / 1e6;
  }
}
