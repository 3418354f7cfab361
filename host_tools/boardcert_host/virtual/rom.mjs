/**
 * A boot ROM of our own: the header and tables that pico-sdk looks up (RP2040 datasheet, section 2.8), with every
 * entry a trap, `BKPT n; BX LR`, that JavaScript answers. No third-party ROM code is involved.
 */
import { ROM_BYTES } from './memory.mjs';
import { bootFunctions } from './rom_boot.mjs';
import { bitFunctions, doubleTable, floatTable, memoryFunctions, ROM_VERSION, TABLE_ENTRIES } from './rom_math.mjs';

const STACK_TOP = 0x20042000;
const MAGIC = [0x4d, 0x75, 0x01]; // "Mu", table format 1
const VECTORS = 0x00;
const HEADER = 0x10;
const CODE_START = 0x100;
const TABLES_START = 0x800;
const BX_LR = 0x4770;
const BKPT = 0xbe00;
const TRAP_BYTES = 4;
const COPYRIGHT = 'boardcert virtual board';

/** A ROM function that was asked for and does not exist. */
export class UnknownROMFunction extends Error {}

/** The typical cycles of the real ROM's arithmetic (RP2040 datasheet, section 2.8.3.2: 50 to 100 for floats). */
const ARITHMETIC_CYCLES = 70;

/** Wrap functions of the registers alone. Comparisons leave the flags too. */
function onRegisters(functions) {
  return mapValues(functions, ({ call }) => ({ core }) => {
    const { registers } = core;
    registers.flags = null;
    call(registers);
    if (registers.flags) core.setFlags(registers.flags);
    return ARITHMETIC_CYCLES;
  });
}

function onMemory(functions) {
  return mapValues(functions, ({ call, cycles }) => ({ core, memory }) => {
    const taken = cycles(core.registers);
    call(core.registers, memory);
    return taken;
  });
}

function mapValues(functions, wrap) {
  return Object.fromEntries(Object.entries(functions).map(([key, entry]) => [key, { name: entry.name, call: wrap(entry) }]));
}

export class ROM {
  /** *memory*: a Memory; *chip*: what the functions act on ({core, flash, ssi, memory, mcu}). */
  constructor(memory, chip) {
    this.chip = chip;
    this.image = memory.rom;
    this.view = new DataView(memory.rom.buffer, 0, ROM_BYTES);
    this.traps = [];
    this.#build();
  }

  /** Answer the trap *number*. The core continues at the BX LR behind it unless the function has moved the PC. */
  call(number) {
    const trap = this.traps[number];
    if (!trap) throw new UnknownROMFunction(`no boot ROM function has the trap number ${number}`);
    this.chip.core.cycles += trap.call(this.chip) ?? 0;
  }

  #build() {
    this.image.fill(0);
    const functions = { ...onRegisters(bitFunctions), ...onMemory(memoryFunctions), ...bootFunctions };
    const reset = this.#trap('reset', functions._reset.call);
    const fault = this.#trap('fault', functions._fault.call);
    const lookup = this.#trap('lookup', (chip) => this.#lookup(chip.core.registers));
    const codes = Object.entries(functions).filter(([code]) => !code.startsWith('_'));
    const functionEntries = codes.map(([code, { name, call }]) => [code, this.#trap(name, call)]);
    const [floats, doubles] = [floatTable, doubleTable].map((table) =>
      Object.values(onRegisters(table)).map(({ name, call }) => this.#trap(name, call)));
    const tables = this.#tables(functionEntries, floats, doubles);
    [STACK_TOP, reset, fault, fault].forEach((word, i) => this.view.setUint32(VECTORS + 4 * i, word, true));
    this.image.set([...MAGIC, ROM_VERSION], HEADER);
    [tables.functions, tables.data, lookup].forEach((half, i) => this.view.setUint16(HEADER + 4 + 2 * i, half, true));
  }

  /** Lay down the next trap and return its address with the Thumb bit. */
  #trap(name, call) {
    const address = CODE_START + TRAP_BYTES * this.traps.length;
    this.view.setUint16(address, BKPT | this.traps.length, true);
    this.view.setUint16(address + 2, BX_LR, true);
    this.traps.push({ name, call });
    return address | 1;
  }

  /** Write the data, then the two look-up tables (code, address pairs that end in a zero). */
  #tables(functionEntries, floats, doubles) {
    let at = TABLES_START;
    const words = (values) => {
      const start = at;
      for (const value of values) at += (this.view.setUint32(at, value, true), 4);
      return start;
    };
    const version = words([ROM_VERSION]);
    const copyright = words([...COPYRIGHT.padEnd(24, '\0').matchAll(/.{4}/gs)].map(([s]) => Buffer.from(s).readUInt32LE()));
    const size = words([TABLE_ENTRIES << 16]); // the SDK reads the byte two before the table
    const floatWords = words(floats);
    const doubleWords = words(doubles);
    const table = (entries) => {
      const start = at;
      for (const [code, address] of entries) {
        this.image.set(Buffer.from(code), at);
        this.view.setUint16(at + 2, address, true);
        at += 4;
      }
      at += 4;
      return start;
    };
    const data = { GR: version, CR: copyright, SF: floatWords, SD: doubleWords, FZ: size + 2 };
    return { functions: table(functionEntries), data: table(Object.entries(data)) };
  }

  /** rom_table_lookup(table, code): a name that is not there stops the board, and says which. */
  #lookup(registers) {
    const [table, code] = registers;
    for (let at = table; this.view.getUint16(at, true); at += 4) {
      if (this.view.getUint16(at, true) === code) {
        registers[0] = this.view.getUint16(at + 2, true);
        return 20;
      }
    }
    const name = String.fromCharCode(code & 0xff, (code >> 8) & 0xff);
    throw new UnknownROMFunction(`the firmware asks for the boot ROM function "${name}", which is unknown`);
  }
}
