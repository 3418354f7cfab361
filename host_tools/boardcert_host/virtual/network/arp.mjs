/** The address resolution protocol for IPv4: RFC 826. */
import { BROADCAST_MAC, addressBytes, addressText, macBytes, macText } from './addresses.mjs';
import { TYPE_ARP } from './ethernet.mjs';

const HEADER = [0, 1, 8, 0, 6, 4, 0]; // Ethernet, IPv4, lengths of the addresses; then the operation
const PACKET_BYTES = 28;
const REQUEST = 1;
const REPLY = 2;
const NO_MAC = '00:00:00:00:00:00';

export class ARP {
  /** *host*: {mac, address, neighbours, sendFrame(mac, type, payload)}. */
  constructor(host) {
    this.host = host;
  }

  /** Learn who sent *packet*, and answer when it asks for this host. It answers for no other address. */
  receive(packet) {
    if (packet.length < PACKET_BYTES || !HEADER.every((byte, index) => packet[index] === byte)) return;
    const { host } = this;
    const sender = addressText(packet.subarray(14, 18));
    const mac = macText(packet.subarray(8, 14));
    if (sender !== '0.0.0.0') host.neighbours.learn(sender, mac);
    const isForHost = addressText(packet.subarray(24, 28)) === host.address;
    if (packet[7] === REQUEST && isForHost) this.#send(REPLY, mac, mac, sender);
  }

  request(address) {
    this.#send(REQUEST, BROADCAST_MAC, NO_MAC, address);
  }

  #send(operation, to, targetMac, target) {
    const { host } = this;
    const packet = new Uint8Array(PACKET_BYTES);
    packet.set(HEADER);
    packet[7] = operation;
    packet.set(macBytes(host.mac), 8);
    packet.set(addressBytes(host.address), 14);
    packet.set(macBytes(targetMac), 18);
    packet.set(addressBytes(target), 24);
    host.sendFrame(to, TYPE_ARP, packet);
  }
}
