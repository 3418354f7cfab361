/**
 * Run one virtual board after another. Commands come on stdin, events and replies go to stdout, one JSON object a
 * line: `start` is the first, and again after `stop`. When stdin closes, however that happens, the process ends.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { FLASH_BYTES } from './flash.mjs';
import { Machine } from './machine.mjs';
import { networkCommand } from './network/commands.mjs';
import { airCommand } from './radio/commands.mjs';
import { parseUF2 } from './uf2.mjs';

function emit(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const commands = {
  status: (machine) => machine.status(),
  reset: (machine) => machine.reset(),
  power_on: (machine) => machine.powerOn(),
  power_off: (machine) => machine.powerOff({ reason: 'off', message: 'switched off' }),
  cut_power: (machine, { after_operations: after, torn }) => machine.flash.cutAfter(after, torn),
  cut_power_never: (machine) => machine.flash.cutNever(),
  network: networkCommand,
  air: airCommand,
  pace: (machine, { mode }) => machine.setPace(mode),
  forget_stack: (machine) => machine.stack.forget(),
  ring_oscillator: (machine, { setting }) => machine.setRingOscillator(setting),
};

let machine = null;

/** Make the board, listen on its serial lines, switch it on; return their ports, {usb, uart}. */
async function start({ settings }) {
  if (machine) throw new Error('there is a board already');
  const firmware = parseUF2(readFileSync(settings.firmware), FLASH_BYTES);
  machine = new Machine(settings, emit);
  try {
    machine.flash.install(firmware);
    const usb = await machine.usbLine.listen(settings.usb_port);
    const uart = await machine.uartLine.listen(settings.uart_port);
    machine.powerOn();
    return { usb, uart };
  } catch (error) {
    stop();
    throw error;
  }
}

/** End the board, and all of it that others on this computer could notice. */
function stop() {
  machine?.close();
  machine = null;
}

async function run(command, parameters) {
  if (command === 'start') return start(parameters);
  if (command === 'stop') return stop();
  if (!Object.hasOwn(commands, command)) throw new Error(`unknown command "${command}"`);
  if (!machine) throw new Error('there is no board');
  return commands[command](machine, parameters);
}

async function answer(line) {
  const { id, command, ...parameters } = JSON.parse(line);
  try {
    emit({ id, ...(await run(command, parameters)) });
  } catch (error) {
    emit({ id, error: error.message });
  }
}

process.stdout.on('error', () => process.exit(0));
const input = createInterface({ input: process.stdin });
input.on('line', answer);
input.on('close', () => {
  machine?.flash.close();
  process.exit(0);
});
