/**
 * The serial interface to the flash chip (SSI, and the QSPI pads' chip select), as far as software uses it directly:
 * the second boot stage reads status registers, `flash_do_cmd` reads the unique id. XIP reads do not pass here; what
 * they take follows from the registers that the second boot stage leaves.
 */
import { Registers } from './registers.mjs';

const CTRLR0 = 0x00;
const SSIENR = 0x08;
const BAUDR = 0x14;
const SR = 0x28;
const SR_IDLE = 0x06; // transmit FIFO empty and not full
const SR_RFNE = 0x08;
const DR0 = 0x60;
const SPI_CTRLR0 = 0xf4;
const WORD_BITS = 32;
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
    this.wordCycles = 0;
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
    if (offset === SSIENR) this.wordCycles = this.#wordCycles();
  }

  /**
   * The clk_sys cycles that reading a word takes (RP2040 datasheet, section 4.10: CTRLR0, SPI_CTRLR0, BAUDR).
   *
   * On a Pico W the SDK's boot2_w25q080 leaves quad I/O continuous read, EBh, at clk_sys / 2: no instruction, 32 bits
   * of address and mode in 8 clocks, 4 clocks to wait, 32 bits of data in 8; so 20 clocks, 40 cycles. What the
   * controller needs besides, to begin and to end, is not documented and not counted.
   */
  #wordCycles() {
    const [control, format] = [super.readUint32(CTRLR0), super.readUint32(SPI_CTRLR0)];
    const lanes = 1 << ((control >>> 21) & 3); // of the data: SPI_FRF
    const wide = format & 3; // TRANS_TYPE: what else goes over all lanes, from the end: 0 nothing, 1 the address, 2 all
    const instructionBits = [0, 4, 8, 16][(format >>> 8) & 3];
    const addressBits = 4 * ((format >>> 2) & 15);
    const waitClocks = (format >>> 11) & 31;
    const clocks = instructionBits / (wide > 1 ? lanes : 1) + addressBits / (wide > 0 ? lanes : 1) + waitClocks;
    return (clocks + WORD_BITS / lanes) * super.readUint32(BAUDR);
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
