/**
 * The processor: rp2040js's Cortex-M0 state and exceptions, with an executor of our own in front. It is generated
 * from instructions.mjs, works on plain memory directly, and stops where a real core takes a HardFault.
 */
import { fetch, instructions } from './instructions.mjs';
import { FLASH, FLASH_WORD_MASK, OUTSIDE, ROM_BYTES } from './memory.mjs';
import { CortexM0Core } from './rp2040js.mjs';
import { StackRecord } from './stack.mjs';

const CHOOSING_BITS = 10;
const MOST_CYCLES = 2 ** 30; // of one call: an integer of 32 bits counts them faster
const SIO_START = 0xd0000000;
const APB_START = 0x40000000;
const APB_READ_CYCLES = 2; // beyond the two of a load; one more to write
const SIO_CYCLES = -1; // a single-cycle port
const EXCEPTION_ENTRY_CYCLES = 15;
const ANY_PRIORITY = 4;
const [HINT_WFE, HINT_WFI, HINT_SEV] = [2, 3, 4];
const [EXC_NMI, EXC_SVCALL, EXC_PENDSV, EXC_SYSTICK] = [2, 11, 14, 15];

/** Thrown where a real core takes a HardFault: the virtual board stops there and says why. */
export class HardFault extends Error {}

/**
 * What takes the place of READ(x) and FETCH(x) in an executor that counts what the flash cache misses: a look into the
 * tables of xip.mjs. The processor fetches a word, two halfwords, at a time.
 */
const lookUp = (x) => `if (${x} & ${FLASH}) {
  const way = ways[(${x} >>> 2) & ${FLASH_WORD_MASK}];
  if (way) recent[(${x} >>> 3) & 1023] = way;
  else cycles += core.cache.fill(${x});
}`;
const lookUpAny = (_, kind, x) =>
  kind === 'READ' ? lookUp(x) : `if (${x} >>> 2 !== word) { word = ${x} >>> 2; ${lookUp(x)} }`;
const reading = (source, look) => source.replace(/(READ|FETCH)\((\w+)\)/g, look);

/** Return the executor: run(core, R, mem8, mem16, mem32, limit) executes until *limit* cycles, or less. */
function compileExecutor(isCached) {
  const labels = instructions.map(() => '');
  for (let key = 0; key < 1 << CHOOSING_BITS; key++) {
    const found = instructions.findIndex(([pattern]) => matches(pattern, key));
    if (found >= 0) labels[found] += `case ${key}: `;
  }
  const cases = instructions.map((instruction, i) => `${labels[i]}{ ${instructionSource(instruction)} break; }\n`);
  const source = `
    const start = core.cycles;
    limit = Math.min(limit - start, ${MOST_CYCLES}) | 0;
    let low = core.stack.low(core.IPSR);
    let pc = R[15] & -2, cycles = 0, nz = core.nz, c = core.C ? 1 : 0, v = core.V ? 1 : 0;
    run: while (cycles < limit) {
      FETCH(pc)
      const op = ${fetch};
      pc += 2;
      cycles = (cycles + 1) | 0;
      switch (op >>> ${16 - CHOOSING_BITS}) {
        ${cases.join('')}
        default: core.fault('undefined instruction 0x' + op.toString(16), pc - 2);
      }
    }
    core.cycles = start + cycles;
    core.spill(pc, nz, c, v);`;
  const body = isCached
    ? `const { ways, recent } = core.cache; let word = -1; ${reading(source, lookUpAny)}`
    : reading(source, '');
  return new Function('core', 'R', 'mem8', 'mem16', 'mem32', 'limit', body);
}

/** True when *key*, the first bits of an opcode, agrees with the fixed bits of *pattern*. */
function matches(pattern, key) {
  const bits = key.toString(2).padStart(CHOOSING_BITS, '0');
  return [...bits].every((bit, i) => pattern[i] === bit || !'01'.includes(pattern[i]));
}

/** The fields of a pattern as constants, then its code. */
function instructionSource([pattern, code]) {
  const fields = [...pattern.matchAll(/([a-z])\1*/g)].map(({ 0: run, 1: letter, index }) => {
    const shift = 16 - index - run.length;
    return `const ${letter} = (op >>> ${shift}) & ${(1 << run.length) - 1};`;
  });
  return `${fields.join(' ')} ${code}`;
}

const [execute, executeWithCache] = [compileExecutor(false), compileExecutor(true)];

export class Core extends CortexM0Core {
  /** *onTrap*(number) answers a BKPT in the boot ROM; *cache*: an XIPCache, or null: flash takes no time. */
  constructor(mcu, memory) {
    super(mcu);
    const { buffer } = memory.all;
    this.signed = new Int32Array(this.registers.buffer);
    this.views = [memory.all, new Uint16Array(buffer), new Int32Array(buffer)];
    this.limitChanged = false;
    this.cache = null;
    this.stack = new StackRecord();
    this.onTrap = () => {};
  }

  /** N and Z as one number: negative, zero or positive. */
  get nz() {
    if (this.N) return -1;
    return this.Z ? 0 : 1;
  }

  setFlags({ n, z, c, v }) {
    [this.N, this.Z, this.C, this.V] = [n, z, c, v].map(Boolean);
  }

 /** Whether the executor has to return: an interrupt may be due, or the time of the next alarm has changed. */
  get attention() {
    return this.interruptsUpdated || this.limitChanged;
  }

  /** Execute until *limit* cycles, or until the core sleeps or an alarm is set. */
  run(limit) {
    const [mem8, mem16, mem32] = this.views;
    const executor = this.cache ? executeWithCache : execute;
    this.limitChanged = false;
    while (this.cycles < limit && !this.limitChanged) {
      if (this.interruptsUpdated) this.checkForInterrupts();
      if (this.waiting) return;
      executor(this, this.signed, mem8, mem16, mem32, limit);
    }
  }

  spill(pc, nz, c, v) {
    this.signed[15] = pc;
    this.N = nz < 0;
    this.Z = nz === 0;
    this.C = c === 1;
    this.V = v === 1;
  }

  setInterrupt(irq, value) {
    const bit = 1 << irq;
    const before = this.pendingInterrupts;
    this.pendingInterrupts = value ? before | bit : before & ~bit;
    if (!value || before & bit) return;
    this.interruptsUpdated = true;
    this.eventRegistered = true; // as SEVONPEND has it, which MicroPython sets
    if (this.waiting) this.checkForInterrupts();
  }

 /** Enter the most urgent exception that is permitted now; wake if there is a reason. */
  checkForInterrupts() {
    this.interruptsUpdated = false;
    const priority = this.exceptionPriority(this.IPSR);
    const exception = this.#pendingException(priority);
    if (this.waiting && (exception || (this.waitsForEvent && this.eventRegistered))) {
      this.waiting = false;
      if (this.waitsForEvent) this.eventRegistered = false;
    }
    if (!exception || (this.PM && exception !== EXC_NMI)) return false;
    this.#clearPending(exception);
    this.cycles += EXCEPTION_ENTRY_CYCLES;
    if (this.IPSR === 0) this.stack.interrupted(this.SP);
    this.exceptionEntry(exception);
    this.stack.note(this.SP, exception);
    this.interruptsUpdated = true;
    return true;
  }

  #pendingException(below) {
    if (this.pendingNMI) return EXC_NMI;
    const interrupts = this.pendingInterrupts & this.enabledInterrupts;
    for (let priority = 0; priority < Math.min(below, ANY_PRIORITY); priority++) {
      if (this.pendingSVCall && priority === this.svCallPriority) return EXC_SVCALL;
      if (this.pendingPendSV && priority === this.pendSVPriority) return EXC_PENDSV;
      if (this.pendingSystick && priority === this.systickPriority) return EXC_SYSTICK;
      const level = interrupts & this.interruptPriorities[priority];
      if (level) return 16 + 31 - Math.clz32(level & -level);
    }
    return 0;
  }

  /** Interrupts of the chip's blocks stay pending until the block lets go; those that software sets do not. */
  #clearPending(exception) {
    if (exception === EXC_NMI) this.pendingNMI = false;
    else if (exception === EXC_SVCALL) this.pendingSVCall = false;
    else if (exception === EXC_PENDSV) this.pendingPendSV = false;
    else if (exception === EXC_SYSTICK) this.pendingSystick = false;
    else if (exception >= 16 + 26) this.pendingInterrupts &= ~(1 << (exception - 16));
  }

  load32(address) { return this.#access(address, 3, (at) => this.rp2040.readUint32(at)); }

  load16(address) { return this.#access(address, 1, (at) => this.rp2040.readUint16(at)); }

  load8(address) { return this.#access(address, 0, (at) => this.rp2040.readUint8(at)); }

  store32(address, value) { this.#store(address, 3, (at) => this.rp2040.writeUint32(at, value >>> 0)); }

  store16(address, value) { this.#store(address, 1, (at) => this.rp2040.writeUint16(at, value & 0xffff)); }

  store8(address, value) { this.#store(address, 0, (at) => this.rp2040.writeUint8(at, value & 0xff)); }

  #store(address, low, action) {
    if ((address & OUTSIDE) === 0) {
      // The chip ignores stores to its ROM, and TinyUSB makes some (endpoint 0 has no control register).
      if (address >>> 28 === 0) return;
      this.fault(`store to 0x${(address >>> 0).toString(16)}, which is read-only`);
    }
    if (address >>> 28 === APB_START >>> 28) this.cycles++;
    this.#access(address, low, action);
  }

  #access(address, low, action) {
    const at = address >>> 0;
    if (at & low) this.fault(`access to 0x${at.toString(16)}, which is not aligned`);
    if (at >= SIO_START) this.cycles += at < 0xe0000000 ? SIO_CYCLES : 0;
    else if (at >>> 28 === APB_START >>> 28) this.cycles += APB_READ_CYCLES;
    else if (at & FLASH && this.cache) this.cycles += this.cache.read(at, 1);
    return action(at);
  }

  branchOutside(target) {
    const address = (target >>> 0).toString(16);
    if (target >>> 28 !== 15 || !this.IPSR) this.fault(`branch to 0x${address}, which is not Thumb code`);
    this.exceptionReturn(target & 0x0fffffff);
  }

  maskInterrupts(masked) {
    this.PM = masked === 1;
    this.interruptsUpdated = true;
  }

  supervisorCall() {
    this.pendingSVCall = true;
    this.interruptsUpdated = true;
  }

  breakpoint(number) {
    if (this.PC >= ROM_BYTES) this.fault(`breakpoint ${number}`);
    this.onTrap(number);
  }

  hint(kind) {
    if (kind === HINT_SEV) this.eventRegistered = true;
    if (kind !== HINT_WFE && kind !== HINT_WFI) return;
    this.cycles++;
    this.waitsForEvent = kind === HINT_WFE;
    if (this.waitsForEvent && this.eventRegistered) this.eventRegistered = false;
    else {
      this.waiting = true;
      this.interruptsUpdated = true; // one that is masked may be pending already: it ends a WFI
    }
  }

  /** MSR, MRS and the barriers (which need nothing here). */
  system(opcode, second) {
    if (opcode === 0xf3ef && second >>> 12 === 8) {
      this.registers[(second >>> 8) & 15] = this.readSpecialRegister(second & 255);
    } else if (opcode >>> 4 === 0xf38 && second >>> 8 === 0x88) {
      this.writeSpecialRegister(second & 255, this.registers[opcode & 15]);
    } else if (opcode !== 0xf3bf || second >>> 8 !== 0x8f) {
      this.fault(`undefined instruction 0x${opcode.toString(16)} 0x${second.toString(16)}`);
    }
  }

  fault(reason, pc = this.PC) {
    throw new HardFault(`the processor faulted at 0x${(pc >>> 0).toString(16)}: ${reason}`);
  }
}
