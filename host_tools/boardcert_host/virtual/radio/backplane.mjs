/** Function 1 of the bus: its own few registers, and through a window of 32 KB the backplane of the chip. */
import { wordAt } from './bytes.mjs';

const REGISTERS = 0x10000;
const WATERMARK = 0x08;
const [WINDOW_LOW, WINDOW_MIDDLE, WINDOW_HIGH] = [0x0a, 0x0b, 0x0c];
const FRAME_CONTROL = 0x0d;
const CLOCK = 0x0e;
const PULL_UPS = 0x0f;
const WAKE_UP = 0x1e;
const SLEEP = 0x1f;
const KNOWN = [WATERMARK, WINDOW_LOW, WINDOW_MIDDLE, WINDOW_HIGH, FRAME_CONTROL, CLOCK, PULL_UPS, WAKE_UP, SLEEP];
const REQUEST_ALP = 0x08; // CLOCK: the low-power clock is asked for ...
const HAS_ALP = 0x40; // ... and runs
const HAS_HT = 0x80; // the fast clock, which the firmware switches on
const KEEP_AWAKE = 1; // SLEEP
const AWAKE = 2;

const WINDOW_MASK = 0x7fff;
const RAM_BYTES = 512 * 1024;
const ARM_RESET = 0x18103800;
const RAM_RESET = 0x18104800;
const IN_RESET = 1;
/** The driver's backplane registers outside the RAM; any other access is noted. */
const USED = [
  ARM_RESET, RAM_RESET,
  0x18103408, 0x18104408, // I/O control of the two
  0x18004010, 0x18004044, // bank index and power of the RAM
  0x18002020, 0x18002024, // interrupt status, always 0, and mask
  0x18000508, // save and restore control
];

export class Backplane {
  /** *note*(text) is called for registers that are not modelled. */
  constructor(note) {
    this.note = note;
    this.registers = new Uint8Array(0x20);
    this.ram = new Uint8Array(RAM_BYTES);
    this.words = new Map([[ARM_RESET, IN_RESET], [RAM_RESET, IN_RESET]]);
    this.running = false;
  }

  write(address, data) {
    if (address < REGISTERS) return this.#writeMemory(this.#windowed(address), data);
    return data.forEach((byte, i) => this.#writeRegister(address + i - REGISTERS, byte));
  }

  /** Return *size* bytes. */
  read(address, size) {
    if (address < REGISTERS) return this.#readMemory(this.#windowed(address), size);
    return Uint8Array.from({ length: size }, (_, i) => this.#readRegister(address + i - REGISTERS));
  }

  #windowed(address) {
    const { registers } = this;
    const window = (registers[WINDOW_HIGH] << 24) | (registers[WINDOW_MIDDLE] << 16) | (registers[WINDOW_LOW] << 8);
    return ((window & ~WINDOW_MASK) | (address & WINDOW_MASK)) >>> 0;
  }

  #writeRegister(number, byte) {
    if (!KNOWN.includes(number)) this.note(`function 1 register 0x${number.toString(16)}`);
    this.registers[number] = byte;
  }

  #readRegister(number) {
    const value = this.registers[number];
    if (number === CLOCK) {
      const low = value & REQUEST_ALP || this.running ? HAS_ALP : 0;
      return value | low | (this.running ? HAS_HT : 0);
    }
    if (number === SLEEP) return value & KEEP_AWAKE ? KEEP_AWAKE | AWAKE : 0;
    if (!KNOWN.includes(number)) this.note(`function 1 register 0x${number.toString(16)}`);
    return value;
  }

  #writeMemory(address, data) {
    if (address + data.length <= RAM_BYTES) return this.ram.set(data, address);
    this.#check(address);
    this.words.set(address, wordAt(data));
    if (address === ARM_RESET && !(data[0] & IN_RESET)) this.#start();
  }

  #readMemory(address, size) {
    if (address + size <= RAM_BYTES) return this.ram.slice(address, address + size);
    this.#check(address);
    const value = this.words.get(address) ?? 0;
    return Uint8Array.from({ length: size }, (_, i) => (i < 4 ? value >>> (8 * i) : 0));
  }

  #check(address) {
    if (!USED.includes(address)) this.note(`backplane 0x${address.toString(16)}`);
  }

  /** The ARM core leaves its reset. Without a firmware, that is with an empty vector table, it does nothing. */
  #start() {
    this.running ||= wordAt(this.ram, 0) !== 0 || wordAt(this.ram, 4) !== 0;
  }
}
