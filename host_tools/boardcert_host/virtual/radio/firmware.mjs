/** The state of the chip while it has power: the bus, and the firmware that answers the driver. */
import { AccessPoint } from './access_point.mjs';
import { Backplane } from './backplane.mjs';
import { view, word, wordAt } from './bytes.mjs';
import { encodeEvent, isWanted } from './events.mjs';
import { Bus } from './gspi.mjs';
import { Requests } from './requests.mjs';
import { Scanner } from './scan.mjs';
import { Link } from './sdpcm.mjs';
import { Station } from './station.mjs';

export const [STATION, ACCESS_POINT] = [0, 1]; // interface numbers
const ANSWER_NANOS = 100e3; // drivers poll for it
const [DOWN_COMMAND, GET_BSSID, GET_SSID, SET_SSID, GET_CHANNEL, SET_CHANNEL, DISASSOCIATE] = [3, 23, 25, 26, 29, 30, 52];
const [GET_RSSI, GET_STATIONS] = [127, 159];
const [LED, USB_POWER] = [1 << 0, 1 << 2]; // the chip's own GPIOs, as the Pico W connects them
const SSID_BYTES = 32;
const JOIN_BSSID_AT = 56; // in "join": after length and name (36) and 20 bytes of scan parameters

export class Firmware {
  /** *wake*(level): the host-wake line. *count*(name): counters. *note*(text): what is not modelled. */
  constructor({ clock, mac, air, radio, wake, count, note }) {
    Object.assign(this, { mac, count, note });
    this.gpio = 0;
    this.backplane = new Backplane(note);
    this.link = new Link({
      onControl: (request) => this.#control(request),
      onData: (interfaceNumber, ethernet) => this.#send(interfaceNumber, ethernet),
      note,
    });
    this.bus = new Bus(this.backplane, this.link, wake);
    this.requests = new Requests(this.#actions(), note);
    const emit = (event) => this.#emit(event);
    const { requests } = this;
    this.scanner = new Scanner(clock, air, emit);
    this.station = new Station({ clock, mac, air, radio, requests, emit });
    this.accessPoint = new AccessPoint({ air, radio, requests, emit });
    this.waiting = [];
    this.answerAlarm = clock.createAlarm(() => this.#answer());
  }

  /** The chip loses its power. */
  stop() {
    this.answerAlarm.cancel();
    this.scanner.stop();
    this.station.stop();
    this.accessPoint.stop();
  }

  get led() {
    return (this.gpio & LED) !== 0;
  }

  /** Bring a frame to the board; return whether it was taken. */
  deliver(interfaceNumber, ethernet) {
    const side = interfaceNumber === ACCESS_POINT ? this.accessPoint : this.station;
    return side.accepts(ethernet) && this.link.data(interfaceNumber, ethernet);
  }

  #send(interfaceNumber, ethernet) {
    const side = interfaceNumber === ACCESS_POINT ? this.accessPoint : this.station;
    this.count(side.send(ethernet) ? 'frames_sent' : 'frames_not_sent');
  }

  #control(request) {
    this.waiting.push(request);
    if (!this.answerAlarm.scheduled) this.answerAlarm.schedule(ANSWER_NANOS);
  }

  #answer() {
    this.link.answer(this.requests.execute(this.waiting.shift()));
    if (this.waiting.length) this.answerAlarm.schedule(ANSWER_NANOS);
  }

  #emit(event) {
    if (!isWanted(this.requests.stored('bsscfg:event_msgs'), event.type)) return;
    this.link.event(encodeEvent(this.mac, event));
  }

  #actions() {
    return {
      cur_etheraddr: { get: () => this.mac },
      clmload_status: { get: () => word(0) },
      gpioout: { set: (_, value) => this.#setGPIO(wordAt(value), wordAt(value, 4)) },
      ccgpioin: { get: () => word(this.gpio | USB_POWER) },
      escan: { set: (_, value) => this.scanner.start(value) },
      join: { set: (_, value) => this.#join(value, value.slice(JOIN_BSSID_AT, JOIN_BSSID_AT + 6)) },
      bss: {
        get: (_, value) => word(this.accessPoint.isUp && wordAt(value) === ACCESS_POINT ? 1 : 0),
        set: (_, value) => this.#setBSS(wordAt(value), wordAt(value, 4) !== 0),
      },
      maxassoc: { get: () => word(this.accessPoint.most) },
      [SET_SSID]: { set: (_, value) => this.#join(value, null) },
      [DISASSOCIATE]: { set: () => this.station.disassociate() },
      [DOWN_COMMAND]: { set: () => this.station.stop() },
      [GET_BSSID]: { get: () => this.station.network?.bssid },
      [GET_SSID]: { get: () => this.#ssid() },
      [GET_CHANNEL]: { get: (interfaceNumber) => this.#channel(interfaceNumber) },
      [GET_RSSI]: { get: () => word(this.station.rssi) },
      [GET_STATIONS]: { get: () => this.accessPoint.list() },
      [SET_CHANNEL]: {},
    };
  }

  /** *value*: u32 length and 32 bytes of the name. All ones as *bssid* means any. */
  #join(value, bssid) {
    const ssid = value.slice(4, 4 + Math.min(wordAt(value), SSID_BYTES));
    this.station.join(ssid, bssid?.some((byte) => byte !== 0xff) ? bssid : null);
  }

  #setGPIO(mask, value) {
    this.gpio = (this.gpio & ~mask) | (value & mask);
  }

  #setBSS(interfaceNumber, up) {
    if (interfaceNumber !== ACCESS_POINT) this.note(`variable bss of interface ${interfaceNumber}`);
    else if (up) this.accessPoint.start();
    else this.accessPoint.stop();
  }

  #ssid() {
    const name = Buffer.from(this.station.joined ? this.station.network.ssid : '');
    const bytes = new Uint8Array(4 + SSID_BYTES);
    view(bytes).setUint32(0, name.length, true);
    bytes.set(name, 4);
    return bytes;
  }

  /** The channel in use as three numbers: of the hardware, the target, the scan. */
  #channel(interfaceNumber) {
    const own = wordAt(this.requests.stored(SET_CHANNEL, interfaceNumber) ?? this.requests.stored(SET_CHANNEL) ?? []);
    const channel = this.station.joined ? this.station.network.channel : own;
    return Uint8Array.of(...word(channel), ...word(channel), ...word(0));
  }
}
