/**
 * Let the virtual board's processor use its stack, for test_stack_record.py. One JSON list on stdin, one answer each on
 * stdout: ["run", [halfwords], r0]: execute these where the processor is; ["interrupt", 1 or 2]: take it, 2 also while
 * 1 is served; ["return"]: leave it; ["forget"]. The answer is what is recorded then.
 */
import { readFileSync } from 'node:fs';

import { bareCore } from './bare_core.mjs';

const [VECTORS, CODE, STACK_TOP] = [0x20000000, 0x20001000, 0x20042000];
const BX_LR = 0x4770;

const { mcu, core } = bareCore();
core.VTOR = VECTORS;
for (let number = 0; number < 48; number++) mcu.writeUint32(VECTORS + 4 * number, CODE | 1);
core.enabledInterrupts = 0b110;
core.interruptPriorities = [0b100, 0b010, 0, 0]; // 2 is more urgent than 1
core.registers[13] = STACK_TOP;
core.registers[15] = CODE;

function run(code, r0) {
  core.registers[0] = r0 ?? 0;
  const start = core.registers[15] & -2; // a vector has the Thumb bit
  code.forEach((halfword, i) => mcu.writeUint16(start + 2 * i, halfword));
  for (let i = 0; i < code.length; i++) core.run(core.cycles + 1);
}

function interrupt(number) {
  core.setInterrupt(number, true);
  core.checkForInterrupts();
  core.setInterrupt(number, false);
}

const commands = { run, interrupt, return: () => run([BX_LR]), forget: () => core.stack.forget() };

const answers = JSON.parse(readFileSync(0, 'utf8')).map(([name, ...rest]) => {
  commands[name](...rest);
  return core.stack.status;
});
process.stdout.write(JSON.stringify(answers));
