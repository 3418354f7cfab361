/** The air around a board: the networks in its range, which a test may change at any time. */
import { createHash } from 'node:crypto';

import { parseAddress } from './bytes.mjs';
import { CHANNELS } from './scan.mjs';

const LONGEST_NAME = 32;
const [SHORTEST_PASSWORD, LONGEST_PASSWORD] = [8, 63];
const DEFAULT_CHANNEL = 6;
const DEFAULT_RSSI = -50; // dBm, a good signal
const SECURITIES = ['open', 'wpa2'];
const [LOCALLY_ADMINISTERED, GROUP] = [2, 1];

/** A locally administered address that belongs to *text* alone. */
export function addressOf(text) {
  const bytes = new Uint8Array(createHash('sha256').update(text).digest().subarray(0, 6));
  bytes[0] = (bytes[0] & ~GROUP) | LOCALLY_ADMINISTERED;
  return bytes;
}

/** One access point. *port*, set by the network behind it: {receive, linkUp, linkDown}. */
export class Network {
  constructor({ ssid, bssid, channel = DEFAULT_CHANNEL, security, password = '', rssi = DEFAULT_RSSI, inRange = true }) {
    this.ssid = ssid;
    this.bssid = bssid ? parseAddress(bssid) : addressOf(`network ${ssid}`);
    this.channel = channel;
    this.security = security ?? (password ? 'wpa2' : 'open');
    this.password = password;
    this.rssi = rssi;
    this.inRange = inRange;
    this.port = null;
    this.#check();
  }

  #check() {
    const name = Buffer.byteLength(this.ssid ?? '');
    if (name < 1 || name > LONGEST_NAME) throw new Error(`a network's name has 1 to ${LONGEST_NAME} bytes`);
    if (!SECURITIES.includes(this.security)) throw new Error(`a network's security is ${SECURITIES.join(' or ')}`);
    if (!(this.channel >= 1 && this.channel <= CHANNELS)) throw new Error(`a channel is 1 to ${CHANNELS}`);
    const length = Buffer.byteLength(this.password);
    if (this.security === 'wpa2' && (length < SHORTEST_PASSWORD || length > LONGEST_PASSWORD)) {
      throw new Error(`a WPA2 password has ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} bytes`);
    }
  }
}

export class Air {
  /** *networks*: descriptions as Network takes them. */
  constructor(networks = []) {
    this.networks = [];
    this.radio = null; // the one that listens, while it has power
    this.accessPointPort = null; // receives what the board sends as an access point
    networks.forEach((network) => this.add(network));
  }

  add(description) {
    const network = new Network(description);
    this.networks.push(network);
    return network;
  }

  /** Switch the network *ssid* off for good. */
  remove(ssid) {
    this.set(ssid, { inRange: false });
    this.networks = this.networks.filter((network) => network.ssid !== ssid);
  }

  /** Change all access points of the network *ssid*: *changes* may hold inRange, rssi and password. */
  set(ssid, { inRange, rssi, password }) {
    const points = this.networks.filter((network) => network.ssid === ssid);
    if (points.length === 0) throw new Error(`there is no network "${ssid}"`);
    for (const network of points) {
      network.inRange = inRange ?? network.inRange;
      network.rssi = rssi ?? network.rssi;
      network.password = password ?? network.password;
      this.radio?.airChanged(network);
    }
  }

  /** The networks that are received on *channel*. */
  heard(channel) {
    return this.networks.filter((network) => network.inRange && network.channel === channel);
  }

  /** The strongest network in range that has *ssid* (bytes) and, unless null, *bssid*; or undefined. */
  find(ssid, bssid) {
    const wanted = (network) =>
      network.inRange &&
      Buffer.compare(Buffer.from(network.ssid), ssid) === 0 &&
      (bssid === null || Buffer.compare(network.bssid, bssid) === 0);
    return this.networks.filter(wanted).sort((one, other) => other.rssi - one.rssi)[0];
  }
}
