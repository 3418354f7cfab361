/**
 * The board's flash chip (2 MiB NOR, as the W25Q16JV of a Pico): kept in a file, erased by sectors, programmed by
 * pages. Each sector erase and each page program is one operation; power can be cut in the middle of the n-th.
 */
import {
  closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync,
} from 'node:fs';

export const FLASH_BYTES = 2 * 1024 * 1024;
export const SECTOR_BYTES = 4096;
export const PAGE_BYTES = 256;
const BLOCK_BYTES = 64 * 1024;

/** Typical times of a Winbond W25Q16JV, AC electrical characteristics: tSE (4 KB), tBE2 (64 KB), tPP (256 bytes). */
const TYPICAL_MS = { sector: 45, block: 150, page: 0.4 };

/** Thrown out of a flash operation at whose middle the power went. */
export class PowerCut extends Error {}

export class Flash {
  /** *memory*: the Uint8Array that the core reads; *path*: the file, made (erased) when missing. */
  constructor(memory, path) {
    this.memory = memory;
    this.counters = { operations: 0, erases: 0, programs: 0, erased_bytes: 0, programmed_bytes: 0 };
    this.cut = null;
    if (!existsSync(path)) createErased(path);
    const content = readFileSync(path);
    if (content.length !== FLASH_BYTES) throw new Error(`${path} holds ${content.length} bytes, not ${FLASH_BYTES}`);
    memory.fill(0xff);
    memory.set(content);
    this.file = openSync(path, 'r+');
  }

  /** Put the firmware's *blocks* ([{offset, data}]) in place, as copying a UF2 file to a real board would. */
  install(blocks) {
    for (const { offset, data } of blocks) {
      if (!data.equals(this.memory.subarray(offset, offset + data.length))) this.#store(offset, data);
    }
    this.sync();
  }

 /** Cut the power in the *after*-th operation from now, once *torn* (0..1) of its bytes are done. */
  cutAfter(after, torn) {
    this.cut = { remaining: after, torn };
  }

  cutNever() {
    this.cut = null;
  }

  /** Erase; return the milliseconds that it typically takes: whole blocks are erased faster than their sectors. */
  erase(offset, count) {
    check(offset, count, SECTOR_BYTES, 'erase');
    let takenMs = 0;
    for (let at = offset; at < offset + count; at += SECTOR_BYTES) {
      this.#operate(at, Buffer.alloc(SECTOR_BYTES, 0xff), 'erase');
      const block = at - (at % BLOCK_BYTES);
      const isOfBlock = block >= offset && block + BLOCK_BYTES <= offset + count;
      takenMs += isOfBlock ? (TYPICAL_MS.block * SECTOR_BYTES) / BLOCK_BYTES : TYPICAL_MS.sector;
    }
    return takenMs;
  }

  /** Program *data*: bits only go from 1 to 0. Return the milliseconds that it typically takes. */
  program(offset, data) {
    check(offset, data.length, PAGE_BYTES, 'program');
    for (let done = 0; done < data.length; done += PAGE_BYTES) {
      const at = offset + done;
      const page = Buffer.from(data.subarray(done, done + PAGE_BYTES));
      for (let i = 0; i < PAGE_BYTES; i++) page[i] &= this.memory[at + i];
      this.#operate(at, page, 'program');
    }
    return (TYPICAL_MS.page * data.length) / PAGE_BYTES;
  }

  sync() {
    fsyncSync(this.file);
  }

  close() {
    this.sync();
    closeSync(this.file);
  }

  #operate(offset, bytes, kind) {
    this.counters.operations++;
    this.counters[`${kind}s`]++;
    this.counters[kind === 'erase' ? 'erased_bytes' : 'programmed_bytes'] += bytes.length;
    if (this.cut && --this.cut.remaining <= 0) {
      const done = Math.floor(bytes.length * this.cut.torn);
      this.cut = null;
      this.#store(offset, bytes.subarray(0, done));
      throw new PowerCut(`power cut in flash operation ${this.counters.operations} (${kind})`);
    }
    this.#store(offset, bytes);
  }

 /** A write reaches the page cache here, so it survives a kill of this process; sync() also survives a power cut. */
  #store(offset, bytes) {
    this.memory.set(bytes, offset);
    writeSync(this.file, bytes, 0, bytes.length, offset);
  }
}

function check(offset, count, unit, what) {
  if (offset % unit || count % unit || offset + count > FLASH_BYTES) {
    throw new Error(`flash ${what} of ${count} bytes at 0x${offset.toString(16)} is not allowed`);
  }
}

/** Written whole under another name first, so that a file of the right name is never half made. */
function createErased(path) {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, Buffer.alloc(FLASH_BYTES, 0xff));
  renameSync(temporary, path);
}
