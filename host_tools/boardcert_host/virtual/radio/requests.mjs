/**
 * What the driver asks the firmware: numbered commands, and named variables by two of them.
 *
 * A request: u32 command, u32 length, u32 flags (bit 1 set, bits 15..12 interface, bits 31..16 id), u32 status, then
 * its data. The answer repeats command and flags, with the data that was asked for. A value that is set is kept for
 * its interface and given back; requests whose effect is not known here are handled so, too, and noted by name.
 */
import { view, word, wordAt } from './bytes.mjs';

const HEADER_BYTES = 16;
const SET = 1 << 1;
export const [GET_VARIABLE, SET_VARIABLE] = [262, 263];
const INTERFACE_PREFIX = 'bsscfg:'; // such a variable's value begins with the interface

/** Variables that are settings of the radio itself: kept and given back is all that shows. */
const STORED = [
  'clmload', 'bus:txglom', 'apsta', 'country', 'ampdu_ba_wsize', 'ampdu_mpdu', 'ampdu_rx_factor', 'mfp',
  'bsscfg:event_msgs', 'pm2_sleep_ret', 'bcn_li_bcn', 'bcn_li_dtim', 'assoc_listen', 'mcast_list', '2g_mrate',
  'bsscfg:sup_wpa', 'bsscfg:sup_wpa2_eapver', 'bsscfg:sup_wpa_tmo', 'bsscfg:ssid', 'bsscfg:wsec', 'bsscfg:wpa_auth',
];
/** Commands of that kind, and for a get the command that sets what it returns. */
const STORED_COMMANDS = new Map(Object.entries({
  2: 'up', 20: 'infrastructure', 22: 'authentication', 30: 'channel', 64: 'antenna', 78: 'DTIM period', 85: 'get PM',
  86: 'PM', 110: 'G mode', 134: 'wsec', 142: 'band', 165: 'WPA authentication', 268: 'wsec PMK', 63: 'get antenna',
}).map(([number, name]) => [Number(number), name]));
const SETTER = { 63: 64, 85: 86 };

export class Requests {
  /**
   * *actions*: {name or number: {get(interface, argument) => bytes, set(interface, value)}} for what has an effect;
   * `set` comes after the value was stored. *note*(text) is told of unknown requests.
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
    answer.set(value.subarray(0, length), HEADER_BYTES);
    return answer;
  }

  /** The value that was set last, or undefined. *key*: a variable's name or a command's number. */
  stored(key, interfaceNumber = 0) {
    return this.values.get(`${interfaceNumber} ${key}`);
  }

  #dispatch(command, interfaceNumber, isSet, data) {
    if (command !== GET_VARIABLE && command !== SET_VARIABLE) {
      const name = STORED_COMMANDS.get(command);
      if (name === undefined && !this.actions[command]) this.note(`command ${command}`);
      return this.#perform(SETTER[command] ?? command, interfaceNumber, isSet, data);
    }
    const end = data.indexOf(0);
    const name = Buffer.from(data.subarray(0, end < 0 ? data.length : end)).toString('latin1');
    const value = end < 0 ? new Uint8Array(0) : data.subarray(end + 1);
    if (!STORED.includes(name) && !this.actions[name]) this.note(`variable ${name}`);
    if (!name.startsWith(INTERFACE_PREFIX)) return this.#perform(name, interfaceNumber, command === SET_VARIABLE, value);
    return this.#perform(name, wordAt(value), command === SET_VARIABLE, value.subarray(4));
  }

  #perform(key, interfaceNumber, isSet, data) {
    const action = this.actions[key];
    if (!isSet) return action?.get?.(interfaceNumber, data) ?? this.stored(key, interfaceNumber) ?? word(0);
    this.values.set(`${interfaceNumber} ${key}`, data.slice());
    action?.set?.(interfaceNumber, data);
    return new Uint8Array(0);
  }
}
