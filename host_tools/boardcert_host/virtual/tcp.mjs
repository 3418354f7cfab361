/** A serial line as a TCP port on loopback: one client at a time, the next one waits until the first has gone. */
import { createServer } from 'node:net';

const QUEUE_LIMIT_BYTES = 64 * 1024;

export class TCPLine {
  /** *handlers*: {connected(), received(), ended()}; ended comes when the client has closed and all was taken. */
  constructor(handlers) {
    this.handlers = handlers;
    this.waiting = [];
    this.socket = null;
    this.#forget();
    this.server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      this.waiting.push(socket);
      this.#next();
    });
  }

  /** Listen on *port* (0: any free one) and return the port's number. */
  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => resolve(this.server.address().port));
    });
  }

  /** Listen no longer; those who wait are turned away. */
  close() {
    this.hangUp();
    for (const socket of this.waiting.splice(0)) socket.destroy();
    this.server.close();
  }

  /** Take up to *limit* bytes that the client has sent. */
  take(limit) {
    if (!this.queue.length) return Buffer.alloc(0);
    const first = this.queue[0];
    const taken = first.subarray(0, limit);
    if (taken.length === first.length) this.queue.shift();
    else this.queue[0] = first.subarray(limit);
    this.queued -= taken.length;
    if (this.queued < QUEUE_LIMIT_BYTES) this.socket?.resume();
    if (!this.queued && this.finished) setImmediate(() => this.#ended());
    return taken;
  }

  get connected() {
    return this.socket !== null;
  }

  get available() {
    return this.queued;
  }

  /** Send *bytes*; what one slice of simulated time produces leaves in one piece. */
  write(bytes) {
    if (!this.socket) return;
    if (!this.outgoing.length) setImmediate(() => this.#flush());
    this.outgoing.push(bytes);
  }

  /** End the present connection; what was written is still delivered. */
  hangUp() {
    const { socket } = this;
    if (!socket) return;
    this.#flush();
    this.socket = null;
    this.#forget();
    socket.removeAllListeners('data');
    socket.resume(); // so that its end is noticed
    socket.end();
    setTimeout(() => socket.destroy(), 5000).unref();
    setImmediate(() => this.#next());
  }

  #flush() {
    if (this.socket && this.outgoing.length) this.socket.write(Buffer.concat(this.outgoing));
    this.outgoing = [];
  }

  #forget() {
    this.outgoing = [];
    this.queue = [];
    this.queued = 0;
    this.finished = false;
  }

  #next() {
    if (this.socket || !this.waiting.length) return;
    const socket = this.waiting.shift();
    this.socket = socket;
    this.#forget();
    socket.on('data', (chunk) => this.#received(socket, chunk));
    const finish = () => {
      if (this.socket !== socket || this.finished) return;
      this.finished = true;
      if (!this.queued) this.#ended();
    };
    socket.once('end', finish);
    socket.once('close', finish);
    this.handlers.connected();
    socket.resume();
  }

  #received(socket, chunk) {
    if (this.socket !== socket) return;
    this.queue.push(chunk);
    this.queued += chunk.length;
    if (this.queued >= QUEUE_LIMIT_BYTES) socket.pause();
    this.handlers.received();
  }

  #ended() {
    if (this.socket && this.finished && !this.queued) this.handlers.ended();
  }
}
