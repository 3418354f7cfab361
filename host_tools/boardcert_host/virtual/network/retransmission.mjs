/** When to send again: the retransmission timer of RFC 6298, in simulated time. */

// lwIP delays an acknowledgement by up to 0.3 s: less than the second of RFC 6298 would send for nothing.
const LEAST_NANOS = 1e9;
const MOST_NANOS = 60e9;
const ATTEMPTS = 12;

export class RetransmissionTimer {
  /** *expired*: called when it is time to send again; *gaveUp*: instead of it, after too many times in a row. */
  constructor(clock, expired, gaveUp) {
    this.clock = clock;
    this.expired = expired;
    this.gaveUp = gaveUp;
    this.alarm = clock.createAlarm(() => this.#expire());
    this.smoothed = 0;
    this.variation = 0;
    this.timeout = LEAST_NANOS;
    this.attempts = 0;
    this.timed = null; // {offset, nanos}: the byte whose round trip is measured
  }

  start() {
    if (!this.alarm.scheduled) this.restart();
  }

  restart() {
    this.alarm.schedule(Math.min(this.timeout * 2 ** this.attempts, MOST_NANOS));
  }

  stop() {
    this.alarm.cancel();
  }

 /** The peer is alive: unacknowledged data is only late. */
  heard() {
    this.attempts = 0;
  }

  /** Measure the round trip of what is sent now, up to *offset*, unless another is being measured. */
  time(offset) {
    this.timed ??= { offset, nanos: this.clock.nanos };
  }

 /** Karn's algorithm: retransmitted data is not measured. */
  forgetTime() {
    this.timed = null;
  }

  /** All up to *offset* was acknowledged. */
  acknowledged(offset) {
    if (!this.timed || offset < this.timed.offset) return;
    this.#measure(this.clock.nanos - this.timed.nanos);
    this.timed = null;
  }

  #measure(nanos) {
    if (this.smoothed === 0) {
      this.smoothed = nanos;
      this.variation = nanos / 2;
    } else {
      this.variation += (Math.abs(this.smoothed - nanos) - this.variation) / 4;
      this.smoothed += (nanos - this.smoothed) / 8;
    }
    this.timeout = Math.max(LEAST_NANOS, this.smoothed + 4 * this.variation);
  }

  #expire() {
    this.attempts++;
    if (this.attempts > ATTEMPTS) this.gaveUp();
    else this.expired();
  }
}
