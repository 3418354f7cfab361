/**
 * Run one virtual board. argv[2]: the settings as JSON. Commands come on stdin, events and replies leave on stdout,
 * one JSON object a line. When stdin closes, however that happens, the process ends.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { FLASH_BYTES } from './flash.mjs';
import { Machine } from './machine.mjs';
import { networkCommand } from './network/commands.mjs';
import { airCommand } from './radio/commands.mjs';
import { parseUF2 } from './uf2.mjs';

const settings = JSON.parse(process.argv[2]);

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
  ring_oscillator: (machine, { setting }) => machine.setRingOscillator(setting),
};

async function answer(machine, line) {
  const { id, command, ...parameters } = JSON.parse(line);
  try {
    if (!Object.hasOwn(commands, command)) throw new Error(`unknown command "${command}"`);
    emit({ id, ...(await commands[command](machine, parameters)) });
  } catch (error) {
    emit({ id, error: error.message });
  }
}

async function main() {
  const firmware = parseUF2(readFileSync(settings.firmware), FLASH_BYTES);
  const machine = new Machine(settings, emit);
  machine.flash.install(firmware);
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => answer(machine, line));
  input.on('close', () => {
    machine.flash.close();
    process.exit(0);
  });
  const usb = await machine.usbLine.listen(settings.usb_port);
  const uart = await machine.uartLine.listen(settings.uart_port);
  emit({ event: 'listening', usb, uart });
  machine.powerOn();
}

process.stdout.on('error', () => process.exit(0));
main().catch((error) => {
  emit({ event: 'failed', message: error.message });
  process.exit(1);
});
