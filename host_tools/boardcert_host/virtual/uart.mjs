/**
 * A UART as a PL011 (ARM DDI 0183): 32-byte FIFOs paced by the baud rate, transmit, receive and receive-timeout
 * interrupts. It replaces rp2040js's model, which sends at once and keeps its transmit interrupt raised for ever.
 * The receiving side has ideal flow control: a byte arrives only when the FIFO has room, so none is lost.
 */
import { BasePeripheral } from './rp2040js.mjs';

const DR = 0x00;
const FR = 0x18;
const IBRD = 0x24;
const FBRD = 0x28;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const PERIPHERAL_ID = {
  0xfe0: 0x11, 0xfe4: 0x10, 0xfe8: 0x34, 0xfec: 0x00, 0xff0: 0x0d, 0xff4: 0xf0, 0xff8: 0x05, 0xffc: 0xb1,
};

const FR_TXFE = 1 << 7;
const FR_RXFF = 1 << 6;
const FR_TXFF = 1 << 5;
const FR_RXFE = 1 << 4;
const FR_BUSY = 1 << 3;
const LCR_FEN = 1 << 4;
const LCR_WLEN_SHIFT = 5;
const LCR_STP2 = 1 << 3;
const LCR_PEN = 1 << 1;
const CR_RXE = 1 << 9;
const CR_TXE = 1 << 8;
const CR_UARTEN = 1 << 0;
const INT_RX = 1 << 4;
const INT_TX = 1 << 5;
const INT_RT = 1 << 6;

const FUNCTION_UART = 2;
const FIFO_BYTES = 32;
const LEVELS = [4, 8, 16, 24, 28]; // 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO
const TIMEOUT_BITS = 32;

/** The two UARTs: interrupt, and the pins on which the virtual board has their wires. */
export const UART0 = { name: 'UART0', irq: 20, txPin: 0, rxPin: 1 };
export const UART1 = { name: 'UART1', irq: 21, txPin: 4, rxPin: 5 };

/** The far end of a UART that is not connected to anything. */
export const OPEN_LINE = { available: 0, take: () => Buffer.alloc(0), write: () => {} };

export class UART extends BasePeripheral {
  /** *unit*: UART0 or UART1; *line*: {available, take(limit), write(bytes)}, the far end of the wire. */
  constructor(mcu, unit, line) {
    super(mcu, unit.name);
    this.unit = unit;
    this.line = line;
    this.onIdle = () => {};
    this.sentAlarm = mcu.clock.createAlarm(() => this.#sent());
    this.receiveAlarm = mcu.clock.createAlarm(() => this.#receive());
    this.timeoutAlarm = mcu.clock.createAlarm(() => this.#raise(INT_RT));
    this.reset();
  }

  reset() {
    this.registers = new Map([[CR, CR_RXE | CR_TXE], [IFLS, 0x12]]);
    this.transmitFIFO = [];
    this.receiveFIFO = [];
    this.sending = false;
    this.raw = 0;
    for (const alarm of [this.sentAlarm, this.receiveAlarm, this.timeoutAlarm]) alarm.cancel();
  }

  /** Called by rp2040js when clk_peri changes; the bit time is computed when it is needed. */
  clkPeriChanged() {}

  /** True while a byte is being sent or waits to be. */
  get busy() {
    return this.sending;
  }

  /** Start receiving if there is something on the wire and the UART listens. */
  feed() {
    if (this.receiveAlarm.scheduled || !this.#listens || this.receiveFIFO.length >= this.#depth) return;
    this.receiveAlarm.schedule(this.#characterNanos);
  }

  readUint32(offset) {
    switch (offset) {
      case DR: return this.#read();
      case FR: return this.#flags;
      case RIS: return this.raw;
      case MIS: return this.raw & this.#register(IMSC);
      default: return PERIPHERAL_ID[offset] ?? this.#register(offset);
    }
  }

  writeUint32(offset, value) {
    if (offset === DR) {
      this.#send(value & 0xff);
      return;
    }
    if (offset === ICR) {
      this.raw &= ~this.rawWriteValue;
      this.#update();
      return;
    }
    this.registers.set(offset, value & 0xffff);
    if (offset === IMSC) this.#update();
    if (offset !== CR && offset !== LCR_H) return;
    if (!this.sending) this.#shiftOut();
    this.feed();
  }

  #register(offset) {
    return this.registers.get(offset) ?? 0;
  }

  #on(direction) {
    const needed = CR_UARTEN | direction;
    return (this.#register(CR) & needed) === needed && this.#register(IBRD) > 0;
  }

  /** A pin that has another function at the moment is not connected to the UART. */
  #connected(pin) {
    return this.rp2040.gpio[pin].functionSelect === FUNCTION_UART;
  }

  get #listens() {
    return this.line.available > 0 && this.#on(CR_RXE) && this.#connected(this.unit.rxPin);
  }

  get #depth() {
    return this.#register(LCR_H) & LCR_FEN ? FIFO_BYTES : 1;
  }

  get #bitNanos() {
    const divisor = this.#register(IBRD) + (this.#register(FBRD) & 0x3f) / 64;
    return (16 * divisor * 1e9) / this.rp2040.clkPeri;
  }

  get #characterNanos() {
    const control = this.#register(LCR_H);
    const data = 5 + ((control >> LCR_WLEN_SHIFT) & 3);
    return (1 + data + (control & LCR_PEN ? 1 : 0) + (control & LCR_STP2 ? 2 : 1)) * this.#bitNanos;
  }

  get #flags() {
    const { transmitFIFO, receiveFIFO } = this;
    return (transmitFIFO.length ? 0 : FR_TXFE) | (receiveFIFO.length >= this.#depth ? FR_RXFF : 0) |
      (transmitFIFO.length >= this.#depth ? FR_TXFF : 0) | (receiveFIFO.length ? 0 : FR_RXFE) |
      (this.sending ? FR_BUSY : 0);
  }

  #level(shift) {
    return this.#depth === 1 ? 1 : LEVELS[(this.#register(IFLS) >> shift) & 7] ?? 16;
  }

  #send(byte) {
    if (this.transmitFIFO.length < this.#depth) this.transmitFIFO.push(byte);
    if (!this.sending) this.#shiftOut();
  }

  #shiftOut() {
    this.sending = this.transmitFIFO.length > 0 && this.#on(CR_TXE);
    if (!this.sending) return;
    this.shifting = this.transmitFIFO.shift();
    this.sentAlarm.schedule(this.#characterNanos);
    // The interrupt marks the passing of the level, not being below it.
    const level = this.#depth === 1 ? 0 : this.#level(0);
    if (this.transmitFIFO.length === level) this.#raise(INT_TX);
  }

  #sent() {
    if (this.#connected(this.unit.txPin)) this.line.write(Buffer.of(this.shifting));
    this.#shiftOut();
    if (!this.sending) this.onIdle();
  }

  #receive() {
    if (!this.#listens) return;
    this.receiveFIFO.push(this.line.take(1)[0]);
    this.timeoutAlarm.schedule(TIMEOUT_BITS * this.#bitNanos);
    if (this.receiveFIFO.length === this.#level(3)) this.#raise(INT_RX);
    this.feed();
  }

  #read() {
    const byte = this.receiveFIFO.shift() ?? 0;
    if (this.receiveFIFO.length < this.#level(3)) this.raw &= ~INT_RX;
    if (!this.receiveFIFO.length) {
      this.raw &= ~INT_RT;
      this.timeoutAlarm.cancel();
    }
    this.#update();
    this.feed();
    return byte;
  }

  #raise(interrupt) {
    this.raw |= interrupt;
    this.#update();
  }

  #update() {
    this.rp2040.setInterrupt(this.unit.irq, (this.raw & this.#register(IMSC)) !== 0);
  }
}
