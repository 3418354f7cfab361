/**
 * The ARMv6-M instructions (ARM DDI 0419) as data: a bit pattern, and the JavaScript that executes it.
 *
 * In a pattern, 0 and 1 are fixed, and a run of one letter is a field whose unsigned value the code sees under that
 * letter. Only the first ten bits choose between instructions. The code also sees: R, the registers as signed
 * integers; pc, the address of the next halfword; nz, a number that is negative or zero as the flags N and Z say; c
 * and v, the flags as 0 or 1; cycles, since the executor started, counted as in the Cortex-M0+ TRM, table 3-1, with
 * the first one of each instruction counted already; start, the core's cycles then; core, which serves what is rare.
 * `break run` lets the core look for interrupts. low is the lowest stack pointer that need not be noted, see stack.mjs.
 * READ(x) and FETCH(x) stand where data or an instruction is read at x, which may be in flash: see core.mjs.
 */

const cell = (address, shift) => `((((${address} >>> 4) & 0x03000000) | (${address} & 0x00ffffff)) >>> ${shift})`;
const inMemory = (address, low) => `(${address} & ${0xcf000000 | low}) === 0`;
const inRAM = (address, low) => `(${address} & ${0xff000000 | low}) === 0x20000000`;

/** The instruction at pc. */
export const fetch = `mem16[${cell('pc', 1)}]`;

/** Sizes of memory accesses: view, index shift, alignment bits, and how the value fills a register. */
const WORD = { bits: 32, shift: 2, low: 3, extend: '' };
const HALF = { bits: 16, shift: 1, low: 1, extend: '' };
const BYTE = { bits: 8, shift: 0, low: 0, extend: '' };
const SIGNED_HALF = { ...HALF, extend: '<< 16 >> 16' };
const SIGNED_BYTE = { ...BYTE, extend: '<< 24 >> 24' };

/** Count *number* cycles more; with `| 0`, V8 need not check that they stay an integer. */
const take = (number) => `cycles = (cycles + ${number}) | 0;`;

/** Between the cycles that the code counts and those of the core, which are too many for integers of 32 bits. */
const saveCycles = 'core.cycles = start + cycles;';
const loadCycles = 'cycles = (core.cycles - start) | 0;';

/** Do what may reach a peripheral, which may read the time, raise an interrupt or set an alarm. */
const outside = (action) =>
  `${saveCycles} R[15] = pc; ${action}; ${loadCycles} if (core.attention) break run;`;

/** Hand everything to the core for *action* and start over from the state that it leaves. */
const leave = (action) => `${saveCycles} core.spill(pc, nz, c, v); ${action}; return;`;

const load = ({ bits, shift, low, extend }, address) => `
  const a = (${address}) | 0;
  ${take(1)}
  if (${inMemory('a', low)}) { READ(a) R[d] = mem${bits}[${cell('a', shift)}] ${extend}; }
  else { ${outside(`R[d] = core.load${bits}(a) ${extend}`)} }`;

const store = ({ bits, shift, low }, address) => `
  const a = (${address}) | 0;
  ${take(1)}
  if (${inRAM('a', low)}) mem${bits}[${cell('a', shift)}] = R[d];
  else { ${outside(`core.store${bits}(a, R[d])`)} }`;

const add = (x, y) => `
  const x = ${x}, y = ${y};
  nz = (x + y) | 0;
  c = (nz >>> 0) < (x >>> 0) ? 1 : 0;
  v = ((x ^ nz) & (y ^ nz)) >>> 31;`;
const subtract = (x, y) => `
  const x = ${x}, y = ${y};
  nz = (x - y) | 0;
  c = (x >>> 0) >= (y >>> 0) ? 1 : 0;
  v = ((x ^ y) & (x ^ nz)) >>> 31;`;
const addWithCarry = (x, y) => `
  const x = ${x}, y = ${y};
  nz = (x + y + c) | 0;
  c = ((x & y) | ((x | y) & ~nz)) >>> 31;
  v = ((x ^ nz) & (y ^ nz)) >>> 31;`;

/** Shift R[from] by *count*: what happens below 32, and the carry and the result from 32 on. */
const shift = (from, count, [carry, result], [lateCarry, lateResult]) => `
  let x = R[${from}];
  const s = ${count};
  if (s > 0 && s < 32) { c = ${carry}; x = ${result}; } else if (s > 0) { c = ${lateCarry}; x = ${lateResult}; }
  R[d] = nz = x;`;
const left = (from, count) => shift(from, count, ['(x >>> (32 - s)) & 1', 'x << s'], ['s === 32 ? x & 1 : 0', '0']);
const right = (from, count) =>
  shift(from, count, ['(x >>> (s - 1)) & 1', '(x >>> s) | 0'], ['s === 32 ? x >>> 31 : 0', '0']);
const arithmetic = (from, count) => shift(from, count, ['(x >>> (s - 1)) & 1', 'x >> s'], ['x >>> 31', 'x >> 31']);

/** Go to *target*: an address with the Thumb bit, or the mark that ends an exception. */
const branchTo = (target) => `
  const t = ${target};
  if ((t & ${0xcf000001 | 0}) !== 1) { ${leave('core.branchOutside(t)')} }
  pc = t & -2;`;
const branchIf = (condition) =>
  `if (${condition}) { pc += (i << 24 >> 23) + 2; ${take(1)} }`;

/** Whatever lowers the stack pointer is followed by this. */
const lowered = 'if (R[13] < low) low = core.stack.note(R[13], core.IPSR);';

/** Registers 8 to 15 as operands: the PC reads as the address of the instruction + 4. */
const operand = (number) => `(${number} === 15 ? pc + 2 : R[${number}])`;
const setAny = (value) => `
  const t = (h << 3) | d, s = ${value};
  if (t === 15) { pc = s & -2; ${take(1)} }
  else if (t === 13) { R[13] = s & -4; ${lowered} }
  else R[t] = s;`;

/** Do *action* with each register k of *list*, lowest first, at the rising address a. */
const eachRegister = (list, action) => `
  for (let rest = ${list}; rest !== 0; rest &= rest - 1) {
    const k = 31 - Math.clz32(rest & -rest);
    ${action}
    a = (a + 4) | 0;
    ${take(1)}
  }`;
/** The rest of the list still has to be done, so the executor returns after this instruction. */
const outsideOne = (action) => `${saveCycles} R[15] = pc; limit = 0; ${action}; ${loadCycles}`;
const loadInto = (target) => `
  if (${inMemory('a', 3)}) { READ(a) ${target} = mem32[${cell('a', 2)}]; }
  else { ${outsideOne(`${target} = core.load32(a)`)} }`;
const storeOne = `
  if (${inRAM('a', 3)}) mem32[${cell('a', 2)}] = R[k];
  else { ${outsideOne('core.store32(a, R[k])')} }`;
const bitCount = `let count = 0; for (let rest = list; rest !== 0; rest &= rest - 1) count++;`;

const conditions = [
  'nz === 0', 'nz !== 0', 'c === 1', 'c === 0', 'nz < 0', 'nz >= 0', 'v === 1', 'v === 0',
  'c === 1 && nz !== 0', 'c === 0 || nz === 0', '(nz >>> 31) === v', '(nz >>> 31) !== v',
  'nz !== 0 && (nz >>> 31) === v', 'nz === 0 || (nz >>> 31) !== v',
].map((condition, code) => [`1101${code.toString(2).padStart(4, '0')}iiiiiiii`, branchIf(condition)]);

export const instructions = [
  // Immediates, additions
  ['00000iiiiimmmddd', left('m', 'i')],
  ['00001iiiiimmmddd', right('m', 'i || 32')],
  ['00010iiiiimmmddd', arithmetic('m', 'i || 32')],
  ['0001100mmmnnnddd', `${add('R[n]', 'R[m]')} R[d] = nz;`],
  ['0001101mmmnnnddd', `${subtract('R[n]', 'R[m]')} R[d] = nz;`],
  ['0001110iiinnnddd', `${add('R[n]', 'i')} R[d] = nz;`],
  ['0001111iiinnnddd', `${subtract('R[n]', 'i')} R[d] = nz;`],
  ['00100dddiiiiiiii', 'R[d] = nz = i;'],
  ['00101dddiiiiiiii', subtract('R[d]', 'i')],
  ['00110dddiiiiiiii', `${add('R[d]', 'i')} R[d] = nz;`],
  ['00111dddiiiiiiii', `${subtract('R[d]', 'i')} R[d] = nz;`],
  // Data processing
  ['0100000000mmmddd', 'R[d] = nz = R[d] & R[m];'],
  ['0100000001mmmddd', 'R[d] = nz = R[d] ^ R[m];'],
  ['0100000010mmmddd', left('d', 'R[m] & 255')],
  ['0100000011mmmddd', right('d', 'R[m] & 255')],
  ['0100000100mmmddd', arithmetic('d', 'R[m] & 255')],
  ['0100000101mmmddd', `${addWithCarry('R[d]', 'R[m]')} R[d] = nz;`],
  ['0100000110mmmddd', `${addWithCarry('R[d]', '~R[m]')} R[d] = nz;`],
  ['0100000111mmmddd', `const s = R[m] & 255, x = R[d];
    R[d] = nz = (x >>> (s & 31)) | (x << (-s & 31));
    if (s > 0) c = nz >>> 31;`],
  ['0100001000mmmddd', 'nz = R[d] & R[m];'],
  ['0100001001mmmddd', `${subtract('0', 'R[m]')} R[d] = nz;`],
  ['0100001010mmmddd', subtract('R[d]', 'R[m]')],
  ['0100001011mmmddd', add('R[d]', 'R[m]')],
  ['0100001100mmmddd', 'R[d] = nz = R[d] | R[m];'],
  ['0100001101mmmddd', 'R[d] = nz = Math.imul(R[d], R[m]);'],
  ['0100001110mmmddd', 'R[d] = nz = R[d] & ~R[m];'],
  ['0100001111mmmddd', 'R[d] = nz = ~R[m];'],
  // All sixteen registers, branches to registers
  ['01000100hmmmmddd', setAny(`(${operand('t')} + ${operand('m')}) | 0`)],
  ['01000101hmmmmddd', `const t = (h << 3) | d; ${subtract('R[t]', 'R[m]')}`],
  ['01000110hmmmmddd', setAny(operand('m'))],
  ['010001110mmmm000', `${take(1)} ${branchTo('R[m]')}`],
  ['010001111mmmm000', `const back = pc | 1; ${take(1)} ${branchTo('R[m]')} R[14] = back;`],
  // Loads and stores
  ['01001dddiiiiiiii', load(WORD, '((pc + 2) & -4) + (i << 2)')],
  ['0101000mmmnnnddd', store(WORD, 'R[n] + R[m]')],
  ['0101001mmmnnnddd', store(HALF, 'R[n] + R[m]')],
  ['0101010mmmnnnddd', store(BYTE, 'R[n] + R[m]')],
  ['0101011mmmnnnddd', load(SIGNED_BYTE, 'R[n] + R[m]')],
  ['0101100mmmnnnddd', load(WORD, 'R[n] + R[m]')],
  ['0101101mmmnnnddd', load(HALF, 'R[n] + R[m]')],
  ['0101110mmmnnnddd', load(BYTE, 'R[n] + R[m]')],
  ['0101111mmmnnnddd', load(SIGNED_HALF, 'R[n] + R[m]')],
  ['01100iiiiinnnddd', store(WORD, 'R[n] + (i << 2)')],
  ['01101iiiiinnnddd', load(WORD, 'R[n] + (i << 2)')],
  ['01110iiiiinnnddd', store(BYTE, 'R[n] + i')],
  ['01111iiiiinnnddd', load(BYTE, 'R[n] + i')],
  ['10000iiiiinnnddd', store(HALF, 'R[n] + (i << 1)')],
  ['10001iiiiinnnddd', load(HALF, 'R[n] + (i << 1)')],
  ['10010dddiiiiiiii', store(WORD, 'R[13] + (i << 2)')],
  ['10011dddiiiiiiii', load(WORD, 'R[13] + (i << 2)')],
  // Addresses, extension, byte order
  ['10100dddiiiiiiii', 'R[d] = ((pc + 2) & -4) + (i << 2);'],
  ['10101dddiiiiiiii', 'R[d] = R[13] + (i << 2);'],
  ['101100000iiiiiii', 'R[13] += i << 2;'],
  ['101100001iiiiiii', `R[13] -= i << 2; ${lowered}`],
  ['1011001000mmmddd', 'R[d] = R[m] << 16 >> 16;'],
  ['1011001001mmmddd', 'R[d] = R[m] << 24 >> 24;'],
  ['1011001010mmmddd', 'R[d] = R[m] & 0xffff;'],
  ['1011001011mmmddd', 'R[d] = R[m] & 0xff;'],
  ['1011101000mmmddd', 'const x = R[m]; R[d] = (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);'],
  ['1011101001mmmddd', 'const x = R[m]; R[d] = ((x & 0x00ff00ff) << 8) | ((x >>> 8) & 0x00ff00ff);'],
  ['1011101011mmmddd', 'const x = R[m]; R[d] = (x << 24 >> 16) | ((x >>> 8) & 0xff);'],
  // Several registers
  ['1011010hllllllll', `const list = l | (h << 14); ${bitCount}
    let a = (R[13] - 4 * count) | 0;
    R[13] = a;
    ${lowered}
    ${eachRegister('list', storeOne)}`],
  ['1011110hllllllll', `let a = R[13];
    ${eachRegister('l', loadInto('R[k]'))}
    if (h) { let p = 0; ${loadInto('p')} R[13] = a + 4; ${take(3)} ${branchTo('p')} } else R[13] = a;`],
  ['11000nnnllllllll', `let a = R[n]; ${eachRegister('l', storeOne)} R[n] = a;`],
  ['11001nnnllllllll', `let a = R[n]; ${eachRegister('l', loadInto('R[k]'))} if (!(l & (1 << n))) R[n] = a;`],
  // Branches, the system
  ...conditions,
  ['11100iiiiiiiiiii', `pc += (i << 21 >> 20) + 2; ${take(1)}`],
  ['11110siiiiiiiiii', `FETCH(pc) const q = ${fetch};
    if ((q & 0xd000) === 0xd000) {
      R[14] = (pc + 2) | 1;
      const j = (s - 1) << 24, n = ~(q >> 13 ^ s) & 1, m = ~(q >> 11 ^ s) & 1;
      pc = (pc + 2 + ((~j & -0x1000000 & -s) | (n << 23) | (m << 22) | (i << 12) | ((q & 0x7ff) << 1))) | 0;
      ${take(2)}
    } else { pc += 2; ${take(2)} ${leave('core.system(op, q)')} }`],
  ['10110110011i0010', leave('core.maskInterrupts(i)')],
  ['10111110iiiiiiii', leave('core.breakpoint(i)')],
  ['10111111iiii0000', `if (i !== 0) { ${leave('core.hint(i)')} }`],
  ['11011111iiiiiiii', leave('core.supervisorCall()')],
];
