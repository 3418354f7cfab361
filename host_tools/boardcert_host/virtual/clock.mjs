/** The simulated clock: nanoseconds counted from the core's cycles, and the alarms that peripherals set on it. */

class Alarm {
  constructor(clock, callback) {
    this.clock = clock;
    this.callback = callback;
    this.nanos = 0;
    this.scheduled = false;
  }

  schedule(deltaNanos) {
    this.cancel();
    this.nanos = this.clock.nanos + deltaNanos;
    this.clock.insert(this);
  }

  cancel() {
    if (this.scheduled) this.clock.remove(this);
  }
}

export class Clock {
  constructor() {
    this.core = { cycles: 0 };
    this.nanosPerCycle = 8; // 125 MHz until the firmware sets up its clocks
    this.baseCycles = 0;
    this.baseNanos = 0;
    this.alarms = []; // the next one is last
  }

  attach(core) {
    this.core = core;
    this.baseCycles = core.cycles;
  }

  get nanos() {
    return this.baseNanos + (this.core.cycles - this.baseCycles) * this.nanosPerCycle;
  }

  get micros() {
    return this.nanos / 1000;
  }

  /** Count at *hertz* from now on. */
  setFrequency(hertz) {
    this.baseNanos = this.nanos;
    this.baseCycles = this.core.cycles;
    this.nanosPerCycle = 1e9 / hertz;
    this.core.limitChanged = true;
  }

  createAlarm(callback) {
    return new Alarm(this, callback);
  }

  /** The time of the next alarm in nanoseconds, or Infinity. */
  get nextNanos() {
    const { alarms } = this;
    return alarms.length ? alarms[alarms.length - 1].nanos : Infinity;
  }

  /** The cycle count at which *nanos* is reached. */
  cyclesAt(nanos) {
    return this.baseCycles + Math.ceil((nanos - this.baseNanos) / this.nanosPerCycle);
  }

  /** Let time pass, without executing anything, until *nanos*. */
  skipTo(nanos) {
    this.core.cycles = Math.max(this.core.cycles, this.cyclesAt(nanos));
  }

 /** Let *nanos* pass while the core is idle; peripherals continue. */
  pass(nanos) {
    const end = this.nanos + nanos;
    while (this.nextNanos <= end) {
      this.skipTo(this.nextNanos);
      this.fireDue();
    }
    this.skipTo(end);
  }

  /** Call every alarm whose time has come. */
  fireDue() {
    const { alarms } = this;
    while (alarms.length && alarms[alarms.length - 1].nanos <= this.nanos) {
      const alarm = alarms.pop();
      alarm.scheduled = false;
      alarm.callback();
    }
  }

  insert(alarm) {
    const { alarms } = this;
    let index = alarms.length;
    // Equal times stay in the order in which they were scheduled.
    while (index > 0 && alarms[index - 1].nanos <= alarm.nanos) index--;
    alarms.splice(index, 0, alarm);
    alarm.scheduled = true;
    this.core.limitChanged = true;
  }

  remove(alarm) {
    this.alarms.splice(this.alarms.indexOf(alarm), 1);
    alarm.scheduled = false;
  }
}
