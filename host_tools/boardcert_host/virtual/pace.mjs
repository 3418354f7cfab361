/**
 * How simulated time keeps to real time. "real": never ahead of it. "idle": computing runs as fast as it can, only
 * waiting takes real time. "free": waiting takes no time either.
 */

const FORGIVEN_LAG_MS = 20; // a host that was slower than this does not catch up: the board's time stretches
const THROTTLE_MS = 2;

export class Pace {
  constructor(mode) {
    if (!['real', 'idle', 'free'].includes(mode)) throw new Error(`the pace is "real", "idle" or "free", not "${mode}"`);
    this.mode = mode;
    this.offsetMs = 0;
  }

  /** Start from *clock*'s present time. */
  begin(clock) {
    this.offsetMs = performance.now() - clock.nanos / 1e6;
  }

  /** Simulated time, in nanoseconds, at which a waiting board stands now. */
  now(clock) {
    const leadMs = clock.nanos / 1e6 + this.offsetMs - performance.now();
    if (leadMs < -FORGIVEN_LAG_MS) this.offsetMs -= leadMs + FORGIVEN_LAG_MS;
    if (leadMs > 0 && this.mode === 'idle') this.offsetMs -= leadMs;
    return (performance.now() - this.offsetMs) * 1e6;
  }

  /** Milliseconds of real time that a waiting board has to wait for *nanos*; 0: it has come. */
  untilMs(clock, nanos) {
    if (nanos === Infinity) return Infinity;
    if (this.mode === 'free') return 0;
    return Math.max(0, (nanos - this.now(clock)) / 1e6);
  }

  /** Milliseconds by which a computing board has to be held back. */
  leadMs(clock) {
    if (this.mode !== 'real') return 0;
    const lead = (clock.nanos - this.now(clock)) / 1e6;
    return lead > THROTTLE_MS ? lead : 0;
  }
}
