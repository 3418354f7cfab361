/** All TCP connections of one host of the network. */
import { TCPConnection } from './tcp_connection.mjs';
import { RST, SYN, ACK, buildReset, buildSegment, parseSegment } from './tcp_segment.mjs';

const FIRST_PORT = 49152; // RFC 6335: the dynamic ports
const LAST_PORT = 65535;

export class TCP {
  /** *host*: {clock, random, send(packet), incoming(connection, segment)}. */
  constructor(host) {
    this.host = host;
    this.connections = new Map();
    this.nextPort = FIRST_PORT;
  }

  /** Connect from *source* to *port* of *destination*; return the connection. */
  connect(source, destination, port, handlers) {
    const connection = this.prepare(source, destination, port, handlers);
    connection.open();
    return connection;
  }

  /** Return a connection that is to be opened, or used as a probe. */
  prepare(source, destination, port, handlers) {
    const ends = { source, sourcePort: this.#freePort(source, destination, port), destination, destinationPort: port };
    const connection = this.#make(ends);
    connection.handle(handlers);
    return connection;
  }

  receive(packet) {
    const segment = parseSegment(packet);
    if (!segment) return;
    const { source, sourcePort, destination, destinationPort, flags } = segment;
    const ends = { source: destination, sourcePort: destinationPort, destination: source, destinationPort: sourcePort };
    const known = this.connections.get(keyOf(ends));
    const isAnew = known?.state === 'lingering' && (flags & (SYN | ACK)) === SYN;
    if (known && !isAnew) {
      known.receive(segment);
    } else if ((flags & (SYN | ACK | RST)) === SYN) {
      if (known) known.abort();
      this.#incoming(ends, segment);
    } else if (!(flags & RST)) {
      this.host.send(buildReset(segment));
    }
  }

  /** End every connection, telling the peers. */
  abortAll() {
    for (const connection of [...this.connections.values()]) connection.abort();
  }

  #incoming(ends, segment) {
    const connection = this.#make(ends);
    connection.incoming(segment);
    this.host.incoming(connection, segment);
  }

  #make(ends) {
    const key = keyOf(ends);
    const connection = new TCPConnection({
      clock: this.host.clock,
      initial: this.host.random.integer(),
      send: (segment) => this.host.send(buildSegment({ ...ends, ...segment })),
      forget: () => this.connections.delete(key),
    });
    this.connections.set(key, connection);
    return connection;
  }

  #freePort(source, destination, destinationPort) {
    for (;;) {
      const sourcePort = this.nextPort;
      this.nextPort = sourcePort === LAST_PORT ? FIRST_PORT : sourcePort + 1;
      if (!this.connections.has(keyOf({ source, sourcePort, destination, destinationPort }))) return sourcePort;
    }
  }
}

function keyOf({ source, sourcePort, destination, destinationPort }) {
  return `${source} ${sourcePort} ${destination} ${destinationPort}`;
}
