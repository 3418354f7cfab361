/**
 * The chip's end of the serial bus (gSPI): commands, byte order, and function 0, the registers of the bus itself.
 *
 * A transaction is a command word and the words of its data. The command: bit 31 write, bits 29..28 function, bits
 * 27..11 address, bits 10..0 size in bytes. Bytes are numbered as in the driver's memory: byte 0 comes first on the
 * wire, in bits 31..24 of a FIFO's word.
 */
import { view, wordAt } from './bytes.mjs';

const [BUS, BACKPLANE, WLAN] = [0, 1, 2];
const REGISTER_BYTES = 0x20;
const [CONTROL, INTERRUPT, INTERRUPT_ENABLE, STATUS, TEST, READ_PADDING] = [0x00, 0x04, 0x06, 0x08, 0x14, 0x1d];
const LITTLE_WORDS = 1; // bit 0 of CONTROL; without it the halves of a word are exchanged
const TEST_PATTERN = 0xfeedbead;
const F2_PACKET_AVAILABLE = 1 << 5; // INTERRUPT
const F2_RECEIVE_READY = 1 << 5; // STATUS
const PACKET_AVAILABLE = 1 << 8;
const LENGTH_SHIFT = 9;

export class Bus {
  /** *backplane* is function 1, *link* function 2; *wake*(level) drives the host-wake line. */
  constructor(backplane, link, wake) {
    this.backplane = backplane;
    this.link = link;
    this.wake = wake;
    this.selected = false; // the data line is the host-wake line only while the chip is not
    this.registers = new Uint8Array(REGISTER_BYTES);
    this.view = view(this.registers);
    this.view.setUint32(TEST, TEST_PATTERN, true);
    link.onQueued = () => this.#packetAvailable();
  }

  /** The chip-select line changes. */
  select(selected) {
    this.selected = selected;
    this.#updateWake();
  }

  /** Execute the command in *words*; return *answerWords* words. */
  transact(words, answerWords) {
    const littleWords = (this.registers[CONTROL] & LITTLE_WORDS) !== 0;
    const bytes = toBytes(words, littleWords);
    const command = wordAt(bytes);
    const target = (command >>> 28) & 3;
    const address = (command >>> 11) & 0x1ffff;
    const size = command & 0x7ff;
    if (command >>> 31) {
      this.#write(target, address, bytes.subarray(4, 4 + size));
      return new Uint32Array(answerWords);
    }
    const padding = target === BACKPLANE ? this.registers[READ_PADDING] : 0;
    const answer = new Uint8Array(4 * answerWords);
    const data = this.#read(target, address, size);
    answer.set(data.subarray(0, Math.max(0, answer.length - padding)), Math.min(padding, answer.length));
    return toWords(answer, littleWords);
  }

  #write(target, address, data) {
    if (target === BACKPLANE) this.backplane.write(address, data);
    else if (target === WLAN) this.link.receive(data);
    else if (target === BUS) data.forEach((byte, i) => this.#writeRegister(address + i, byte));
  }

  #read(target, address, size) {
    if (target === BACKPLANE) return this.backplane.read(address, size);
    if (target === WLAN) return this.#readFrame();
    this.view.setUint32(STATUS, this.#status(), true);
    return this.registers.slice(address, address + size);
  }

  /** Registers beyond the file exist on other chips only; the driver writes one of them. */
  #writeRegister(address, byte) {
    if (address === INTERRUPT || address === INTERRUPT + 1) {
      this.registers[address] &= ~byte;
      this.#updateWake();
    } else if (address < TEST || address >= READ_PADDING) {
      if (address < REGISTER_BYTES) this.registers[address] = byte;
    }
  }

  /** While more frames wait, the interrupt comes again: the driver may stop reading after one. */
  #readFrame() {
    const frame = this.link.next();
    if (this.link.nextLength > 0) this.#packetAvailable();
    return frame;
  }

  #status() {
    const { nextLength } = this.link;
    const ready = this.backplane.running ? F2_RECEIVE_READY : 0;
    return nextLength > 0 ? ready | PACKET_AVAILABLE | (nextLength << LENGTH_SHIFT) : ready;
  }

  #packetAvailable() {
    this.registers[INTERRUPT] |= F2_PACKET_AVAILABLE;
    this.#updateWake();
  }

  #updateWake() {
    if (this.selected) return;
    const pending = this.view.getUint16(INTERRUPT, true) & this.view.getUint16(INTERRUPT_ENABLE, true);
    this.wake(pending !== 0);
  }
}

/** Exchange the bytes within each half of *word*, which is what two exchanged halves are in wire order. */
const crossed = (word) => (((word & 0x00ff00ff) << 8) | ((word >>> 8) & 0x00ff00ff)) >>> 0;

function toBytes(words, littleWords) {
  const bytes = new Uint8Array(4 * words.length);
  const data = view(bytes);
  words.forEach((word, i) => data.setUint32(4 * i, littleWords ? word : crossed(word)));
  return bytes;
}

function toWords(bytes, littleWords) {
  const data = view(bytes);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => {
    const word = data.getUint32(4 * i);
    return littleWords ? word : crossed(word);
  });
}
