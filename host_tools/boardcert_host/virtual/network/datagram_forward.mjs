/**
 * A UDP port on loopback whose datagrams reach the board, and whose callers get its answers: for port 5353 by the group
 * of mDNS, as those of a simple resolver (RFC 6762, section 5.1), so that programs here can look up the board's name.
 */
import { createSocket } from 'node:dgram';

import { MDNS_GROUP, MDNS_PORT } from './dns.mjs';

const FIRST_PORT = 40000;
const CALLERS_LIMIT = 64; // the one that has been silent for longest is dropped first

export class DatagramForward {
  /** *port*: of the board; *peer*, *external*: see Forward. */
  constructor({ port, peer, external }) {
    Object.assign(this, { port, peer, external });
    this.callers = new Map(); // "address port": the port that the board sees
    this.nextPort = FIRST_PORT;
    this.socket = createSocket('udp4');
    this.socket.on('message', (data, from) => external(() => this.#send(data, from)));
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.bind(port, '127.0.0.1', () => {
        this.socket.removeListener('error', reject);
 this.socket.on('error', () => {}); // the caller has disconnected
        this.hostPort = this.socket.address().port;
        resolve(this.hostPort);
      });
    });
  }

  close() {
    this.socket.close();
  }

  /** Datagrams do not wait: a resolver asks again. */
  connectWaiting() {}

  #send(data, from) {
    const peer = this.peer(4);
    if (!peer) return;
    const { host, address } = peer;
    const destination = this.port === MDNS_PORT ? MDNS_GROUP : address;
    host.udp.send(host.address, this.#portFor(host, from), destination, this.port, data);
  }

  #portFor(host, { address, port }) {
    const key = `${address} ${port}`;
    const seen = this.callers.get(key) ?? this.nextPort++;
    this.callers.delete(key);
    this.callers.set(key, seen);
    if (this.callers.size > CALLERS_LIMIT) this.#forgetOldest(host);
    host.udp.serve(seen, ({ data }) => this.socket.send(data, port, address));
    return seen;
  }

  #forgetOldest(host) {
    const [key, port] = this.callers.entries().next().value;
    this.callers.delete(key);
    host.udp.close(port);
  }
}
