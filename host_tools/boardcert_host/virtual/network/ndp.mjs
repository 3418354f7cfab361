/** Neighbour discovery and router advertisement for IPv6: RFC 4861. */
import { UNSPECIFIED_V6, addressBytes, addressText, macBytes, macText } from './addresses.mjs';
import { checksum, pseudoHeader } from './checksum.mjs';
import { HOP_LIMIT } from './ipv6.mjs';
import { PROTOCOL_ICMPV6 } from './icmp.mjs';

const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const SOURCE_ADDRESS = 1;
const TARGET_ADDRESS = 2;
const PREFIX_INFORMATION = 3;
const SOLICITED_OVERRIDE = 0x60;
const ON_LINK_AUTONOMOUS = 0xc0;
const ALL_NODES = 'ff02::1';
const TARGET_OFFSET = 8;
const ROUTER_LIFETIME_S = 1800;
const PREFIX_VALID_S = 86400;
const PREFIX_PREFERRED_S = 14400;
const ADVERTISE_AGAIN_NANOS = 600e9; // RFC 4861, section 6.2.1: MaxRtrAdvInterval; before any of these lifetimes ends

export class NDP {
  /** *host*: {clock, mac, linkLocal, neighbours, icmp, prefix}; a host that has a *prefix* ("fd00::/64") is a router. */
  constructor(host) {
    this.host = host;
    this.again = host.clock.createAlarm(() => this.advertise());
  }

  /** Take an ICMPv6 packet; return whether it was one of neighbour discovery. */
  receive(packet) {
    const { payload, source, destination } = packet;
    const type = payload[0];
    if (type < ROUTER_SOLICITATION || type > NEIGHBOUR_ADVERTISEMENT) return false;
    const start = pseudoHeader(source, destination, PROTOCOL_ICMPV6, payload.length);
    if (packet.hopLimit !== HOP_LIMIT || checksum(payload, start) !== 0) return true;
    if (type === NEIGHBOUR_SOLICITATION) this.#answer(payload, source);
    if (type === NEIGHBOUR_ADVERTISEMENT) this.#learn(payload);
    if (type === ROUTER_SOLICITATION && this.host.prefix) this.advertise();
    return true;
  }

  /** Ask who has *address*. */
  solicit(address) {
    const group = Uint8Array.from(addressBytes('ff02::1:ff00:0'));
    group.set(addressBytes(address).subarray(13), 13);
    const message = [NEIGHBOUR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0, ...addressBytes(address), ...this.#option(SOURCE_ADDRESS)];
    this.#send(addressText(group), message);
  }

  /** Tell all hosts the prefix of this network, now and from time to time, or they forget it. */
  advertise() {
    this.again.schedule(ADVERTISE_AGAIN_NANOS);
    const [prefix, bits] = this.host.prefix.split('/');
    const header = [ROUTER_ADVERTISEMENT, 0, 0, 0, 64, 0, ...number16(ROUTER_LIFETIME_S), ...number32(0), ...number32(0)];
    const lifetimes = [...number32(PREFIX_VALID_S), ...number32(PREFIX_PREFERRED_S), ...number32(0)];
    const information = [PREFIX_INFORMATION, 4, Number(bits), ON_LINK_AUTONOMOUS, ...lifetimes, ...addressBytes(prefix)];
    this.#send(ALL_NODES, [...header, ...information, ...this.#option(SOURCE_ADDRESS)]);
  }

  #answer(payload, source) {
    const target = addressText(payload.subarray(TARGET_OFFSET, TARGET_OFFSET + 16));
    if (target !== this.host.linkLocal) return;
    const to = source === UNSPECIFIED_V6 ? ALL_NODES : source;
    const flags = source === UNSPECIFIED_V6 ? 0x20 : SOLICITED_OVERRIDE;
    this.#send(to, [NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0, ...addressBytes(target), ...this.#option(TARGET_ADDRESS)]);
  }

  #learn(payload) {
    const option = payload.subarray(TARGET_OFFSET + 16);
    if (option[0] !== TARGET_ADDRESS || option.length < 8) return;
    const target = addressText(payload.subarray(TARGET_OFFSET, TARGET_OFFSET + 16));
    this.host.neighbours.learn(target, macText(option.subarray(2, 8)));
  }

  #option(type) {
    return [type, 1, ...macBytes(this.host.mac)];
  }

  #send(destination, message) {
    this.host.icmp.send(this.host.linkLocal, destination, Uint8Array.from(message));
  }
}

function number16(value) {
  return [value >> 8, value & 0xff];
}

function number32(value) {
  return [...number16(value >>> 16), ...number16(value & 0xffff)];
}
