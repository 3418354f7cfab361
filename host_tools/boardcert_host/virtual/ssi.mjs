/**
 * The serial interface to the flash chip (SSI, and the QSPI pads' chip select), as far as software uses it directly:
 * the second boot stage reads status registers, `flash_do_cmd` reads the unique id. XIP reads do not pass here.
 */
import { Registers } from './registers.mjs';

const SSIENR = 0x08;
const SR = 0x28;
const SR_IDLE = 0x06; // transmit FIFO empty and not full
const SR_RFNE = 0x08;
const DR0 = 0x60;
const SSI_VERSION = { 0x58: 0x51535049, 0x5c: 0x3430312a };

const QSPI_SS_CTRL = 0x0c;
const OUTOVER_SHIFT = 8;
const OUTOVER_LOW = 2;

const READ_UNIQUE_ID = 0x4b;
const READ_JEDEC_ID = 0x9f;
const READ_STATUS_2 = 0x35;
const QUAD_ENABLED = 0x02;
const JEDEC_ID = [0xef, 0x40, 0x15]; // Winbond, 16 Mbit

export class SSI extends Registers {
  /** *uniqueId*: the 8 bytes that the chip answers to command 4Bh. */
  constructor(mcu, uniqueId) {
    super(mcu, 'SSI', SSI_VERSION);
    this.answers = new Map([
      [READ_UNIQUE_ID, [0, 0, 0, 0, 0, ...uniqueId]], // the command byte, four dummy bytes, the id
      [READ_JEDEC_ID, [0, ...JEDEC_ID]],
      [READ_STATUS_2, [0, QUAD_ENABLED]],
    ]);
    this.selectedByForce = false;
    this.reset();
  }

  reset() {
    this.received = [];
    this.deselect();
  }

  deselect() {
    this.command = null;
    this.position = 0;
  }

  readUint32(offset) {
    if (offset === DR0) return this.received.shift() ?? 0;
    if (offset !== SR) return super.readUint32(offset);
    // Without a forced chip select the controller raises it when its FIFO runs empty, which polling waits for.
    if (!this.selectedByForce) this.deselect();
    return SR_IDLE | (this.received.length ? SR_RFNE : 0);
  }

  writeUint32(offset, value) {
    if (offset === DR0) this.#transfer(value & 0xff);
    else if (offset === SSIENR) this.reset();
    super.writeUint32(offset, value);
  }

  #transfer(byte) {
    if (this.position === 0) this.command = byte;
    this.received.push(this.answers.get(this.command)?.[this.position] ?? 0);
    this.position++;
  }
}

/** The QSPI pads' control registers: software forces the flash's chip select through them. */
export class QSPIPads extends Registers {
  constructor(mcu, ssi) {
    super(mcu, 'IO_QSPI_BASE');
    this.ssi = ssi;
  }

  writeUint32(offset, value) {
    super.writeUint32(offset, value);
    if (offset !== QSPI_SS_CTRL) return;
    this.ssi.selectedByForce = ((value >>> OUTOVER_SHIFT) & 3) === OUTOVER_LOW;
    this.ssi.deselect();
  }
}
