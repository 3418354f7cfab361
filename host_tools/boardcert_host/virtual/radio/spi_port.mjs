/**
 * The RP2040's end of the radio's serial bus: the PIO state machine that drives it, served at its FIFOs.
 *
 * Stepping its program bit by bit would cost 128 steps a word. So while the state machine is enabled with the radio's
 * pins, its program does not run: words leave its transmit FIFO and enter its receive FIFO at the pace of the bus, and
 * rp2040js's DMA moves them as usual. Its program's parameters, set beforehand, are in X and Y: the bits to send
 * and to receive, less one (pico-sdk, pico_cyw43_driver/cyw43_bus_pio_spi.c).
 */
const CTRL = 0x000;
const PIN_BITS = 0xe0007c1f; // PINCTRL: side-set count, side-set base, out base
const RADIO_PINS = ((1 << 29) | (29 << 10) | 24) >>> 0; // the clock by side-set on GPIO 29, the data on GPIO 24
const PIO_CYCLES_PER_WORD = 64; // two for each bit
const TX_STALL = 1 << 24; // FDEBUG
const LONGEST_WORDS = 1024; // twice what the 11 bits of a command's length can ask for

export class SPIPort {
  /** *transact*(words, answerWords) is called when a transaction's words have been sent; it returns the answer. */
  constructor(mcu, clock, transact) {
    this.clock = clock;
    this.transact = transact;
    this.machine = null;
    this.alarm = clock.createAlarm(() => this.#advance());
    for (const pio of mcu.pio) this.#watch(pio);
  }

  #watch(pio) {
    const write = pio.writeUint32.bind(pio);
    pio.writeUint32 = (offset, value) => {
      if (offset !== CTRL) return write(offset, value);
      const enabled = pio.machines.filter((machine, i) => value & (1 << i) && !machine.enabled);
      for (const machine of enabled) machine.servedByRadio = (machine.pinCtrl & PIN_BITS) >>> 0 === RADIO_PINS;
      write(offset, value);
      if (this.machine && !this.machine.enabled) this.#end();
      const machine = enabled.find((candidate) => candidate.servedByRadio);
      if (machine) this.#begin(machine);
    };
    for (const machine of pio.machines) {
      const checkWait = machine.checkWait.bind(machine);
      machine.checkWait = () => (machine === this.machine ? this.#wake() : checkWait());
    }
  }

  #begin(machine) {
    this.machine = machine;
    this.words = new Uint32Array(wordCount(machine.x));
    this.answerWords = wordCount(machine.y);
    this.answer = null;
    this.done = 0;
    this.#schedule(1);
  }

  #end() {
    this.machine = null;
    this.alarm.cancel();
  }

  /** A FIFO has changed: go on, when that is what the state machine was waiting for. */
  #wake() {
    if (!this.alarm.scheduled && this.done >= 0) this.#schedule(1);
  }

  #schedule(words) {
    const { clockDivInt, clockDivFrac } = this.machine;
    const cycles = PIO_CYCLES_PER_WORD * ((clockDivInt || 0x10000) + clockDivFrac / 256);
    this.alarm.schedule(words * cycles * this.clock.nanosPerCycle);
  }

  #advance() {
    const moved = this.answer === null ? this.#take() : this.#give();
    if (this.answer !== null && this.done === this.answer.length) this.#stall();
    else if (moved > 0) this.#schedule(moved);
  }

  /** Take what the transmit FIFO holds of the words to send; return their number. */
  #take() {
    const { machine, words } = this;
    const count = Math.min(machine.txFIFO.itemCount, words.length - this.done);
    for (let i = 0; i < count; i++) words[this.done++] = machine.txFIFO.pull();
    machine.updateDMATx();
    if (this.done === words.length) {
      this.answer = this.transact(words, this.answerWords);
      this.done = 0;
    }
    return count;
  }

  /** Give as much of the answer as the receive FIFO takes; return the number of words. */
  #give() {
    const { machine, answer } = this;
    const { rxFIFO } = machine;
    const count = Math.min(rxFIFO.size - rxFIFO.itemCount, answer.length - this.done);
    for (let i = 0; i < count; i++) rxFIFO.push(answer[this.done++]);
    machine.updateDMARx();
    return count;
  }

  /** The program has come back to its start, where it waits for a next word: the driver looks for that. */
  #stall() {
    const { pio, index } = this.machine;
    pio.txStall |= TX_STALL << index;
    pio.fdebug |= pio.txStall;
    this.done = -1;
  }
}

/** The words for which X or Y was set: none for less than a word. */
function wordCount(bitsLessOne) {
  return Math.min(((bitsLessOne >>> 0) + 1) >>> 5, LONGEST_WORDS);
}
