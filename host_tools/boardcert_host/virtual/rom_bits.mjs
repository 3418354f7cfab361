/**
 * Bit counting and memory blocks of the boot ROM, by their two-letter codes.
 *
 * The memory functions work on an object with
 *   bytes(address, length): a Uint8Array over exactly that range when it is plain memory (RAM, flash, USB RAM), so
 *     that a block moves at the host's speed; otherwise null, and the block goes byte by byte through
 *   readUint8(address) and writeUint8(address, value).
 */

const popcount32 = (value) => {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
};

const reverse32 = (value) => {
  let result = 0;
  for (let bit = 0; bit < 32; bit++) result |= ((value >>> bit) & 1) << (31 - bit);
  return result >>> 0;
};

/** Count the zeros above the highest one; 32 for zero. */
const clz32 = (value) => Math.clz32(value);

/** Count the zeros below the lowest one; 32 for zero. */
const ctz32 = (value) => (value === 0 ? 32 : 31 - Math.clz32(value & -value));

const bitFunction = (name, evaluate) => ({
  name,
  call: (r) => {
    r[0] = evaluate(r[0]);
  },
});

export const bitFunctions = {
  P3: bitFunction('popcount32', popcount32),
  R3: bitFunction('reverse32', reverse32),
  L3: bitFunction('clz32', clz32),
  T3: bitFunction('ctz32', ctz32),
};

/** memset(r0 = to, r1 = byte, r2 = length): returns *to* in r0, which stays as it is. */
function fill(r, memory) {
  const [to, value, length] = [r[0], r[1] & 0xff, r[2]];
  const target = memory.bytes(to, length);
  if (target) {
    target.fill(value);
    return;
  }
  for (let i = 0; i < length; i++) memory.writeUint8(to + i, value);
}

/**
 * memcpy(r0 = to, r1 = from, r2 = length): returns *to* in r0, which stays as it is.
 *
 * Overlapping blocks arrive whole in plain memory; on the chip the result depends on their alignment.
 */
function copy(r, memory) {
  const [to, from, length] = [r[0], r[1], r[2]];
  const target = memory.bytes(to, length);
  const source = memory.bytes(from, length);
  if (target && source) {
    target.set(source);
    return;
  }
  for (let i = 0; i < length; i++) memory.writeUint8(to + i, memory.readUint8(from + i));
}

// Cycles of a Cortex-M0+ for the loops of the ROM: 16 bytes by LDM, STM, SUB, BCS; 1 byte by SUB, LDRB, STRB, BNE.
// The call, the alignment before and the remainder after the loop are taken as a constant.
const OVERHEAD_CYCLES = 24;
const FILL_16_CYCLES = 8;
const COPY_16_CYCLES = 13;
const COPY_BYTE_CYCLES = 7;

const fillCycles = (r) => OVERHEAD_CYCLES + FILL_16_CYCLES * (r[2] >>> 4);

const copyCycles = (r) => {
  const coaligned = ((r[0] ^ r[1]) & 3) === 0;
  return OVERHEAD_CYCLES + (coaligned ? COPY_16_CYCLES * (r[2] >>> 4) : COPY_BYTE_CYCLES * r[2]);
};

/**
 * cycles(r) is about what the ROM takes for the arguments in *r*, memory that answers at once; ask before the call.
 * *reads*: it reads r2 bytes at r1, which may be in flash.
 */
export const memoryFunctions = {
  MS: { name: 'memset', cycles: fillCycles, call: fill },
  S4: { name: 'memset4', cycles: fillCycles, call: fill },
  MC: { name: 'memcpy', cycles: copyCycles, call: copy, reads: true },
  C4: { name: 'memcpy44', cycles: copyCycles, call: copy, reads: true },
};
