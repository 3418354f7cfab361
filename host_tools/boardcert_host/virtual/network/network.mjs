/**
 * The network that a board's radio joins. It is notified of changes of the board's power and link, and
 * exchanges Ethernet frames with it. Its own actions take place in the board's simulated time.
 */
import { Subnet, macBytes } from './addresses.mjs';
import { DatagramForward } from './datagram_forward.mjs';
import { isGroupFrame } from './ethernet.mjs';
import { Forward } from './forward.mjs';
import { GATEWAY_MAC, Gateway } from './gateway.mjs';
import { Hub } from './hub.mjs';
import { Names } from './names.mjs';
import { Capture } from './pcap.mjs';
import { Random } from './random.mjs';
import { WallClock } from './wall_clock.mjs';
import { RIGHT_WAY, Wire, changedConditions } from './wire.mjs';

const STATION = 0; // the radio's interface by which the board is in this network
const NOTES_LIMIT = 100;
const PROBE_NANOS = 3e9; // then the board does not answer
const GATEWAY_BYTES = macBytes(GATEWAY_MAC);

export class Network {
  /**
   * *settings*: {subnet, prefix, address, lease_s, names, outward, epoch_s, seed, hub_port}. *external*(action): called
   * with all that comes from sockets.
   */
  constructor({ settings, external }) {
    this.settings = settings;
 this.notes = new Map(); // failed requests, and how often each occurred
    this.note = (text) => this.#note(text);
    this.external = external;
    this.subnet = new Subnet(settings.subnet);
    this.names = new Names(settings);
    this.plan = { address: settings.address, lease_s: settings.lease_s, silent: false };
    this.wallClock = new WallClock(settings.epoch_s);
    this.random = new Random(settings.seed);
    this.conditions = { ...RIGHT_WAY };
    this.isGatewayThere = true;
    this.forwards = [];
    this.capture = null;
    this.radio = null;
    this.gateway = null;
    this.hub = settings.hub_port ? this.#joinHub(settings.hub_port) : null;
  }

 /** The board was switched on or reset: earlier connections and frames are dropped. *clock* starts again. */
  powerUp(clock) {
    this.powerDown();
    this.wallClock.attach(clock);
    const { subnet, random, note, names, plan, wallClock, external } = this;
    this.clock = clock;
    this.wire = new Wire(clock, random, this.conditions, {
      toNetwork: (frame) => this.#route(frame),
      toBoard: (frame) => this.#deliver(frame),
    });
    this.gateway = new Gateway({
      clock, random, subnet, note, names, plan, wallClock, external,
      prefix: this.settings.prefix,
      output: (frame) => this.#fromGateway(frame),
      boardSeen: () => this.#connectWaiting(),
    });
  }

  powerDown() {
    this.linkDown();
    this.gateway?.tcp.abortAll();
    this.gateway = null;
  }

 /** The board has ended: release this computer's resources. */
  close() {
    for (const forward of this.forwards) forward.close();
    this.hub?.close();
    this.setCapture(null);
  }

  linkUp(radio) {
    this.radio = radio;
    this.gateway?.forget();
  }

  linkDown() {
    this.radio = null;
    this.wire?.drop();
    this.gateway?.forget();
  }

  /** The board sends *frame*. */
  receive(frame) {
    if (!this.radio) return;
    this.capture?.record(frame, this.wallClock.simulatedNanos);
    this.wire.outward.carry(Uint8Array.from(frame));
  }

  /** Lead *host_port* of loopback (0: any free one) to *port* of the board, TCP or *datagrams*; return {host_port}. */
  async forward({ port, host_port: hostPort = 0, family = 4, datagrams = false }) {
    const peer = (wanted) => this.#board(wanted);
    const Kind = datagrams ? DatagramForward : Forward;
    const forward = new Kind({ port, family, peer, external: this.external });
    const listening = await forward.listen(hostPort);
    this.forwards.push(forward);
    return { host_port: listening };
  }

  /** Change the conditions of the wire: see RIGHT_WAY. */
  setConditions(changes) {
    Object.assign(this.conditions, changedConditions(this.conditions, changes));
  }

 /** Set the time of day to *epoch*: seconds since 1970, or null for this computer's time. */
  setTime(epoch) {
    this.wallClock.set(epoch);
  }

  setGateway(isThere) {
    this.isGatewayThere = isThere;
  }

  /** Change what the DHCP server gives: any of {address, lease_s, silent}. */
  setLease(changes) {
    if (changes.address !== undefined && !this.subnet.contains(changes.address)) {
      throw new Error(`${changes.address} is not in ${this.settings.subnet}`);
    }
    Object.assign(this.plan, changes);
  }

  /** Write frames to a new file at *path*, or no longer when it is null. */
  setCapture(path) {
    const next = path === null ? null : new Capture(path);
    this.capture?.close();
    this.capture = next;
  }

  /** Return {result}: "listening" when the board listens on *port*, else "refused" or another reason. */
  async probe({ port }) {
    const board = this.#board(4);
    if (!board) return { result: 'no link' };
    const result = await new Promise((done) => {
      const connection = board.host.tcp.prepare(board.host.address, board.address, port, { closed: done });
      this.external(() => {
        connection.probe();
        this.clock.createAlarm(() => connection.abort()).schedule(PROBE_NANOS);
      });
    });
    return { result };
  }

  get status() {
    return {
      link: this.radio !== null,
      lease: this.gateway?.dhcp.lease ?? null,
      addresses: this.gateway?.boardAddresses ?? [],
      connections: this.gateway?.tcp.connections.size ?? 0,
      frames: this.wire?.counters ?? null,
      notes: Object.fromEntries(this.notes),
    };
  }

  #note(text) {
    if (this.notes.size < NOTES_LIMIT || this.notes.has(text)) this.notes.set(text, (this.notes.get(text) ?? 0) + 1);
  }

  /** Frames for the gateway stay here, since every board has the same; the others may be for other boards. */
  #route(frame) {
    const isForGateway = GATEWAY_BYTES.every((byte, index) => frame[index] === byte);
    if (!isForGateway) this.hub?.send(frame);
    if (this.isGatewayThere && (isForGateway || isGroupFrame(frame))) this.gateway.receive(frame);
  }

  #fromGateway(frame) {
    if (this.isGatewayThere && this.radio) this.wire.inward.carry(frame);
  }

  #deliver(frame) {
    if (!this.radio) return;
    this.capture?.record(frame, this.wallClock.simulatedNanos);
    this.radio.deliver(STATION, frame);
  }

  #joinHub(port) {
    return new Hub(port, {
      received: (frame) => this.external(() => this.radio && this.wire.inward.carry(Uint8Array.from(frame))),
      ended: () => this.note('the hub of the network has gone'),
    });
  }

  #board(family) {
    const address = this.radio && this.gateway ? this.gateway.boardAddress(family) : null;
    return address && { host: this.gateway, address };
  }

  #connectWaiting() {
    for (const forward of this.forwards) forward.connectWaiting();
  }
}
