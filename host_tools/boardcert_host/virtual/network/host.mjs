/** The common part of all computers in the network: Ethernet, ARP, neighbour discovery, IP, ICMP, UDP and TCP. */
import { BROADCAST_MAC, LIMITED_BROADCAST, isMulticast, isV6, linkLocal, multicastMac } from './addresses.mjs';
import { ARP } from './arp.mjs';
import { TYPE_ARP, TYPE_IPV4, TYPE_IPV6, buildFrame, isGroupFrame, parseFrame } from './ethernet.mjs';
import { Fragments } from './fragments.mjs';
import { ICMP, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from './icmp.mjs';
import { buildIPv4, parseIPv4 } from './ipv4.mjs';
import { buildIPv6, parseIPv6 } from './ipv6.mjs';
import { NDP } from './ndp.mjs';
import { Neighbours } from './neighbours.mjs';
import { PROTOCOL_TCP } from './tcp_segment.mjs';
import { TCP } from './tcp.mjs';
import { PROTOCOL_UDP, UDP } from './udp.mjs';

export class Host {
  /**
   * *subnet*: a Subnet, or null as long as it is unknown. *address*: its IPv4 address ("0.0.0.0": none yet).
 * *output*(frame) sends a frame; *note*(text) counts requests that were not handled.
   */
  constructor({ clock, random, mac, subnet, address, output, note }) {
    Object.assign(this, { clock, random, mac, subnet, address, output, note });
    this.linkLocal = linkLocal(mac);
    this.identification = 0;
    this.arp = new ARP(this);
    this.ndp = new NDP(this);
    this.neighbours = new Neighbours(clock, (wanted) => (isV6(wanted) ? this.ndp.solicit(wanted) : this.arp.request(wanted)));
    this.fragments = new Fragments(clock);
    this.icmp = new ICMP(this);
    this.udp = new UDP(this);
    this.tcp = new TCP(this);
  }

  /** Take a frame from the network. */
  receive(bytes) {
    const frame = parseFrame(bytes);
    if (!frame || (frame.destination !== this.mac && !isGroupFrame(bytes))) return;
    if (frame.type === TYPE_ARP) this.arp.receive(frame.payload);
    else if (frame.type === TYPE_IPV4) this.#receiveIPv4(frame);
    else if (frame.type === TYPE_IPV6) this.#receiveIPv6(frame);
    else this.note(`a frame of type 0x${frame.type.toString(16)} was not taken`);
  }

  /** Send an IP packet: {source, destination, protocol, payload}. */
  send({ source, destination, protocol, payload }) {
    if (isV6(destination)) {
      this.#output(destination, TYPE_IPV6, buildIPv6(source, destination, protocol, payload));
    } else {
      this.identification = (this.identification + 1) & 0xffff;
      this.#output(destination, TYPE_IPV4, buildIPv4(source, destination, protocol, payload, this.identification));
    }
  }

  sendFrame(mac, type, payload) {
    this.output(buildFrame(mac, this.mac, type, payload));
  }

 /** The source address for *destination*. */
  sourceFor(destination) {
    return isV6(destination) ? this.linkLocal : this.address;
  }

 /** Whether *destination* is this host, or a group that it has joined. */
  isOwn(destination) {
    return destination === this.address || destination === this.linkLocal || this.isGroup(destination);
  }

  isGroup(destination) {
    return isMulticast(destination) || destination === this.subnet?.broadcast;
  }

  /** Take a packet for an address that is not this host's. */
  forward() {}

  /** Take a connection that a peer opens: accept() or abort() it, now or later. */
  incoming(connection) {
    connection.abort();
  }

  #output(destination, type, packet) {
    if (destination === LIMITED_BROADCAST || destination === this.subnet?.broadcast) {
      this.sendFrame(BROADCAST_MAC, type, packet);
    } else if (isMulticast(destination)) {
      this.sendFrame(multicastMac(destination), type, packet);
    } else if (isV6(destination) || this.subnet?.contains(destination)) {
      this.neighbours.resolve(destination, (mac) => this.sendFrame(mac, type, packet));
    } else {
      this.note(`no route to ${destination}`);
    }
  }

  #receiveIPv4(frame) {
    let packet = parseIPv4(frame.payload);
    if (!packet) return;
    if (this.subnet?.contains(packet.source)) this.neighbours.learn(packet.source, frame.source);
    if (packet.fragment) packet = this.fragments.add(packet);
    if (packet) this.#dispatch({ ...packet, bytes: frame.payload });
  }

  #receiveIPv6(frame) {
    const packet = parseIPv6(frame.payload);
    if (!packet) return;
    if (!isMulticast(packet.source) && packet.source !== '::') this.neighbours.learn(packet.source, frame.source);
    this.#dispatch({ ...packet, bytes: frame.payload });
  }

  #dispatch(packet) {
    if (packet.protocol === PROTOCOL_TCP && !this.isGroup(packet.destination)) this.tcp.receive(packet);
    else if (!this.isOwn(packet.destination)) this.forward(packet);
    else this.receiveOwn(packet);
  }

  receiveOwn(packet) {
    const { protocol } = packet;
    if (protocol === PROTOCOL_UDP) this.udp.receive(packet);
    else if (protocol === PROTOCOL_ICMP) this.icmp.receive(packet);
    else if (protocol === PROTOCOL_ICMPV6 && !this.ndp.receive(packet)) this.icmp.receive(packet);
  }
}
