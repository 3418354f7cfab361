/**
 * The address space that holds code and data, as one buffer: boot ROM (0x00000000), flash (0x10000000) and SRAM
 * (0x20000000) lie 16 MiB apart in it, so that an address becomes an index without a branch. The views are shared
 * with the RP2040 object, whose own methods serve everything else (peripherals, the XIP aliases).
 */
import { FLASH_BYTES } from './flash.mjs';

const REGION_BYTES = 1 << 24;
export const ROM_BYTES = 16 * 1024;
export const SRAM_BYTES = 264 * 1024;
const BUFFER_BYTES = 2 * REGION_BYTES + SRAM_BYTES;

/** The bit that distinguishes an address in flash from others of the buffer, and which words of the flash there are. */
export const FLASH = 0x10000000;
export const FLASH_WORD_MASK = FLASH_BYTES / 4 - 1;

/** Addresses with any of these bits lie outside the buffer. */
export const OUTSIDE = 0xcf000000 | 0;

/** The index of *address* in the buffer. */
export function index(address) {
  return ((address >>> 4) & 0x03000000) | (address & 0x00ffffff);
}

export class Memory {
  constructor() {
    const buffer = new ArrayBuffer(BUFFER_BYTES);
    this.all = new Uint8Array(buffer);
    this.mcu = null;
    this.rom = new Uint8Array(buffer, 0, ROM_BYTES);
    this.flash = new Uint8Array(buffer, REGION_BYTES, FLASH_BYTES);
    this.sram = new Uint8Array(buffer, 2 * REGION_BYTES, SRAM_BYTES);
  }

  /** Make *mcu*, an RP2040 of rp2040js, use these arrays. */
  attach(mcu) {
    const { buffer } = this.all;
    this.mcu = mcu;
    mcu.bootrom = new Uint32Array(buffer, 0, ROM_BYTES / 4);
    mcu.flash = this.flash;
    mcu.flash16 = new Uint16Array(buffer, REGION_BYTES, FLASH_BYTES / 2);
    mcu.flashView = new DataView(buffer, REGION_BYTES, FLASH_BYTES);
    mcu.sram = this.sram;
    mcu.sramView = new DataView(buffer, 2 * REGION_BYTES, SRAM_BYTES);
  }

  /** The *count* bytes at *address* when all of them are in ROM, flash or SRAM, else null. */
  bytes(address, count) {
    const start = index(address);
    return address & OUTSIDE || start + count > BUFFER_BYTES ? null : this.all.subarray(start, start + count);
  }

  readUint8(address) {
    return this.mcu.readUint8(address);
  }

  writeUint8(address, value) {
    this.mcu.writeUint8(address, value);
  }
}
