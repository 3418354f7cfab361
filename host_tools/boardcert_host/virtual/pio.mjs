/**
 * Lets rp2040js's PIO blocks run in simulated time; by themselves they run on the host's timer, in real time. State
 * machines that drive the radio's bus are served at their FIFOs (radio/spi_port.mjs) and not stepped.
 */

const BATCH_CYCLES = 16; // few enough for software that waits for a state machine not to notice

const isStepped = (machine) => machine.enabled && !machine.servedByRadio;

export function runInSimulatedTime(pio, clock) {
  const alarm = clock.createAlarm(() => {
    for (let i = 0; i < BATCH_CYCLES && !pio.stopped; i++) {
      for (const machine of pio.machines) {
        if (isStepped(machine)) machine.step();
      }
      pio.checkChangedPins();
    }
    if (!pio.stopped) pio.run();
  });
  pio.run = () => {
    pio.stopped = !pio.machines.some(isStepped);
    if (!pio.stopped) alarm.schedule(BATCH_CYCLES * clock.nanosPerCycle);
  };
}
