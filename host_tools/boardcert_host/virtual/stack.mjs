/**
 * How deep the main stack has been: MicroPython's linker script for the RP2040 gives it the 8 KB of the SRAM's last
 * two banks. Below it lies the heap, and nothing stops an interrupt from writing there.
 */

const STACK_TOP = 0x20042000;
const STACK_END = 0x20040000;

export class StackRecord {
  constructor() {
    this.interruptedAt = STACK_TOP;
    this.forget();
  }

  /** Begin anew. What runs at this moment is recorded from its next call on. */
  forget() {
    this.lowestInThread = STACK_TOP;
    this.lowestInInterrupt = STACK_TOP;
    this.mostOfInterrupts = 0; // interruptedAt stays: this may be in the middle of one
  }

  /** In bytes: what was left above the stack's end, by mode, and the most that interrupts took on top of a thread. */
  get status() {
    return {
      thread_left: this.lowestInThread - STACK_END,
      interrupt_left: this.lowestInInterrupt - STACK_END,
      interrupts: this.mostOfInterrupts,
    };
  }

  /** The thread stops for an interrupt, with its stack pointer at *sp*. */
  interrupted(sp) {
    this.interruptedAt = sp;
  }

  /** The stack pointer from which on a lower one is worth a note, in the mode of *exception* (0: the thread's). */
  low(exception) {
    if (exception === 0) return this.lowestInThread;
    return Math.max(this.lowestInInterrupt, this.interruptedAt - this.mostOfInterrupts);
  }

  /** The stack pointer has become *sp*; return the next that is worth a note. */
  note(sp, exception) {
    if (exception === 0) {
      this.lowestInThread = Math.min(this.lowestInThread, sp);
    } else {
      this.lowestInInterrupt = Math.min(this.lowestInInterrupt, sp);
      this.mostOfInterrupts = Math.max(this.mostOfInterrupts, this.interruptedAt - sp);
    }
    return this.low(exception);
  }
}
