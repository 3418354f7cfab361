/** The network's router: it assigns the board's addresses, serves DNS and NTP, and forwards its connections. */
import { isV6 } from './addresses.mjs';
import { DHCPServer } from './dhcp_server.mjs';
import { DNS_PORT, MDNS_GROUP, MDNS_GROUP_V6, MDNS_PORT, answerDNS, answerMDNS } from './dns.mjs';
import { parseFrame } from './ethernet.mjs';
import { Host } from './host.mjs';
import { answerNTP } from './ntp.mjs';
import { connectOutward } from './outward.mjs';
import { PROTOCOL_UDP } from './udp.mjs';

export const GATEWAY_MAC = '02:62:6f:61:72:64'; // locally administered; the same in every network
const GATEWAY_HOST = 1;
const NTP_PORT = 123;

export class Gateway extends Host {
  /**
   * *settings*: as Host takes them, without a mac and an address; and *prefix* ("fd00::/64", or null for no IPv6), *names*
   * (a Names), *plan* (see DHCPServer), *wallClock*, *external* (see splice), *boardSeen*(address).
   */
  constructor(settings) {
    super({ ...settings, mac: GATEWAY_MAC, address: settings.subnet.host(GATEWAY_HOST) });
    const { prefix, names, plan, wallClock, external, boardSeen } = settings;
    Object.assign(this, { prefix, names, wallClock, external, boardSeen });
    this.boardMac = null;
    this.dhcp = new DHCPServer(this, plan);
    this.udp.serve(DNS_PORT, (datagram) => this.#reply(datagram, answerDNS(datagram.data, names)));
    this.udp.serve(NTP_PORT, (datagram) => this.#reply(datagram, answerNTP(datagram.data, wallClock.epochNanos)));
    this.udp.serve(MDNS_PORT, (datagram) => this.#answerMDNS(datagram));
  }

  /** Take a frame that the board sent. */
  receive(bytes) {
    const frame = parseFrame(bytes);
    if (!frame) return;
    this.boardMac = frame.source;
    super.receive(bytes);
    this.boardSeen();
  }

 /** The board's current address: the last one of its *family* that it has sent from, or null. */
  boardAddress(family) {
    let found = null;
    for (const [address, mac] of this.neighbours.known) {
      if (mac === this.boardMac && isV6(address) === (family === 6)) found = address;
    }
    return found;
  }

 /** All addresses that the board has sent from. */
  get boardAddresses() {
    return [...this.neighbours.known].filter(([, mac]) => mac === this.boardMac).map(([address]) => address);
  }

  /** The link was lost, or made again. */
  forget() {
    this.neighbours.clear();
    this.boardMac = null;
  }

 /** Serve the known outside addresses; all others are unreachable. */
  forward(packet) {
    if (!this.names.has(packet.destination)) {
      this.note(`there is no ${packet.destination} outside`);
      this.icmp.unreachable(packet, 'address');
    } else if (packet.protocol !== PROTOCOL_UDP || this.#isServed(packet)) {
      this.receiveOwn(packet);
    } else {
      this.icmp.unreachable(packet, 'port');
    }
  }

  incoming(connection, segment) {
    const { names, note, external } = this;
    connectOutward(connection, segment, { names, note, external });
  }

  /** Of the services here only the time and names are served at addresses outside. */
  #isServed({ payload }) {
    return [DNS_PORT, NTP_PORT].includes((payload[2] << 8) | payload[3]);
  }

  #reply({ source, sourcePort, destination, destinationPort }, data) {
    const from = this.isGroup(destination) ? this.sourceFor(source) : destination;
    if (data) this.udp.send(from, destinationPort, source, sourcePort, data);
  }

  #answerMDNS(datagram) {
    const send = (address, port, data) => this.udp.send(this.sourceFor(address), MDNS_PORT, address, port, data);
    if ([MDNS_GROUP, MDNS_GROUP_V6].includes(datagram.destination)) answerMDNS(datagram, this.names, send);
  }
}
