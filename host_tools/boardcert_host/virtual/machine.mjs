/** The virtual board as a whole: power, resets, its two serial lines, and the loop that lets its time pass. */
import { Chip } from './chip.mjs';
import { HardFault } from './core.mjs';
import { Flash, PowerCut } from './flash.mjs';
import { Memory } from './memory.mjs';
import { Network } from './network/network.mjs';
import { Random } from './network/random.mjs';
import { StationHost } from './network/station_host.mjs';
import { Pace } from './pace.mjs';
import { Air, addressOf } from './radio/air.mjs';
import { BoardStopped } from './rom_boot.mjs';
import { UnknownROMFunction } from './rom.mjs';
import { bitSource } from './rosc.mjs';
import { StackRecord } from './stack.mjs';
import { TCPLine } from './tcp.mjs';

const SLICE_MS = 4; // after this much computing, sockets are served
const RUN_CYCLES = 100_000;
const RESET = Symbol('reset');
const STOPPING = [BoardStopped, HardFault, UnknownROMFunction];

export class Machine {
  /**
   * *settings*: {flash_path, unique_id, ring_oscillator, pace, flash_timing, flash_cache, networks, network}; *emit*:
   * called with each event.
   * *network*: null, or what Network takes, with the name and the password of its Wi-Fi.
   */
  constructor(settings, emit) {
    this.emit = emit;
    this.chip = null;
    this.timer = null;
    this.boots = 0;
    this.ready = false;
    this.stack = new StackRecord(); // of all boots
    this.onReady = () => this.#ready();
    this.onReset = () => { throw RESET; };
    try {
      this.#assemble(settings);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get powered() {
    return this.chip !== null;
  }

 /** Change the source of random bits; *setting*: as for bitSource. */
  setRingOscillator(setting) {
    this.nextBit = bitSource(setting);
  }

 /** Change how simulated time follows real time; *mode*: as for Pace. */
  setPace(mode) {
    const pace = new Pace(mode);
    const change = ({ clock }) => {
      pace.begin(clock);
      this.pace = pace;
    };
    if (this.powered) this.#external(change);
    else this.pace = pace; // begins when the power comes
  }

  powerOn() {
    if (this.powered) return;
    this.memory.sram.fill(0);
    this.#boot(new Chip(this));
  }

 /** Cut the power. *reason* is reported. */
  powerOff(reason) {
    if (!this.powered) return;
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.#disconnect();
    this.chip = null;
    this.ready = false;
    this.flash.sync();
    this.emit({ event: 'off', ...reason });
  }

 /** Switch it off, and release its file and its ports. */
  close() {
    this.powerOff({ reason: 'off', message: 'stopped' });
    for (const part of [this.flash, this.usbLine, this.uartLine, this.station, this.network]) part?.close();
  }

  /** Reset the chip as the RUN pin does. */
  reset() {
    if (!this.powered) return this.powerOn();
    this.#disconnect();
    return this.#boot(new Chip(this));
  }

  status() {
    if (this.powered) this.#catchUp();
    const nanos = this.powered ? this.chip.clock.nanos : 0;
    const cycles = this.powered ? this.chip.core.cycles : 0;
    return {
      powered: this.powered, ready: this.ready, boots: this.boots,
      clock_us: Math.floor(nanos / 1000), cycles, flash: { ...this.flash.counters },
      radio: this.powered ? this.chip.radio.status() : null,
      network: this.network?.status ?? null, station: this.station.status,
      cache_misses: this.chip?.core.cache?.misses ?? 0, stack: this.stack.status,
    };
  }

  #assemble(settings) {
    this.pace = new Pace(settings.pace);
    this.memory = new Memory();
    this.flash = new Flash(this.memory.flash, settings.flash_path);
    this.uniqueId = Buffer.from(settings.unique_id, 'hex');
    this.mac = addressOf(`board ${settings.unique_id}`);
    this.air = new Air(settings.networks);
    this.#connectNetworks(settings.network);
    this.setRingOscillator(settings.ring_oscillator);
    this.flashTiming = settings.flash_timing;
    this.flashCache = settings.flash_cache;
    this.usbLine = new TCPLine({
      connected: () => this.#external((chip) => chip.usb.setConnected(true)),
      received: () => this.#external((chip) => chip.usb.feed()),
      ended: () => this.#external((chip) => chip.usb.setConnected(false), this.usbLine.hangUp()),
    });
    this.uartLine = new TCPLine({
      connected: () => this.#external((chip) => chip.modem.update()),
      received: () => this.#external((chip) => chip.modem.uart.feed()),
      ended: () => this.#external((chip) => chip.modem.update(), this.uartLine.hangUp()),
    });
  }

  /** Put the network behind its access point, and a station for the board's own network in its range. */
  #connectNetworks(settings) {
    const external = (action) => this.#external(action);
    this.network = settings && new Network({ settings, external });
    if (settings) this.air.add({ ssid: settings.ssid, password: settings.password }).port = this.network;
    this.station = new StationHost({ random: new Random(settings?.seed ?? 1), external });
    this.air.accessPointPort = this.station;
  }

  #boot(chip) {
    this.chip = chip;
    this.network?.powerUp(chip.clock);
    this.boots++;
    this.ready = false;
    this.pace.begin(chip.clock);
    this.#schedule(0);
  }

  #ready() {
    this.ready = true;
    if (this.usbLine.connected) this.chip.usb.setConnected(true);
    this.emit({ event: 'ready', boots: this.boots, clock_us: Math.floor(this.chip.clock.micros) });
  }

 /** The chip stops: its serial lines end, and the radio, whose power pin falls, leaves its networks. */
  #disconnect() {
    this.chip.radio.powerOff();
    this.network?.powerDown();
    this.usbLine.hangUp();
    this.uartLine.hangUp();
  }

 /** Handle an external event: advance a waiting board's clock, notify the chip, and run it. */
  #external(action) {
    if (!this.powered) return;
    this.#catchUp();
    action(this.chip);
    this.#schedule(0);
  }

  #catchUp() {
    const { clock, core } = this.chip;
    if (core.waiting && this.pace.mode !== 'free') {
      clock.skipTo(Math.min(this.pace.nowNanos, clock.nextNanos));
    }
  }

  #schedule(delayMs) {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    if (delayMs === 0) this.immediate = setImmediate(() => this.#run());
    else if (delayMs !== Infinity) this.timer = setTimeout(() => this.#run(), delayMs);
  }

  #run() {
    try {
      this.#schedule(this.#slice());
    } catch (error) {
      this.#stopped(error);
    }
  }

  /** Run for a while; return the milliseconds after which to go on. */
  #slice() {
    const { clock, core } = this.chip;
    const end = performance.now() + SLICE_MS;
    do {
      if (core.waiting) {
        const waitMs = this.pace.untilMs(clock.nextNanos);
        if (waitMs > 0) return waitMs;
        clock.skipTo(clock.nextNanos);
      } else {
        core.run(Math.min(clock.cyclesAt(clock.nextNanos), core.cycles + RUN_CYCLES));
        if (core.waiting) this.pace.settle(clock);
      }
      clock.fireDue();
    } while (performance.now() < end);
    return core.waiting ? 0 : this.pace.throttleMs(clock);
  }

  #stopped(error) {
    if (error === RESET) {
      const previous = this.chip;
      this.#disconnect();
      this.#boot(new Chip(this));
      this.chip.inherit(previous);
    } else if (error instanceof PowerCut) {
      this.powerOff({ reason: 'cut', message: error.message });
    } else if (STOPPING.some((kind) => error instanceof kind)) {
      this.powerOff({ reason: 'fault', message: error.message });
    } else {
      this.powerOff({ reason: 'fault', message: `the emulator failed: ${error.stack}` });
    }
  }
}
