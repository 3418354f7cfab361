/** Echo and "unreachable" of ICMP (RFC 792) and ICMPv6 (RFC 4443). */
import { isMulticast, isV6 } from './addresses.mjs';
import { checksum, pseudoHeader } from './checksum.mjs';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_ICMPV6 = 58;
const V4 = { protocol: PROTOCOL_ICMP, request: 8, reply: 0, unreachable: 3, codes: { address: 1, port: 3 }, quoted: 28 };
const V6 = { protocol: PROTOCOL_ICMPV6, request: 128, reply: 129, unreachable: 1, codes: { address: 3, port: 4 }, quoted: 48 };

export class ICMP {
  /** *host*: {send(packet)}. *replied*: called with {source, identifier, sequence} of each echo reply. */
  constructor(host, replied = () => {}) {
    this.host = host;
    this.replied = replied;
  }

  /** Whether *packet* is whole. */
  isGood({ source, destination, protocol, payload }) {
    const start = protocol === PROTOCOL_ICMPV6 ? pseudoHeader(source, destination, protocol, payload.length) : 0;
    return payload.length >= 8 && checksum(payload, start) === 0;
  }

  receive(packet) {
    if (!this.isGood(packet)) return;
    const kind = isV6(packet.source) ? V6 : V4;
    const { payload, source, destination } = packet;
    if (payload[0] === kind.request) {
      const answer = Uint8Array.from(payload);
      answer[0] = kind.reply;
      this.send(destination, source, answer);
    } else if (payload[0] === kind.reply) {
      const [identifier, sequence] = [(payload[4] << 8) | payload[5], (payload[6] << 8) | payload[7]];
      this.replied({ source, identifier, sequence });
    }
  }

  /** Ask *destination* for an echo. */
  ping(source, destination, identifier, sequence) {
    const kind = isV6(destination) ? V6 : V4;
    const numbers = [identifier >> 8, identifier & 0xff, sequence >> 8, sequence & 0xff];
    this.send(source, destination, Uint8Array.of(kind.request, 0, 0, 0, ...numbers, ...Buffer.from('boardcert')));
  }

  /** Tell the sender of *packet* that its "address" or "port" cannot be reached. */
  unreachable(packet, what) {
    if (isMulticast(packet.destination)) return;
    const kind = isV6(packet.source) ? V6 : V4;
    const quoted = packet.bytes.subarray(0, kind.quoted);
    const message = new Uint8Array(8 + quoted.length);
    message[0] = kind.unreachable;
    message[1] = kind.codes[what];
    message.set(quoted, 8);
    this.send(packet.destination, packet.source, message);
  }

  /** Send *message* after putting its checksum in place. */
  send(source, destination, message) {
    const { protocol } = isV6(destination) ? V6 : V4;
    message[2] = message[3] = 0;
    const start = protocol === PROTOCOL_ICMPV6 ? pseudoHeader(source, destination, protocol, message.length) : 0;
    const sum = checksum(message, start);
    message[2] = sum >> 8;
    message[3] = sum & 0xff;
    this.host.send({ source, destination, protocol, payload: message });
  }
}
