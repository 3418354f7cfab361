/** The boot ROM's start sequence and its flash functions (RP2040 datasheet, sections 2.8.1 and 2.8.3.1.3). */
const BOOT2_BYTES = 256;
const BOOT2_RAM = 0x20041f00; // the end of SRAM, where the real ROM puts the second boot stage
const STACK_TOP = BOOT2_RAM;
const CRC_POLYNOMIAL = 0x04c11db7;
const FLASH_CALL_CYCLES = 100; // without what the flash chip takes
// A page passes the SSI bit by bit, with command and address, at clk_sys / 6, as the ROM sets it (its source,
// program_flash_generic.c).
const PAGE_BYTES = 256;
const PAGE_CYCLES = (PAGE_BYTES + 4) * 8 * 6;
const RESET_CYCLES = 1000;
const LR_INTO_FLASH = 0;
const SP = 13;
const LR = 14;
const PC = 15;

/** The board stops here for good: thrown for what a real board can only show by not starting. */
export class BoardStopped extends Error {}

/** Check the second boot stage as the ROM does, copy it to RAM and go there. */
function reset({ core, memory }) {
  const boot2 = memory.flash.subarray(0, BOOT2_BYTES);
  const stored = Buffer.from(boot2.subarray(BOOT2_BYTES - 4)).readUInt32LE();
  if (crc32(boot2.subarray(0, BOOT2_BYTES - 4)) !== stored) {
    throw new BoardStopped('the flash holds no firmware that starts: the second boot stage fails its checksum');
  }
  memory.bytes(BOOT2_RAM, BOOT2_BYTES).set(boot2);
  core.registers[SP] = STACK_TOP;
  core.registers[LR] = LR_INTO_FLASH;
  core.registers[PC] = BOOT2_RAM;
  return RESET_CYCLES;
}

/** CRC-32/MPEG-2, the checksum of the second boot stage. */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1;
  }
  return crc >>> 0;
}

function fault({ core }) {
  throw new BoardStopped(`a fault in the boot ROM, called from 0x${core.registers[LR].toString(16)}`);
}

function bootsel() {
  throw new BoardStopped('the firmware went to the USB boot loader (BOOTSEL), which the virtual board does not have');
}

function secondCore() {
  throw new BoardStopped('the firmware parked a core in the boot ROM; the virtual board has one core');
}

const serialMode = ({ ssi }) => (ssi.reset(), FLASH_CALL_CYCLES);

function flushCache({ ssi, xip }) {
  ssi.reset();
  xip.flush();
  return FLASH_CALL_CYCLES;
}

/** The ROM waits for the flash chip: nothing else is executed meanwhile. */
function waitFor({ clock, flashTiming }, ms) {
  if (flashTiming) clock.pass(ms * 1e6);
}

/** flash_range_erase(offset, count, block size, block command): the SDK names 64 KB and D8h. */
function rangeErase(chip) {
  const [offset, count] = chip.core.registers;
  waitFor(chip, chip.flash.erase(offset, count));
  return FLASH_CALL_CYCLES;
}

function rangeProgram(chip) {
  const { core, flash, memory } = chip;
  const [offset, data, count] = core.registers;
  const source = memory.bytes(data, count) ?? Uint8Array.from({ length: count }, (_, i) => memory.readUint8(data + i));
  waitFor(chip, flash.program(offset, source));
  return FLASH_CALL_CYCLES + (chip.flashTiming ? (PAGE_CYCLES * count) / PAGE_BYTES : 0);
}

/** What the vector table leads to. */
export const startUp = { reset: { name: 'reset', call: reset }, fault: { name: 'fault', call: fault } };

export const bootFunctions = {
  IF: { name: 'connect_internal_flash', call: serialMode },
  EX: { name: 'flash_exit_xip', call: serialMode },
  RE: { name: 'flash_range_erase', call: rangeErase },
  RP: { name: 'flash_range_program', call: rangeProgram },
  FC: { name: 'flash_flush_cache', call: flushCache },
  CX: { name: 'flash_enter_cmd_xip', call: serialMode },
  UB: { name: 'reset_usb_boot', call: bootsel },
  WV: { name: 'wait_for_vector', call: secondCore },
  DT: { name: 'debug_trampoline', call: fault },
  DE: { name: 'debug_trampoline_end', call: fault },
};
