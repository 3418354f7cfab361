/**
 * The way to the other boards of a network: frames pass over a TCP connection on loopback to the hub that Python runs,
 * each after its length in two bytes (big-endian). Boards have separate clocks: frames arrive at the current time.
 */
import { connect } from 'node:net';

const LENGTH_BYTES = 2;
const QUEUE_LIMIT_BYTES = 256 * 1024; // frames beyond this are lost, as in a switch

export class Hub {
  /** *received*(frame): called with each frame of another board. *ended*(): the hub has gone. */
  constructor(port, { received, ended }) {
    this.received = received;
    this.rest = Buffer.alloc(0);
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (bytes) => this.#take(bytes));
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('close', ended);
  }

  close() {
    this.socket.destroy();
  }

  send(frame) {
    if (this.socket.destroyed || this.socket.writableLength > QUEUE_LIMIT_BYTES) return;
    this.socket.write(Buffer.concat([Buffer.from([frame.length >> 8, frame.length & 255]), frame]));
  }

  #take(bytes) {
    let rest = Buffer.concat([this.rest, bytes]);
    while (rest.length >= LENGTH_BYTES && rest.length >= LENGTH_BYTES + rest.readUInt16BE(0)) {
      const end = LENGTH_BYTES + rest.readUInt16BE(0);
      this.received(rest.subarray(LENGTH_BYTES, end));
      rest = rest.subarray(end);
    }
    this.rest = rest;
  }
}
