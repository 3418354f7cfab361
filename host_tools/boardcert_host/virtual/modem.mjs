/**
 * UART0's far end: a TCP client, with two modem lines on pins of the board. DCD (GP2, an input of the board) is low
 * while a client is connected. DTR (GP3, an output of the board) is low when the board is ready to talk; when the
 * board drives it high, the connection is closed.
 */
import { GPIOPinState } from './rp2040js.mjs';
import { UART } from './uart.mjs';

const PIN_DCD = 2;
const PIN_DTR = 3;

export class Modem {
  constructor(mcu, line) {
    this.mcu = mcu;
    this.line = line;
    this.uart = new UART(mcu, line);
    this.uart.onIdle = () => this.#hangUpWhenSent();
    this.hangingUp = false;
    mcu.gpio[PIN_DTR].addListener((state) => {
      this.hangingUp = state === GPIOPinState.High;
      this.#hangUpWhenSent();
    });
    this.setCarrier(line.connected);
  }

  setCarrier(present) {
    this.mcu.gpio[PIN_DCD].setInputValue(!present);
    if (present) this.uart.feed();
  }

  /** Bytes that the board had handed to its UART before it hung up are still sent. */
  #hangUpWhenSent() {
    if (!this.hangingUp || this.uart.busy) return;
    this.hangingUp = false;
    if (this.line.connected) {
      this.line.hangUp();
      this.setCarrier(false);
    }
  }
}
