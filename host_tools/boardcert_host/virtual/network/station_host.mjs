/** A computer that joins the network of a board that is an access point, and through which programs here reach it. */
import { Subnet, UNSPECIFIED } from './addresses.mjs';
import { DHCPClient } from './dhcp_client.mjs';
import { Forward } from './forward.mjs';
import { Host } from './host.mjs';
import { RIGHT_WAY, Wire } from './wire.mjs';

export const STATION_MAC = '02:73:74:61:74:6e'; // locally administered
const ACCESS_POINT = 1; // the radio's interface

export class StationHost {
  /** *random*: for numbers by chance; *external*: as Network takes it. */
  constructor({ random, external }) {
    Object.assign(this, { random, external });
    this.forwards = [];
    this.host = null;
    this.board = null;
    this.radio = null;
  }

  /** The access point is on the air. */
  linkUp(radio) {
    this.radio = radio;
  }

  /** The access point, or the board's power, has gone. */
  linkDown() {
    this.leave();
    this.radio = null;
  }

  /** Get an address from the board. The radio has let the station in before. */
  join(clock) {
    if (!this.radio) throw new Error('the board is not an access point');
    const { radio, random } = this;
    this.wire = new Wire(clock, random, { ...RIGHT_WAY }, {
      toNetwork: (frame) => this.host.receive(frame),
      toBoard: (frame) => radio.deliver(ACCESS_POINT, frame),
    });
    const output = (frame) => this.wire.inward.carry(frame);
    this.host = new Host({ clock, random, output, note: () => {}, mac: STATION_MAC, subnet: null, address: UNSPECIFIED });
    this.client = new DHCPClient(this.host, (lease) => this.#bound(lease));
    this.client.start();
  }

  leave() {
    if (!this.host) return;
    this.client.stop();
    this.host.tcp.abortAll();
    this.host.neighbours.clear();
    this.wire.drop();
    this.host = this.board = null;
  }

  /** The board sends *frame* to its stations. */
  receive(frame) {
    if (this.host) this.wire.outward.carry(Uint8Array.from(frame));
  }

  /** Lead *host_port* of loopback to *port* of the board, by way of this station; return {host_port}. */
  async forward({ port, host_port: hostPort = 0 }) {
    const peer = () => this.board && { host: this.host, address: this.board };
    const forward = new Forward({ port, family: 4, peer, external: this.external });
    const listening = await forward.listen(hostPort);
    this.forwards.push(forward);
    return { host_port: listening };
  }

  close() {
    for (const forward of this.forwards) forward.close();
  }

  get status() {
    return { address: this.board ? this.host.address : null, board: this.board };
  }

  #bound({ address, mask, server, router }) {
    this.host.address = address;
    this.host.subnet = Subnet.of(address, mask);
    this.board = server ?? router;
    for (const forward of this.forwards) forward.connectWaiting();
  }
}
