/** The radio as an access point, with stations of a test's own. */
import { formatAddress, sameBytes, wordAt } from './bytes.mjs';
import { EVENT, FLAG_UP } from './events.mjs';

const ACCESS_POINT = 1; // the interface
const MOST_STATIONS = 4; // by the Pico W's datasheet
const WSEC_PMK = 268;
const PASSWORD_AT = 4;
const GROUP = 1;
const LINK_SWITCHED_OFF = 4; // reason of a LINK event
const DISASSOCIATED_LEAVING = 8; // IEEE 802.11, table 9-49

export class AccessPoint {
  constructor({ air, radio, requests, emit }) {
    Object.assign(this, { air, radio, requests });
    this.emit = (event) => emit({ ...event, interfaceNumber: ACCESS_POINT });
    this.isUp = false;
    this.most = MOST_STATIONS;
    this.stations = new Map(); // address as text: address
  }

  start() {
    if (this.isUp) return;
    this.isUp = true;
    this.emit({ type: EVENT.LINK, flags: FLAG_UP });
    this.air.accessPointPort?.linkUp(this.radio);
  }

  stop() {
    if (!this.isUp) return;
    this.isUp = false;
    this.stations.clear();
    this.emit({ type: EVENT.LINK, reason: LINK_SWITCHED_OFF });
    this.air.accessPointPort?.linkDown(this.radio);
  }

  /** The network's name, or null while there is none. */
  get ssid() {
    const value = this.requests.stored('bsscfg:ssid', ACCESS_POINT);
    return this.isUp && value ? Buffer.from(value.subarray(4, 4 + wordAt(value))).toString() : null;
  }

 /** A station at *address* (6 bytes) joins with *password*; '' for an open network. */
  associate(address, password) {
    if (!this.isUp) throw new Error('the board is not an access point');
    if (this.stations.size >= MOST_STATIONS) throw new Error(`the access point has its ${MOST_STATIONS} stations already`);
    if (!sameBytes(this.#password(), Buffer.from(password))) throw new Error('the password is not that of the access point');
    this.stations.set(formatAddress(address), address);
    this.emit({ type: EVENT.AUTH_IND, address });
    this.emit({ type: EVENT.ASSOC_IND, address });
  }

  disassociate(address) {
    if (!this.stations.delete(formatAddress(address))) throw new Error(`there is no station ${formatAddress(address)}`);
    this.emit({ type: EVENT.DISASSOC_IND, reason: DISASSOCIATED_LEAVING, address });
  }

  #password() {
    if (wordAt(this.requests.stored('bsscfg:wsec', ACCESS_POINT) ?? []) === 0) return new Uint8Array(0);
    const key = this.requests.stored(WSEC_PMK, ACCESS_POINT) ?? new Uint8Array(0);
    return key.subarray(PASSWORD_AT, PASSWORD_AT + (key[0] | (key[1] << 8)));
  }

  /** The stations as the driver wants them: u32 number, 6 bytes each. */
  list() {
    return Uint8Array.of(this.stations.size, 0, 0, 0, ...[...this.stations.values()].flatMap((address) => [...address]));
  }

  /** A frame from the driver; return whether it was sent. */
  send(ethernet) {
    const isGroup = (ethernet[0] & GROUP) !== 0;
    if (!this.isUp || !(isGroup || this.#has(ethernet.subarray(0, 6)))) return false;
    this.air.accessPointPort?.receive(ethernet);
    return true;
  }

  /** Whether *ethernet* comes from one of the stations. */
  accepts(ethernet) {
    return this.isUp && this.#has(ethernet.subarray(6, 12));
  }

  #has(address) {
    return this.stations.has(formatAddress(address));
  }
}
