/** Scanning: the driver's "escan" requests and their results, each an event. */
import { EVENT, STATUS } from './events.mjs';
import { view, wordAt } from './bytes.mjs';

export const CHANNELS = 13;
export const CHANNEL_NANOS = 40e6; // on each channel, as Broadcom's firmware does while not associated
const RESULT_HEADER_BYTES = 12;
const VERSION = 109;
const INFO_BYTES = 128; // the fixed part, where the information elements begin
const BEACON_INTERVAL = 100;
const [INFRASTRUCTURE, PRIVACY] = [0x01, 0x10];
const RSN_WPA2_PSK = [
  48, 20, 1, 0, 0x00, 0x0f, 0xac, 4, // version 1, AES for groups
  1, 0, 0x00, 0x0f, 0xac, 4, 1, 0, 0x00, 0x0f, 0xac, 2, 0, 0, // one cipher: AES, one way to authenticate: PSK
];

export class Scanner {
  /** *emit*(event) reports; *air* holds the networks. */
  constructor(clock, air, emit) {
    this.air = air;
    this.emit = emit;
    this.alarm = clock.createAlarm(() => this.#next());
  }

  /** Begin: u32 version, u16 action, u16 identifier, u32 length and 32 bytes of a name to look for. */
  start(request) {
    this.identifier = view(request).getUint16(6, true);
    this.name = request.subarray(12, 12 + wordAt(request, 8));
    this.channel = 0;
    this.alarm.schedule(CHANNEL_NANOS);
  }

  stop() {
    this.alarm.cancel();
  }

  /** A channel has been listened to for its time: report what is on it. */
  #next() {
    this.channel++;
    const { name, channel } = this;
    for (const network of this.air.heard(channel)) {
      if (name.length === 0 || Buffer.compare(Buffer.from(network.ssid), name) === 0) this.#report(network);
    }
    if (channel < CHANNELS) this.alarm.schedule(CHANNEL_NANOS);
    else this.emit({ type: EVENT.ESCAN_RESULT, status: STATUS.SUCCESS });
  }

  #report(network) {
    const data = encodeResult(network, this.identifier);
    this.emit({ type: EVENT.ESCAN_RESULT, status: STATUS.PARTIAL, address: network.bssid, data });
  }
}

/** One network as the driver wants it (cyw43_ll.c, cyw43_scan_result_internal_t). */
export function encodeResult({ ssid, bssid, channel, security, rssi }, identifier) {
  const secured = security !== 'open';
  const elements = secured ? RSN_WPA2_PSK : [];
  const bytes = new Uint8Array(RESULT_HEADER_BYTES + INFO_BYTES + elements.length);
  const info = bytes.subarray(RESULT_HEADER_BYTES);
  const header = view(bytes);
  const fields = view(info);
  const name = Buffer.from(ssid);
  header.setUint32(0, bytes.length, true);
  header.setUint32(4, VERSION, true);
  header.setUint16(8, identifier, true);
  header.setUint16(10, 1, true); // networks in this result
  fields.setUint32(0, VERSION, true);
  fields.setUint32(4, info.length, true);
  info.set(bssid, 8);
  fields.setUint16(14, BEACON_INTERVAL, true);
  fields.setUint16(16, INFRASTRUCTURE | (secured ? PRIVACY : 0), true);
  info[18] = name.length;
  info.set(name, 19);
  fields.setUint16(72, channel, true);
  fields.setInt16(78, rssi, true);
  fields.setUint16(116, INFO_BYTES, true);
  fields.setUint32(120, elements.length, true);
  info.set(elements, INFO_BYTES);
  return bytes;
}
