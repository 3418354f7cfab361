/** One RP2040 between two resets: rp2040js's chip, with the parts that it lacks added. */
import { Clock } from './clock.mjs';
import { Core } from './core.mjs';
import { divideInto } from './divider.mjs';
import { Modem } from './modem.mjs';
import { runInSimulatedTime } from './pio.mjs';
import { Radio } from './radio/radio.mjs';
import { Registers } from './registers.mjs';
import { RESET_UART0, RESET_UART1, RESET_USBCTRL, Resets } from './resets.mjs';
import { ROM } from './rom.mjs';
import { RP2040 } from './rp2040js.mjs';
import { RingOscillator } from './rosc.mjs';
import { QSPIPads, SSI } from './ssi.mjs';
import { OPEN_LINE, UART, UART1 } from './uart.mjs';
import { USBSerial } from './usb.mjs';
import { XIPCache, XIPControl } from './xip.mjs';

const BLOCK = {
  XIP_CTRL: 0x14000,
  SSI: 0x18000,
  RESETS: 0x4000c,
  IO_BANK0: 0x40014,
  IO_QSPI: 0x40018,
  UART0: 0x40034,
  UART1: 0x40038,
  WATCHDOG: 0x40058,
  ROSC: 0x40060,
  VREG: 0x40064,
};
const CHIP_RESET = 0x08;
const HAD_POWER_ON = 1 << 8;

/** Messages of rp2040js about registers that it does not model: recorded, not printed. */
class Logger {
  constructor() {
    this.notes = new Map();
  }

  note(component, message) {
    const text = `${component}: ${message}`;
    this.notes.set(text, (this.notes.get(text) ?? 0) + 1);
  }

  debug() {}

  info() {}

  warn(component, message) {
    this.note(component, message);
  }

  error(component, message) {
    this.note(component, message);
  }
}

export class Chip {
  /**
   * *board*: {memory, flash, uniqueId, nextBit, usbLine, uartLine, mac, air, stack, onReady, onReset, flashTiming,
 * flashCache}: the last two are whether erasing and programming, and cache misses, take time.
   */
  constructor(board) {
    this.memory = board.memory;
    this.flash = board.flash;
    this.clock = new Clock();
    const mcu = new RP2040(this.clock);
    this.mcu = mcu;
    mcu.logger = new Logger();
    board.memory.attach(mcu);
    this.core = mcu.core = new Core(mcu, board.memory);
    this.core.stack = board.stack;
    this.clock.attach(this.core);
    mcu.addClockListener((hertz) => this.clock.setFrequency(hertz));
    divideInto(mcu.sio);
    for (const pio of mcu.pio) runInSimulatedTime(pio, this.clock);
    this.radio = new Radio(mcu, this.clock, { mac: board.mac, air: board.air });
    this.ssi = new SSI(mcu, board.uniqueId);
    this.flashTiming = board.flashTiming;
    this.core.cache = board.flashCache ? new XIPCache(this.ssi) : null;
    this.xip = new XIPControl(mcu, this.core.cache);
    this.rom = new ROM(this);
    this.core.onTrap = (number) => this.rom.call(number);
    this.modem = new Modem(mcu, board.uartLine);
    this.uart1 = new UART(mcu, UART1, OPEN_LINE);
    this.usb = new USBSerial(mcu.usbCtrl, board.usbLine, board.onReady);
    this.watchdog = mcu.peripherals[BLOCK.WATCHDOG];
    this.watchdog.onWatchdogTrigger = board.onReset;
    this.#place(mcu, board);
    this.#watchPins(mcu.peripherals[BLOCK.IO_BANK0]);
    this.core.reset();
  }

  #place(mcu, board) {
    mcu.uart = [this.modem.uart, this.uart1];
    Object.assign(mcu.peripherals, {
      [BLOCK.XIP_CTRL]: this.xip,
      [BLOCK.RESETS]: new Resets(mcu, {
        [RESET_USBCTRL]: () => this.usb.reset(),
        [RESET_UART0]: () => this.modem.uart.reset(),
        [RESET_UART1]: () => this.uart1.reset(),
      }),
      [BLOCK.SSI]: this.ssi,
      [BLOCK.IO_QSPI]: new QSPIPads(mcu, this.ssi),
      [BLOCK.UART0]: this.modem.uart,
      [BLOCK.UART1]: this.uart1,
      [BLOCK.ROSC]: new RingOscillator(mcu, () => board.nextBit()),
      [BLOCK.VREG]: new Registers(mcu, 'VREG_AND_CHIP_RESET_BASE', { [CHIP_RESET]: HAD_POWER_ON }),
    });
  }

 /** Receiving starts when the pin is assigned to the UART, which is done last. */
  #watchPins(pins) {
    const write = pins.writeUint32.bind(pins);
    pins.writeUint32 = (offset, value) => {
      write(offset, value);
      this.modem.uart.feed();
    };
  }

  /** Keep what a watchdog reset keeps: the scratch registers and the reason. SRAM stays where it is. */
  inherit(previous) {
    this.watchdog.scratchData.set(previous.watchdog.scratchData);
    this.watchdog.reason = previous.watchdog.reason;
  }
}
