/**
 * The cache between the bus and the flash chip (RP2040 datasheet, section 2.6.3): 16 KB, two ways, lines of 8 bytes.
 * It keeps no data, which is in the memory: it only says how long each read holds the processor up.
 *
 * A line is filled by halves: the SSI transfers 32 bits at a time, and each line has a valid bit for either half
 * (raspberrypi/pico-feedback, issue 307, answer of the chip's designers). What the datasheet leaves open: of the two
 * ways, the one that was not used last is replaced here. Not modelled: that the processor fetches ahead of a branch
 * that it then takes, the hit counters, the streaming FIFO, the cache used as SRAM, and reads by DMA, which do not
 * hold the processor up.
 */
import { FLASH_BYTES } from './flash.mjs';
import { Registers } from './registers.mjs';

const SETS = 1024;
const NO_LINE = -1;
const WORDS = FLASH_BYTES / 4;
const [CTRL, FLUSH] = [0x00, 0x04];
const ENABLED = 1;
const CTRL_RESET = 3;
const STAT = { 0x08: 3 }; // flush done, FIFO empty
const FLUSH_CYCLES = 1024; // "just over", section 2.6.3.2
/** Reads at 0x10..., 0x11..., 0x12..., 0x13...: is the cache asked, and is what is read put into it? */
const ALIASES = [[true, true], [true, false], [false, true], [false, false]];

export class XIPCache {
  /** *ssi*: says what a read of the chip takes, see SSI.wordCycles. */
  constructor(ssi) {
    this.ssi = ssi;
    /** For each word of the flash: 0 when it is not in the cache, else its way, 1 or 2. */
    this.ways = new Uint8Array(WORDS);
    /** For each set: the way that was used last. */
    this.recent = new Uint8Array(SETS);
    this.lines = new Int32Array(2 * SETS).fill(NO_LINE);
    this.isEnabled = true;
    this.misses = 0;
  }

  /** Read the word at *address*, which is not in the cache; return the cycles that it takes. */
  fill(address) {
    const word = (address >>> 2) % WORDS;
    this.misses++;
    if (this.isEnabled) this.#put(word);
    return this.ssi.wordCycles;
  }

  /** Return the cycles that reading the words of a block of *length* bytes takes beyond those of hits. */
  read(address, length) {
    if (address >>> 24 < 0x10 || address >>> 24 > 0x13) return 0;
    const [asks, keeps] = ALIASES[(address >>> 24) & 3];
    let cycles = 0;
    for (let at = address & ~3; at < address + length; at += 4) {
      const word = (at >>> 2) % WORDS;
      if (asks && this.ways[word]) this.recent[(word >>> 1) % SETS] = this.ways[word];
      else {
        cycles += this.ssi.wordCycles;
        this.misses++;
        if (keeps && this.isEnabled) this.#put(word);
      }
    }
    return cycles;
  }

  flush() {
    this.lines.forEach((line) => this.#drop(line));
    this.lines.fill(NO_LINE);
  }

  /** Note that *word* is in its line, which may have to take another's place. */
  #put(word) {
    const line = word >>> 1;
    const set = line % SETS;
    const places = [2 * set, 2 * set + 1];
    let way = places.findIndex((place) => this.lines[place] === line);
    if (way < 0) {
      way = this.recent[set] === 1 ? 1 : 0;
      this.#drop(this.lines[places[way]]);
      this.lines[places[way]] = line;
    }
    this.ways[word] = this.recent[set] = way + 1;
  }

  #drop(line) {
    if (line !== NO_LINE) this.ways.fill(0, 2 * line, 2 * line + 2);
  }
}

/** The cache's control registers. *cache*: the XIPCache, or null for a flash that takes no time. */
export class XIPControl extends Registers {
  constructor(mcu, cache) {
    super(mcu, 'XIP_CTRL_BASE', STAT);
    this.cache = cache;
    this.values.set(CTRL, CTRL_RESET);
  }

  writeUint32(offset, value) {
    if (offset === FLUSH) {
      if (value & 1) this.flush();
      return;
    }
    super.writeUint32(offset, value);
    if (offset !== CTRL || !this.cache) return;
    this.cache.isEnabled = (value & ENABLED) !== 0;
    if (!this.cache.isEnabled) this.cache.flush(); // so that nothing is found; the chip would find it again later
  }

  /** Flush the cache, and hold the processor up meanwhile. */
  flush() {
    if (!this.cache) return;
    this.cache.flush();
    this.rp2040.core.cycles += FLUSH_CYCLES;
  }
}
