/** The CYW43439 on a Pico W: its power, its pins, and its interface to the outside. */
import { GPIOPinState } from '../rp2040js.mjs';
import { Firmware } from './firmware.mjs';
import { SPIPort } from './spi_port.mjs';

const [POWER_PIN, DATA_PIN, SELECT_PIN] = [23, 24, 25];
const MOST_NOTES = 100; // Bluetooth's firmware, which finds no controller here, would make hundreds

export class Radio {
  /**
   * *mac*: 6 bytes. *air*: the networks around. *note*(text): called once for each kind of request that is not
   * modelled. The radio gets its power when the board drives its pin 23.
   */
  constructor(mcu, clock, { mac, air, note = () => {} }) {
    Object.assign(this, { mcu, clock, mac, air });
    this.report = note;
    this.firmware = null;
    this.unknown = new Map();
    this.counters = { frames_sent: 0, frames_not_sent: 0, frames_received: 0, frames_not_received: 0 };
    air.radio = this;
    new SPIPort(mcu, clock, (words, answerWords) => this.#transact(words, answerWords));
    mcu.gpio[POWER_PIN].addListener((state) => (state === GPIOPinState.High ? this.#powerOn() : this.powerOff()));
    mcu.gpio[SELECT_PIN].addListener((state) => this.firmware?.bus.select(state === GPIOPinState.Low));
  }

  get powered() {
    return this.firmware !== null;
  }

  #powerOn() {
    if (this.powered) return;
    this.firmware = new Firmware({
      clock: this.clock, mac: this.mac, air: this.air, radio: this,
      wake: (level) => this.#wake(level),
      count: (name) => { this.counters[name]++; },
      note: (text) => this.#note(text),
    });
  }

  /** All state is lost, and the networks that it was in notice. */
  powerOff() {
    if (!this.powered) return;
    this.firmware.stop();
    this.firmware = null;
    this.#wake(false);
  }

  /** Bring an Ethernet frame to the board; *interfaceNumber*: 0 station, 1 access point. Return whether it was taken. */
  deliver(interfaceNumber, frame) {
    const taken = this.powered && this.firmware.deliver(interfaceNumber, frame);
    this.counters[taken ? 'frames_received' : 'frames_not_received']++;
    return taken;
  }

  airChanged(network) {
    this.firmware?.station.airChanged(network);
  }

 /** The access point deauthenticates the board. *reason*: the code of IEEE 802.11, table 9-49. */
  deauthenticate(reason) {
    if (!this.powered) throw new Error('the radio is off');
    this.firmware.station.deauthenticated(reason);
  }

  /** A station of a test's own joins the board's access point, or leaves it. */
  get accessPoint() {
    if (!this.powered) throw new Error('the radio is off');
    return this.firmware.accessPoint;
  }

  status() {
    const station = this.firmware?.station;
    return {
      powered: this.powered,
      joined: station?.joined ? station.network.ssid : null,
      rssi: station?.joined ? station.rssi : null,
      access_point: this.firmware?.accessPoint.ssid ?? null,
      led: this.firmware?.led ?? false,
      unknown: Object.fromEntries(this.unknown),
      counters: { ...this.counters },
    };
  }

  #transact(words, answerWords) {
    return this.powered ? this.firmware.bus.transact(words, answerWords) : new Uint32Array(answerWords);
  }

  #wake(level) {
    const pin = this.mcu.gpio[DATA_PIN];
    if (pin.rawInputValue !== level) pin.setInputValue(level);
  }

  #note(text) {
    const name = this.unknown.has(text) || this.unknown.size < MOST_NOTES ? text : 'others';
    const seen = this.unknown.get(name) ?? 0;
    this.unknown.set(name, seen + 1);
    if (seen === 0) this.report(name);
  }
}
