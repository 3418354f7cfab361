/**
 * A boot ROM of our own: the header and tables that pico-sdk looks up (RP2040 datasheet, section 2.8), with every
 * entry a trap, `BKPT n; BX LR`, that JavaScript answers. No third-party ROM code is involved.
 */
import { bootFunctions, startUp } from './rom_boot.mjs';
import { bitFunctions, doubleTable, floatTable, memoryFunctions, ROM_VERSION, TABLE_ENTRIES } from './rom_math.mjs';
import { ROMWriter } from './rom_writer.mjs';

const STACK_TOP = 0x20042000;
const MAGIC = [0x4d, 0x75, 0x01]; // "Mu", table format 1
const HEADER = 0x10;
const TRAPS = 0x100;
const TABLES = 0x800;
const COPYRIGHT = 'boardcert virtual board\0';

/** What the real ROM takes for its usual arguments, roughly (RP2040 datasheet, section 2.8.3). */
const BIT_CYCLES = 20;
const FLOAT_CYCLES = 70;
const DOUBLE_CYCLES = 150;
const LOOKUP_CYCLES_PER_ENTRY = 10;

/** A ROM function that was asked for and does not exist. */
export class UnknownROMFunction extends Error {}

export class ROM {
  /** *chip*: what the functions act on: {core, flash, ssi, memory}. */
  constructor(chip) {
    this.chip = chip;
    this.traps = [];
    const writer = new ROMWriter(chip.memory.rom, TRAPS);
    this.view = writer.view;
    const place = ({ name, call }) => {
      this.traps.push({ name, call });
      return writer.trap(this.traps.length - 1);
    };
    const vectors = [startUp.reset, startUp.fault, startUp.fault].map(place);
    const lookup = place({ name: 'table_lookup', call: ({ core }) => this.#lookup(core.registers) });
    const functions = [
      ...Object.entries(bitFunctions).map(([code, entry]) => [code, place(onRegisters(entry, BIT_CYCLES))]),
      ...Object.entries(memoryFunctions).map(([code, entry]) => [code, place(onMemory(entry))]),
      ...Object.entries(bootFunctions).map(([code, entry]) => [code, place(entry)]),
    ];
    const floats = floatTable.map((entry) => place(onRegisters(entry, FLOAT_CYCLES)));
    const doubles = doubleTable.map((entry) => place(onRegisters(entry, DOUBLE_CYCLES)));
    writer.at = TABLES;
    const data = this.#data(writer, floats, doubles);
    const [functionTable, dataTable] = [writer.table(functions), writer.table(data)];
    writer.at = 0;
    writer.words([STACK_TOP, ...vectors]);
    writer.at = HEADER;
    writer.bytes([...MAGIC, ROM_VERSION]);
    writer.halves([functionTable, dataTable, lookup]);
  }

  /** Answer the trap *number*. The core continues at the BX LR behind it unless the function has moved the PC. */
  call(number) {
    const trap = this.traps[number];
    if (!trap) throw new UnknownROMFunction(`the boot ROM has no entry with the number ${number}`);
    const cycles = trap.call(this.chip); // which may let time pass itself
    this.chip.core.cycles += cycles;
  }

  /** Write what the data table points to and return its entries. */
  #data(writer, floats, doubles) {
    const version = writer.words([ROM_VERSION]);
    const copyright = writer.bytes(Buffer.from(COPYRIGHT));
    const size = writer.words([TABLE_ENTRIES << 16]) + 2; // the SDK reads the byte two before the float table
    return Object.entries({
      GR: version, CR: copyright, FZ: size, SF: writer.words(floats), SD: writer.words(doubles),
    });
  }

  /** rom_table_lookup(table, code): a name that is not there stops the board, and says which. */
  #lookup(registers) {
    const [table, code] = registers;
    for (let at = table; this.view.getUint16(at, true); at += 4) {
      if (this.view.getUint16(at, true) === code) {
        registers[0] = this.view.getUint16(at + 2, true);
        return LOOKUP_CYCLES_PER_ENTRY * ((at - table) / 4 + 1);
      }
    }
    const name = String.fromCharCode(code & 0xff, (code >> 8) & 0xff);
    throw new UnknownROMFunction(`the firmware asks for the boot ROM function "${name}", which is unknown`);
  }
}

/** Give a function of the registers alone the form of a trap. Comparisons leave the flags too. */
function onRegisters({ name, call }, cycles) {
  return {
    name,
    call: ({ core }) => {
      const { registers } = core;
      registers.flags = null;
      call(registers);
      if (registers.flags) core.setFlags(registers.flags);
      return cycles;
    },
  };
}

function onMemory({ name, call, cycles, reads }) {
  return {
    name,
    call: ({ core, memory }) => {
      const [, from, length] = core.registers;
      const taken = cycles(core.registers) + (reads && core.cache ? core.cache.read(from, length) : 0);
      call(core.registers, memory);
      return taken;
    },
  };
}
