/** The radio as a station: joining a network, being in it, losing it. The events are those of a real chip's traces. */
import { sameBytes, wordAt } from './bytes.mjs';
import { EVENT, FLAG_UP, STATUS } from './events.mjs';
import { CHANNELS, CHANNEL_NANOS } from './scan.mjs';

const SEARCH_NANOS = CHANNELS * CHANNEL_NANOS;
const STEP_NANOS = 5e6; // from one exchange with the access point to the next
const KEY_FAILURE_NANOS = 1000e6; // an access point tries the first key message several times before it gives up
const DEAUTHENTICATION_NANOS = 2e6; // so much later, in a trace of a real board, the driver gives up
const BEACON_LOSS_NANOS = 4000e6; // as Linux's brcmfmac sets it: 4 s without a beacon
const RETRY_NANOS = 2000e6; // our choice: the pause before a lost network is searched for
const LINK_LOST_BEACONS = 1; // reasons of a LINK event
const LINK_DISASSOCIATED = 2;
const SUPPLICANT_KEYED = 6; // statuses of PSK_SUP
const SUPPLICANT_WAITS_FOR_KEY = 4;
const DEAUTHENTICATED = 14; // reason of PSK_SUP
const PREVIOUS_AUTHENTICATION_INVALID = 2; // IEEE 802.11, table 9-49
const [WSEC, WSEC_PMK] = [134, 268];
const PASSWORD_AT = 4;
const GROUP = 1;

const up = { type: EVENT.LINK, flags: FLAG_UP };
const down = (reason) => ({ type: EVENT.LINK, reason });

export class Station {
  /** *radio*: handed to the network's port; *emit*(event) reports; *requests* has what the driver has set. */
  constructor({ clock, mac, air, radio, requests, emit }) {
    Object.assign(this, { mac, air, radio, requests, emit });
    this.network = null; // that is being joined or has been
    this.joined = false;
    this.steps = [];
    this.stepAlarm = clock.createAlarm(() => this.#step());
    this.beaconAlarm = clock.createAlarm(() => this.#lost());
  }

  /** Look for the network *ssid* (bytes), at *bssid* unless that is null, and join it. */
  join(ssid, bssid) {
    if (this.joined) this.#leave(down(LINK_DISASSOCIATED));
    this.#play([[SEARCH_NANOS, () => this.#found(this.air.find(ssid, bssid))]]);
  }

  /** The driver leaves the network. */
  disassociate() {
    this.#abort();
    if (this.joined) this.#leave(down(0));
    this.emit({ type: EVENT.DISASSOC });
  }

  /** The radio loses its power. */
  stop() {
    this.#abort();
    this.beaconAlarm.cancel();
    this.#linkDown();
  }

 /** The access point deauthenticates the station. */
  deauthenticated(reason) {
    if (!this.joined) throw new Error('the board is in no network');
    this.emit({ type: EVENT.DEAUTH_IND, reason, address: this.network.bssid });
    this.#leave(down(LINK_DISASSOCIATED));
  }

  /** *network* has changed: when it is the own one, beacons may be missing, or come again. */
  airChanged(network) {
    if (network !== this.network) return;
    if (!this.joined && !network.inRange) this.#fail();
    else if (!network.inRange && !this.beaconAlarm.scheduled) this.beaconAlarm.schedule(BEACON_LOSS_NANOS);
    else if (network.inRange) this.beaconAlarm.cancel();
  }

  /** A frame from the driver; return whether it was sent. */
  send(ethernet) {
    if (!this.joined || !this.network.inRange) return false;
    this.network.port?.receive(ethernet);
    return true;
  }

  /** Whether the radio hands a frame to *ethernet*'s destination on to the driver. */
  accepts(ethernet) {
    if (!this.joined || !this.network.inRange) return false;
    const destination = ethernet.subarray(0, 6);
    if (!(destination[0] & GROUP)) return sameBytes(destination, this.mac);
    return destination.every((byte) => byte === 0xff) || this.#isInMulticastList(destination);
  }

  get rssi() {
    return this.joined ? this.network.rssi : 0;
  }

  #isInMulticastList(address) {
    const list = this.requests.stored('mcast_list') ?? new Uint8Array(0);
    const count = wordAt(list);
    for (let i = 0; i < count; i++) {
      if (sameBytes(list.subarray(4 + 6 * i, 10 + 6 * i), address)) return true;
    }
    return false;
  }

  /**
   * A network with another security than the driver asks for does not count as found: what a real chip does with an
   * open network and a password is not known.
   */
  #found(network) {
    const wantsSecurity = wordAt(this.requests.stored(WSEC) ?? new Uint8Array(0)) !== 0;
    if (!network || wantsSecurity !== (network.security !== 'open')) return this.#fail();
    this.network = network;
    const address = network.bssid;
    const begin = [
      { type: EVENT.ASSOC_REQ_IE, address }, { type: EVENT.AUTH, address },
      { type: EVENT.ASSOC_RESP_IE, address }, { type: EVENT.ASSOC, address }, { ...up, address },
    ];
    const steps = begin.map((event) => [STEP_NANOS, event]);
    return this.#play([...steps, ...(this.#passwordIsRight() ? this.#keyed() : this.#notKeyed())]);
  }

  #passwordIsRight() {
    if (this.network.security === 'open') return true;
    const key = this.requests.stored(WSEC_PMK) ?? new Uint8Array(0);
    const length = key[0] | (key[1] << 8);
    return sameBytes(key.subarray(PASSWORD_AT, PASSWORD_AT + length), Buffer.from(this.network.password));
  }

  #keyed() {
    const address = this.network.bssid;
    const keyed = { type: EVENT.PSK_SUP, status: SUPPLICANT_KEYED, address };
    return [
      ...(this.network.security === 'open' ? [] : [[STEP_NANOS, keyed]]),
      [STEP_NANOS, { type: EVENT.JOIN, address }],
      [0, { type: EVENT.SET_SSID, address }],
      [0, () => this.#linkUp()],
    ];
  }

  #notKeyed() {
    const address = this.network.bssid;
    const failed = { type: EVENT.PSK_SUP, status: SUPPLICANT_WAITS_FOR_KEY, reason: DEAUTHENTICATED, address };
    return [
      [KEY_FAILURE_NANOS, failed],
      [DEAUTHENTICATION_NANOS, { type: EVENT.DEAUTH_IND, reason: PREVIOUS_AUTHENTICATION_INVALID, address }],
      [0, { ...down(LINK_DISASSOCIATED), address }],
      [0, () => { this.network = null; }],
    ];
  }

  #fail() {
    this.#abort();
    this.emit({ type: EVENT.SET_SSID, status: STATUS.NO_NETWORKS });
  }

  #abort() {
    this.steps = [];
    this.stepAlarm.cancel();
    if (!this.joined) this.network = null;
  }

  /** *steps*: [nanoseconds to wait, event to report or function to call] each. */
  #play(steps) {
    this.steps = steps;
    this.stepAlarm.schedule(steps[0][0]);
  }

  #step() {
    const [, action] = this.steps.shift();
    if (this.steps.length) this.stepAlarm.schedule(this.steps[0][0]);
    if (typeof action === 'function') action();
    else this.emit(action);
  }

  #linkUp() {
    this.joined = true;
    this.network.port?.linkUp(this.radio);
    this.airChanged(this.network);
  }

  /**
   * The firmware joins again by itself when the network is back: boards do after their router's restart (reports:
   * embassy-rs/cyw43 #10, earlephilhower/arduino-pico #774). After a deauthentication they were seen not to
   * (pico-cs/firmware #5).
   */
  #lost() {
    const { ssid } = this.network;
    this.#leave(down(LINK_LOST_BEACONS));
    this.#searchAgain(Buffer.from(ssid));
  }

  #searchAgain(ssid) {
    this.#play([[RETRY_NANOS, () => {
      const network = this.air.find(ssid, null);
      if (network) this.#play([[SEARCH_NANOS, () => this.#found(network)]]);
      else this.#searchAgain(ssid);
    }]]);
  }

  #leave(event) {
    this.beaconAlarm.cancel();
    this.emit({ ...event, address: this.network.bssid });
    this.#linkDown();
  }

  #linkDown() {
    const { network, joined } = this;
    this.network = null;
    this.joined = false;
    if (joined) network.port?.linkDown(this.radio);
  }
}
