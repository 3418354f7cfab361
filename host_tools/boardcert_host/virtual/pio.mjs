/** Lets rp2040js's PIO blocks run in simulated time; by themselves they run on the host's timer, in real time. */

const BATCH_CYCLES = 16; // few enough for software that waits for a state machine not to notice

export function runInSimulatedTime(pio, clock) {
  const alarm = clock.createAlarm(() => {
    for (let i = 0; i < BATCH_CYCLES && !pio.stopped; i++) {
      for (const machine of pio.machines) {
        if (machine.enabled) machine.step();
      }
      pio.checkChangedPins();
    }
    if (!pio.stopped) pio.run();
  });
  pio.run = () => alarm.schedule(BATCH_CYCLES * clock.nanosPerCycle);
}
