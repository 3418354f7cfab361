/**
 * Execute single instructions on the virtual board's processor for test_core_instructions.py.
 *
 * One JSON list on stdin: [{code: [halfwords], registers: [r0 to r14], flags: "nzcv" as 0 and 1, ram: base64}], with
 * the code at CODE and the RAM at DATA. One JSON list on stdout: {registers: [r0 to r15], flags, ram, cycles} each, or
 * {fault: message}.
 */
import { readFileSync } from 'node:fs';

import { bareCore } from './bare_core.mjs';

const CODE = 0x20000100;
const DATA = 0x20001000;

const { mcu, memory, core } = bareCore();

function execute({ code, registers, flags, ram }) {
  const data = Buffer.from(ram, 'base64');
  memory.bytes(DATA, data.length).set(data);
  code.forEach((halfword, i) => mcu.writeUint16(CODE + 2 * i, halfword));
  core.registers.set([...registers, CODE]);
  const [n, z, c, v] = [...flags].map(Number);
  core.setFlags({ n, z, c, v });
  core.cycles = 0;
  try {
    core.run(1);
  } catch (error) {
    return { fault: error.message };
  }
  return {
    registers: [...core.registers],
    flags: [core.N, core.Z, core.C, core.V].map(Number).join(''),
    ram: Buffer.from(memory.bytes(DATA, data.length)).toString('base64'),
    cycles: core.cycles,
  };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(execute)));
