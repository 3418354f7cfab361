/**
 * The sending half of a TCP connection, in offsets of the stream (0: its first byte). Slow start from two segments and
 * congestion avoidance (RFC 5681), fast recovery (RFC 6582); after a timeout everything is sent again from the first
 * byte that was not acknowledged: go-back-N. Zero windows are probed.
 */
import { ByteQueue } from './byte_queue.mjs';
import { RetransmissionTimer } from './retransmission.mjs';

const FIRST_SEGMENTS = 2; // more than lwIP keeps before its program has accepted the connection
const DUPLICATES = 3;

export class Sender {
  /** *emit*({offset, data, fin, push}) sends; *gaveUp*: called when the peer does not answer any more. */
  constructor(clock, emit, gaveUp) {
    this.emit = emit;
    this.timer = new RetransmissionTimer(clock, () => this.#timedOut(), gaveUp);
    this.queue = new ByteQueue();
    this.finishing = false;
    this.acknowledged = 0;
    this.next = 0;
    this.top = 0; // what follows the highest offset ever sent
    this.window = 0;
    this.recoverTo = -1;
    this.recovering = false;
    this.duplicates = 0;
    this.threshold = Infinity;
    this.counters = { retransmitted: 0, timeouts: 0, probes: 0 };
  }

  /** The peer takes *window* bytes, in segments of *mss*. */
  open(mss, window) {
    this.mss = mss;
    this.congestion = FIRST_SEGMENTS * mss;
    this.window = window;
    this.#pump();
  }

  /** Bytes that have not been acknowledged. */
  get pending() {
    return this.queue.end - this.queue.start;
  }

 /** Whether everything, including the end, has been acknowledged. */
  get isDone() {
    return this.finishing && this.acknowledged > this.queue.end;
  }

  write(bytes) {
    this.queue.push(bytes);
    this.#pump();
  }

  /** There will be no more bytes. */
  finish() {
    this.finishing = true;
    this.#pump();
  }

  stop() {
    this.timer.stop();
  }

  /** Take an acknowledgement of all before *offset*. *isBare*: its segment carried nothing else. */
  acknowledge(offset, window, isBare) {
    if (offset > this.top || offset < this.acknowledged) return;
    this.timer.heard();
    if (offset > this.acknowledged) this.#advance(offset);
    else if (isBare && window === this.window && this.top > offset) this.#duplicate();
    this.window = window;
    this.#pump();
  }

  #advance(offset) {
    const newly = offset - this.acknowledged;
    this.acknowledged = offset;
    this.next = Math.max(this.next, offset);
    this.queue.dropTo(offset);
    this.duplicates = 0;
    this.timer.acknowledged(offset);
    this.timer.stop();
    if (this.recovering && offset < this.recoverTo) {
      this.congestion = Math.max(this.congestion - newly, 0) + this.mss;
      this.#sendFirst();
    } else if (this.recovering) {
      this.recovering = false;
      this.congestion = this.threshold;
    } else if (this.congestion < this.threshold) {
      this.congestion += Math.min(newly, this.mss);
    } else {
      this.congestion += (this.mss * this.mss) / this.congestion;
    }
  }

  #duplicate() {
    this.duplicates++;
    if (this.recovering) {
      this.congestion += this.mss;
    } else if (this.duplicates === DUPLICATES && this.acknowledged > this.recoverTo) {
      this.recovering = true;
      this.#halve();
      this.congestion = this.threshold + DUPLICATES * this.mss;
      this.#sendFirst();
    }
  }

  #halve() {
    this.threshold = Math.max((this.top - this.acknowledged) / 2, 2 * this.mss);
    this.recoverTo = this.top;
  }

  #timedOut() {
    if (this.window === 0 && this.acknowledged < this.queue.end) {
      this.#probe();
      return;
    }
    this.counters.timeouts++;
    this.#halve();
    this.recovering = false;
    this.duplicates = 0;
    this.congestion = this.mss;
    this.next = this.acknowledged;
    this.timer.forgetTime();
    this.#pump();
  }

 /** Send one byte beyond the zero window: its acknowledgement has the current window. */
  #probe() {
    this.counters.probes++;
    this.#send(this.acknowledged, 1);
    this.timer.restart();
  }

  /** Send the first segment that was not acknowledged again. */
  #sendFirst() {
    this.timer.forgetTime();
    this.#send(this.acknowledged, Math.min(this.mss, this.queue.end - this.acknowledged));
    this.timer.restart();
  }

  #pump() {
    if (!this.mss) return;
    const edge = this.acknowledged + Math.min(this.window, this.congestion);
    while (this.next < this.queue.end && this.next < edge) {
      const length = Math.min(this.mss, this.queue.end - this.next, Math.floor(edge - this.next));
      const isSilly = length < this.mss && this.next + length < this.queue.end && this.next > this.acknowledged;
      if (length === 0 || isSilly) break;
      this.next = this.#send(this.next, length);
    }
    if (this.finishing && this.next === this.queue.end) this.next = this.#send(this.next, 0);
    this.#setTimer();
  }

  #setTimer() {
    const isBlocked = this.window === 0 && this.acknowledged < this.queue.end;
    if (this.top > this.acknowledged || isBlocked) this.timer.start();
    else this.timer.stop();
  }

  /** Send *length* bytes from *offset*, with the end of the stream where it follows; return the offset after them. */
  #send(offset, length) {
    const end = offset + length;
    const fin = this.finishing && end === this.queue.end;
    const isNew = offset >= this.top;
    if (isNew) this.timer.time(end);
    else this.counters.retransmitted++;
    const after = end + (fin ? 1 : 0); // the end counts as one
    this.top = Math.max(this.top, after);
    const push = length > 0 && end === this.queue.end;
    this.emit({ offset, data: this.queue.slice(offset, length), fin, push });
    return after;
  }
}
