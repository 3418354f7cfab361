/**
 * What the driver asks the firmware: numbered commands, and named variables by two of them.
 *
 * A request: u32 command, u32 length, u32 flags (bit 1 set, bits 15..12 interface, bits 31..16 id), u32 status, then
 * its data. The answer repeats command and flags, with the value that was asked for, filled with zeros to that length. A
 * value that is set is kept for its interface and given back. Requests that are not known here are noted by name: a set
 * is kept, a get of what was never set fails, with the data as it came.
 */
import { view, wordAt } from './bytes.mjs';

const HEADER_BYTES = 16;
const SET = 1 << 1;
const UNSUPPORTED = -23; // status of an answer
export const [GET_VARIABLE, SET_VARIABLE] = [262, 263];
const INTERFACE_PREFIX = 'bsscfg:'; // such a variable's value begins with the interface

/** Variables that are settings of the radio itself: kept and given back is all that shows. */
const STORED = [
  'clmload', 'bus:txglom', 'apsta', 'country', 'ampdu_ba_wsize', 'ampdu_mpdu', 'ampdu_rx_factor', 'mfp',
  'bsscfg:event_msgs', 'pm2_sleep_ret', 'bcn_li_bcn', 'bcn_li_dtim', 'assoc_listen', 'mcast_list', '2g_mrate',
  'bsscfg:sup_wpa', 'bsscfg:sup_wpa2_eapver', 'bsscfg:sup_wpa_tmo', 'bsscfg:ssid', 'bsscfg:wsec', 'bsscfg:wpa_auth',
];
/**
 * Commands of that kind: up, infrastructure, authentication, get and set antenna, DTIM period, get and set power
 * saving, G mode, security, band, WPA authentication, password. And the command that sets what a get returns.
 */
const STORED_COMMANDS = [2, 20, 22, 63, 64, 78, 85, 86, 110, 134, 142, 165, 268];
const SETTER = { 63: 64, 85: 86 };

export class Requests {
  /**
   * *actions*: {name or number: {get(interface, argument) => bytes, set(interface, value)}} for what has an effect;
   * `set` comes after the value was stored. *note*(text) is called for unknown requests.
   */
  constructor(actions, note) {
    this.actions = actions;
    this.note = note;
    this.values = new Map();
  }

  /** Execute *request*; return the answer. */
  execute(request) {
    const command = wordAt(request, 0);
    const length = wordAt(request, 4) & 0xffff;
    const flags = wordAt(request, 8);
    const asked = request.subarray(HEADER_BYTES, HEADER_BYTES + length);
    const value = this.#dispatch(command, (flags >>> 12) & 0xf, (flags & SET) !== 0, asked);
    const answer = new Uint8Array(HEADER_BYTES + length);
    const fields = view(answer);
    fields.setUint32(0, command, true);
    fields.setUint32(4, length, true);
    fields.setUint32(8, flags, true);
    if (value === null) fields.setInt32(12, UNSUPPORTED, true);
    answer.set((value ?? asked).subarray(0, length), HEADER_BYTES);
    return answer;
  }

  /** The value that was set last, or undefined. *key*: a variable's name or a command's number. */
  stored(key, interfaceNumber = 0) {
    return this.values.get(`${interfaceNumber} ${key}`);
  }

  #dispatch(command, interfaceNumber, isSet, data) {
    if (command !== GET_VARIABLE && command !== SET_VARIABLE) {
      if (!this.#isKnown(command)) this.note(`command ${command}`);
      return this.#perform(SETTER[command] ?? command, interfaceNumber, isSet, data);
    }
    const end = data.indexOf(0);
    const name = Buffer.from(data.subarray(0, end < 0 ? data.length : end)).toString('latin1');
    const value = end < 0 ? new Uint8Array(0) : data.subarray(end + 1);
    if (!this.#isKnown(name)) this.note(`variable ${name}`);
    if (!name.startsWith(INTERFACE_PREFIX)) return this.#perform(name, interfaceNumber, command === SET_VARIABLE, value);
    return this.#perform(name, wordAt(value), command === SET_VARIABLE, value.subarray(4));
  }

  #isKnown(key) {
    return Object.hasOwn(this.actions, key) || STORED.includes(key) || STORED_COMMANDS.includes(key);
  }

  #perform(key, interfaceNumber, isSet, data) {
    const action = this.actions[key];
    if (!isSet) {
      const value = action?.get?.(interfaceNumber, data) ?? this.stored(key, interfaceNumber);
      return value ?? (this.#isKnown(key) ? new Uint8Array(0) : null);
    }
    this.values.set(`${interfaceNumber} ${key}`, data.slice());
    action?.set?.(interfaceNumber, data);
    return new Uint8Array(0);
  }
}
