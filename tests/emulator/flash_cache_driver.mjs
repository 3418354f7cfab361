/**
 * Ask the virtual board's flash cache for test_flash_cache.py. One JSON list on stdin, one answer each on stdout:
 * ["read", address, bytes]: the cycles beyond those of hits; ["flush"], ["enabled", boolean], ["ssi", offset, value]:
 * 0; ["word"]: the cycles that the SSI takes for a word; ["run", address, [halfwords], instructions]: the cycles that
 * the processor takes; ["pass", milliseconds, [alarms in ms]]: when each alarm was called, in ms, and the end.
 */
import { readFileSync } from 'node:fs';

import { SSI } from '../../host_tools/boardcert_host/virtual/ssi.mjs';
import { XIPCache, XIPControl } from '../../host_tools/boardcert_host/virtual/xip.mjs';
import { bareCore } from './bare_core.mjs';

const STACK = 0x20001000;
const { clock, mcu, memory, core } = bareCore();
const ssi = new SSI(mcu, []);
core.cache = new XIPCache(ssi);
const control = new XIPControl(mcu, core.cache);

const commands = {
  read: (address, length) => core.cache.read(address, length),
  flush: () => (control.writeUint32(4, 1), 0),
  enabled: (isEnabled) => (control.writeUint32(0, isEnabled ? 3 : 2), 0),
  ssi: (offset, value) => (ssi.writeUint32(offset, value), 0),
  word: () => ssi.wordCycles,
  run: (address, code, instructions) => {
    const target = memory.bytes(address, 2 * code.length);
    code.forEach((halfword, i) => target.set([halfword & 255, halfword >>> 8], 2 * i));
    core.registers.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, STACK, 0, address]);
    const start = core.cycles;
    for (let i = 0; i < instructions; i++) core.run(core.cycles + 1);
    return core.cycles - start;
  },
  pass: (ms, alarms) => {
    const start = clock.nanos;
    const since = () => (clock.nanos - start) / 1e6;
    const called = [];
    for (const after of alarms) clock.createAlarm(() => called.push(since())).schedule(after * 1e6);
    clock.pass(ms * 1e6);
    return [called, since()];
  },
};

const answers = JSON.parse(readFileSync(0, 'utf8')).map(([name, ...rest]) => commands[name](...rest));
process.stdout.write(JSON.stringify(answers));
