/** The virtual board's processor with its memory, without peripherals, for the drivers of tests. */
import { Clock } from '../../host_tools/boardcert_host/virtual/clock.mjs';
import { Core } from '../../host_tools/boardcert_host/virtual/core.mjs';
import { Memory } from '../../host_tools/boardcert_host/virtual/memory.mjs';
import { RP2040 } from '../../host_tools/boardcert_host/virtual/rp2040js.mjs';

export function bareCore() {
  const clock = new Clock();
  const mcu = new RP2040(clock);
  const memory = new Memory();
  memory.attach(mcu);
  const core = (mcu.core = new Core(mcu, memory));
  clock.attach(core);
  return { clock, mcu, memory, core };
}
