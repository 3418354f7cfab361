/**
 * UART0's far end: a TCP client, with two modem lines on pins of the board. DTR (GP3, an output of the board) is low,
 * or not driven, while the board is ready for a client; one that comes earlier waits. DCD (GP2, an input of the board)
 * is low while a client is connected. When DTR goes from low to high, the connection is closed. When the client ends
 * it, a board that drives DTR has to raise it before the next one is connected: it cannot take two calls for one.
 */
import { GPIOPinState } from './rp2040js.mjs';
import { UART, UART0 } from './uart.mjs';

const PIN_DCD = 2;
const PIN_DTR = 3;

export class Modem {
  constructor(mcu, line) {
    this.dcd = mcu.gpio[PIN_DCD];
    this.dtr = mcu.gpio[PIN_DTR];
    this.line = line;
    this.carrier = false;
    this.hangingUp = false;
    this.ended = false; // by the client, and the board has not raised DTR since
    this.uart = new UART(mcu, UART0, this);
    this.uart.onIdle = () => this.#hangUpWhenSent();
    this.dtr.addListener((now, before) => this.#readyChanged(now, before));
    this.update();
  }

  /** See whether there is a client that the board is ready for. */
  update() {
    if (this.carrier && !this.line.connected) this.ended = this.dtr.value === GPIOPinState.Low;
    const ready = this.dtr.value !== GPIOPinState.High && !this.hangingUp && !this.ended;
    this.carrier = ready && this.line.connected;
    this.dcd.setInputValue(!this.carrier);
    if (this.carrier) this.uart.feed();
  }

  get available() {
    return this.carrier ? this.line.available : 0;
  }

  take(limit) {
    return this.line.take(limit);
  }

  write(bytes) {
    this.line.write(bytes);
  }

  #readyChanged(now, before) {
    if (this.carrier && before === GPIOPinState.Low && now === GPIOPinState.High) this.hangingUp = true;
    if (now === GPIOPinState.High) this.ended = false;
    this.#hangUpWhenSent();
    this.update();
  }

  /** Bytes that the board had handed to its UART before it hung up are still sent. */
  #hangUpWhenSent() {
    if (!this.hangingUp || this.uart.busy) return;
    this.hangingUp = false;
    this.line.hangUp();
    this.update();
  }
}
