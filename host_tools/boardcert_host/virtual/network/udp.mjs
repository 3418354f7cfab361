/** UDP: RFC 768. */
import { checksum, pseudoHeader } from './checksum.mjs';

export const PROTOCOL_UDP = 17;
const HEADER_BYTES = 8;

export class UDP {
  /** *host*: {send(packet), icmp}. */
  constructor(host) {
    this.host = host;
    this.services = new Map(); // port: called with {source, sourcePort, destination, data}
  }

  /** Let *receive* have what comes to *port*. */
  serve(port, receive) {
    this.services.set(port, receive);
  }

  close(port) {
    this.services.delete(port);
  }

  receive(packet) {
    const datagram = parse(packet);
    if (!datagram) return;
    const service = this.services.get(datagram.destinationPort);
    if (service) service(datagram);
    else this.host.icmp.unreachable(packet, 'port');
  }

  send(source, sourcePort, destination, destinationPort, data) {
    const payload = new Uint8Array(HEADER_BYTES + data.length);
    const header = [sourcePort >> 8, sourcePort & 0xff, destinationPort >> 8, destinationPort & 0xff];
    payload.set([...header, payload.length >> 8, payload.length & 0xff]);
    payload.set(data, HEADER_BYTES);
 // A sum of 0 would mean that there is no checksum.
    const sum = checksum(payload, pseudoHeader(source, destination, PROTOCOL_UDP, payload.length)) || 0xffff;
    payload[6] = sum >> 8;
    payload[7] = sum & 0xff;
    this.host.send({ source, destination, protocol: PROTOCOL_UDP, payload });
  }
}

function parse({ source, destination, payload }) {
  if (payload.length < HEADER_BYTES) return null;
  const length = (payload[4] << 8) | payload[5];
  if (length < HEADER_BYTES || length > payload.length) return null;
  const used = payload.subarray(0, length);
  const hasSum = (used[6] | used[7]) !== 0;
  if (hasSum && checksum(used, pseudoHeader(source, destination, PROTOCOL_UDP, length)) !== 0) return null;
  return {
    source,
    destination,
    sourcePort: (used[0] << 8) | used[1],
    destinationPort: (used[2] << 8) | used[3],
    data: used.subarray(HEADER_BYTES),
  };
}
