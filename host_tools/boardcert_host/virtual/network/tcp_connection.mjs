/** One TCP connection: RFC 9293. It is opened by this side, or made from a SYN and then accepted or refused. */
import { Receiver } from './tcp_receiver.mjs';
import { RetransmissionTimer } from './retransmission.mjs';
import { Sender } from './tcp_sender.mjs';
import { ACK, FIN, PSH, RST, SYN } from './tcp_segment.mjs';

export const MSS = 1460;
const LEAST_MSS = 64;
const DELAYED_ACK_NANOS = 20e6;
const LINGER_NANOS = 2e9; // how long a peer that repeats its last segment is answered
const QUEUE_LIMIT_BYTES = 64 * 1024;
const IGNORED = () => {};

export class TCPConnection {
  /**
   * *send*({sequence, acknowledged, flags, window, data, mss}) sends a segment; *forget*: called at the very end.
   * *initial*: the first sequence number.
   */
  constructor({ clock, send, forget, initial }) {
    this.transmit = send;
    this.forget = forget;
    this.initial = initial;
    this.isProbe = false;
    this.state = 'new'; // then "incoming", "opening", "accepting", "open", "lingering", "closed"
    this.handlers = { opened: IGNORED, received: IGNORED, finished: IGNORED, room: IGNORED, closed: IGNORED };
    this.receiver = new Receiver();
    this.sender = new Sender(clock, (piece) => this.#sendPiece(piece), () => this.#end('timeout'));
    this.handshake = new RetransmissionTimer(clock, () => this.#repeatSYN(), () => this.#end('timeout'));
    this.delayed = clock.createAlarm(() => this.#acknowledge());
    this.linger = clock.createAlarm(() => this.#end('done'));
    this.unacknowledged = 0;
  }

  /** *handlers*: opened(), received(bytes), finished() (the peer sends no more), room(), closed(reason). */
  handle(handlers) {
    Object.assign(this.handlers, handlers);
  }

  /** Open it from this side. */
  open() {
    this.state = 'opening';
    this.#sendSYN(SYN);
  }

  /** Find out whether the peer would accept, without a connection: closed("listening") or another reason follows. */
  probe() {
    this.isProbe = true;
    this.open();
  }

  /** Remember the peer's SYN; accept() or refuse() follows. */
  incoming(segment) {
    this.state = 'incoming';
    this.#meet(segment);
  }

  accept() {
    if (this.state !== 'incoming') return;
    this.state = 'accepting';
    this.#sendSYN(SYN | ACK);
  }

  /** Whether so many bytes wait to be sent that the writer should pause until room() is called. */
  get isFull() {
    return this.sender.pending >= QUEUE_LIMIT_BYTES;
  }

  write(bytes) {
    this.sender.write(bytes);
  }

  /** Send no more: what was written is still delivered, and the peer may go on sending. */
  finish() {
    this.sender.finish();
  }

  /** Let the window close, or open it again. */
  pause(isPaused) {
    this.receiver.isPaused = isPaused;
    if (!isPaused && this.state === 'open') this.#acknowledge();
  }

  /** End it at once, and tell the peer. */
  abort() {
    if (this.state === 'closed') return;
    if (this.state === 'incoming') {
      this.#send({ sequence: 0, flags: RST | ACK });
    } else if (this.state !== 'new' && this.state !== 'lingering') {
      this.#send({ sequence: this.#sequenceOf(this.sender.next), flags: RST | ACK });
    }
    this.#end('aborted');
  }

  receive(segment) {
    if (this.state === 'opening') this.#receiveWhileOpening(segment);
    else if (this.state === 'incoming') this.#receiveWhileIncoming(segment);
    else if (segment.flags & RST) this.#receiveReset(segment);
    else if (segment.flags & SYN) this.#receiveSYNAgain();
    else if (segment.flags & ACK) this.#receiveOpen(segment);
  }

  #receiveWhileOpening(segment) {
    const { flags } = segment;
    const isMine = (flags & ACK) !== 0 && segment.acknowledged === (this.initial + 1) >>> 0;
    if (!isMine) {
      // An old connection of the peer between the same ports: the reset makes it forget that one.
      if (flags & ACK && !(flags & RST)) this.transmit({ sequence: segment.acknowledged, flags: RST, window: 0 });
      return;
    }
    if (flags & RST) {
      this.#end('refused');
    } else if (flags & SYN && this.isProbe) {
      this.transmit({ sequence: segment.acknowledged, flags: RST, window: 0 });
      this.#end('listening');
    } else if (flags & SYN) {
      this.#meet(segment);
      this.#opened(segment);
      this.#acknowledge();
    }
  }

  #receiveWhileIncoming({ flags, sequence }) {
    if (flags & RST && sequence === (this.peerInitial + 1) >>> 0) this.#end('reset');
  }

  #receiveReset({ sequence }) {
    const offset = this.#offsetOf(sequence, this.peerInitial, this.receiver.next);
    // RFC 5961, section 3.2, would have only the exact one; a peer that lost segments is believed, too.
    if (offset >= this.receiver.next && offset <= this.receiver.edge) this.#end('reset');
  }

  #receiveSYNAgain() {
    if (this.state === 'accepting') this.#repeatSYN();
    else this.#acknowledge();
  }

  #receiveOpen(segment) {
    if (this.state === 'accepting') {
      if (segment.acknowledged !== (this.initial + 1) >>> 0) return;
      this.#opened(segment);
    }
    this.#receiveData(segment);
    if (this.state === 'closed') return;
    const { sender } = this;
    const acknowledged = this.#offsetOf(segment.acknowledged, this.initial, sender.acknowledged);
    const isBare = segment.data.length === 0 && !(segment.flags & FIN);
    const wasFull = this.isFull;
    sender.acknowledge(acknowledged, segment.window, isBare);
    if (wasFull && !this.isFull) this.handlers.room();
    this.#lingerWhenDone();
  }

  #receiveData({ sequence, data, flags }) {
    if (data.length === 0 && !(flags & FIN)) return;
    const { receiver } = this;
    const before = receiver.next;
    const wasFinished = receiver.isFinished;
    const offset = this.#offsetOf(sequence, this.peerInitial, before);
    const ready = receiver.take(offset, data, (flags & FIN) !== 0);
    this.unacknowledged += receiver.next - before;
    const isInOrder = receiver.next > before && receiver.early.size === 0;
    const atOnce = !isInOrder || flags & (PSH | FIN) || this.unacknowledged >= 2 * this.sender.mss;
    for (const bytes of ready) this.handlers.received(bytes);
    if (receiver.isFinished && !wasFinished) this.handlers.finished();
    if (this.state === 'closed') return;
    if (atOnce) this.#acknowledge();
    else if (!this.delayed.scheduled) this.delayed.schedule(DELAYED_ACK_NANOS);
  }

  #meet({ sequence, mss, window }) {
    this.peerInitial = sequence;
    this.peerMSS = Math.max(LEAST_MSS, Math.min(mss, MSS));
    this.peerWindow = window;
  }

  #opened({ window }) {
    this.handshake.stop();
    this.state = 'open';
    this.handlers.opened();
    if (this.state === 'open') this.sender.open(this.peerMSS, window);
  }

  #lingerWhenDone() {
    if (this.state !== 'open' || !this.sender.isDone || !this.receiver.isFinished) return;
    this.state = 'lingering';
    this.sender.stop();
    this.linger.schedule(LINGER_NANOS);
  }

  #repeatSYN() {
    this.#sendSYN(this.state === 'opening' ? SYN : SYN | ACK);
  }

  #sendSYN(flags) {
    this.#send({ sequence: this.initial, flags, mss: MSS });
    this.handshake.restart();
  }

  #sendPiece({ offset, data, fin, push }) {
    const flags = ACK | (fin ? FIN : 0) | (push ? PSH : 0);
    this.#send({ sequence: this.#sequenceOf(offset), flags, data });
  }

  #acknowledge() {
    this.#send({ sequence: this.#sequenceOf(this.sender.next), flags: ACK });
  }

  #send(segment) {
    this.delayed.cancel();
    this.unacknowledged = 0;
    const acknowledged = segment.flags & ACK ? (this.peerInitial + 1 + this.receiver.next) >>> 0 : 0;
    this.transmit({ ...segment, acknowledged, window: this.receiver.window });
  }

  #sequenceOf(offset) {
    return (this.initial + 1 + offset) % 0x1_0000_0000;
  }

  /** The offset of *sequence* in the stream that begins after *initial*, near *known*. */
  #offsetOf(sequence, initial, known) {
    return known + ((sequence - ((initial + 1 + known) % 0x1_0000_0000)) | 0);
  }

  #end(reason) {
    if (this.state === 'closed') return;
    const wasDone = this.state === 'lingering';
    this.state = 'closed';
    this.sender.stop();
    this.handshake.stop();
    this.delayed.cancel();
    this.linger.cancel();
    this.forget();
    this.handlers.closed(wasDone ? 'done' : reason);
  }
}
