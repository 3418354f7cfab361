/**
 * A port on loopback that leads to a port of the board. It listens from the beginning; while the board is not in the
 * network, callers wait, as behind a router that still asks for the hardware address. A board that is there and does
 * not listen refuses, and the caller sees a reset.
 */
import { createServer } from 'node:net';

import { reset, splice } from './splice.mjs';

const WAITING_LIMIT = 64;

export class Forward {
  /**
   * *port*: of the board. *family*: 4 or 6. *peer*(family) returns {host, address}, or null as long as there is no way;
   * *external*: see splice.
   */
  constructor({ port, family, peer, external }) {
    Object.assign(this, { port, family, peer, external });
    this.waiting = new Set();
    this.server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => this.#called(socket));
  }

  /** Listen on *port* of loopback (0: any free one) and return its number. */
  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        this.hostPort = this.server.address().port;
        resolve(this.hostPort);
      });
    });
  }

  /** Listen no longer; those who wait are turned away. */
  close() {
    this.server.close();
    for (const socket of this.waiting) reset(socket);
  }

  /** The board may have become reachable: connect those who wait. */
  connectWaiting() {
    if (!this.waiting.size || !this.peer(this.family)) return;
    const sockets = [...this.waiting];
    this.waiting.clear();
    for (const socket of sockets) this.#connect(socket);
  }

  #called(socket) {
    socket.on('error', () => socket.destroy());
    if (this.waiting.size >= WAITING_LIMIT) {
      reset(socket);
      return;
    }
    this.waiting.add(socket);
    socket.once('close', () => this.waiting.delete(socket));
    this.external(() => this.connectWaiting());
  }

  #connect(socket) {
    const { host, address } = this.peer(this.family);
    const connection = host.tcp.connect(host.sourceFor(address), address, this.port, {
      closed: () => reset(socket),
      opened: () => splice(socket, connection, this.external),
    });
    socket.on('close', () => {
      // Once it is open, this is for the splice.
      if (connection.state === 'opening') this.external(() => connection.abort());
    });
  }
}
