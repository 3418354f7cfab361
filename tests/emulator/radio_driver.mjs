/**
 * The virtual radio for radio_host.py: an RP2040 whose PIO drives it, without a processor.
 *
 * One JSON list [operation, ...arguments] a line on stdin, one JSON value a line on stdout. Argument of the program:
 * the networks, as JSON. Time passes only in `transact`, `wait` and `run`.
 */
import { createInterface } from 'node:readline';

import { Clock } from '../../host_tools/boardcert_host/virtual/clock.mjs';
import { runInSimulatedTime } from '../../host_tools/boardcert_host/virtual/pio.mjs';
import { Air } from '../../host_tools/boardcert_host/virtual/radio/air.mjs';
import { parseAddress } from '../../host_tools/boardcert_host/virtual/radio/bytes.mjs';
import { Radio } from '../../host_tools/boardcert_host/virtual/radio/radio.mjs';
import { RP2040 } from '../../host_tools/boardcert_host/virtual/rp2040js.mjs';

const [CTRL, TXF0, RXF0, FSTAT, FDEBUG] = [0x000, 0x010, 0x020, 0x004, 0x008];
const [SM0_CLKDIV, SM0_SHIFTCTRL, SM0_INSTR, SM0_PINCTRL, INSTR_MEM0] = [0x0c8, 0x0d0, 0x0d8, 0x0dc, 0x048];
const AUTO_PUSH_AND_PULL = 3 << 16; // at 32 bits, both shifting left
const [OUT_X, OUT_Y] = [0x6020, 0x6040];
const RADIO_PINS = ((1 << 29) | (29 << 10) | (1 << 20) | 24) >>> 0;
const [RX_EMPTY, TX_FULL] = [1 << 8, 1 << 16];
const TX_STALL = 1 << 24;
const SIO_OUT_SET = 0xd0000014;
const SIO_OUT_CLEAR = 0xd0000018;
const SIO_ENABLE_SET = 0xd0000024;
const IO_CONTROL = (pin) => 0x40014004 + 8 * pin;
const SIO_FUNCTION = 5;
const [POWER, DATA, SELECT] = [23, 24, 25];
const LIMIT_NANOS = 1e9;

const clock = new Clock();
const mcu = new RP2040(clock);
mcu.core = { setInterrupt: () => {}, cycles: 0 };
mcu.logger = { debug() {}, info() {}, warn() {}, error() {} };
for (const each of mcu.pio) runInSimulatedTime(each, clock);
const pio = mcu.pio[1];
const log = [];
const port = (name) => ({
  receive: (frame) => log.push(['frame', name, Buffer.from(frame).toString('hex')]),
  linkUp: () => log.push(['up', name]),
  linkDown: () => log.push(['down', name]),
});
const air = new Air(JSON.parse(process.argv[2]));
for (const network of air.networks) network.port = port(network.ssid);
air.accessPointPort = port('access point');
const radio = new Radio(mcu, clock, { mac: parseAddress('02:00:00:00:00:99'), air });

/** Let time pass until *done*, from one alarm to the next. */
function until(done) {
  const end = clock.nanos + LIMIT_NANOS;
  while (!done()) {
    if (clock.nextNanos > end) throw new Error('the state machine does not go on');
    clock.skipTo(clock.nextNanos);
    clock.fireDue();
  }
}

function pins(mask, levels) {
  mcu.writeUint32(SIO_OUT_SET, mask & levels);
  mcu.writeUint32(SIO_OUT_CLEAR, mask & ~levels);
}

function configure(pinControl) {
  pio.writeUint32(CTRL, 0);
  pio.writeUint32(CTRL, 1 << 4); // restart
  pio.writeUint32(SM0_CLKDIV, 2 << 16);
  pio.writeUint32(SM0_SHIFTCTRL, AUTO_PUSH_AND_PULL);
  pio.writeUint32(SM0_PINCTRL, pinControl);
}

function load(instruction, value) {
  pio.writeUint32(TXF0, value);
  pio.writeUint32(SM0_INSTR, instruction);
}

/** One transaction, as the driver of pico-sdk does it; [words, nanoseconds from enable to stall]. */
function transact(words, answerWords) {
  pins(1 << SELECT, 0);
  configure(RADIO_PINS);
  load(OUT_X, 32 * words.length - 1);
  load(OUT_Y, answerWords ? 32 * answerWords - 1 : 0);
  pio.rawWriteValue = TX_STALL;
  pio.writeUint32(FDEBUG, TX_STALL);
  const start = clock.nanos;
  pio.writeUint32(CTRL, 1);
  for (const word of words) {
    until(() => !(pio.readUint32(FSTAT) & TX_FULL));
    pio.writeUint32(TXF0, word);
  }
  const answer = [];
  while (answer.length < answerWords) {
    until(() => !(pio.readUint32(FSTAT) & RX_EMPTY));
    answer.push(pio.readUint32(RXF0));
  }
  until(() => pio.readUint32(FDEBUG) & TX_STALL);
  pins(1 << SELECT, 1 << SELECT);
  return [answer, clock.nanos - start];
}

function wait(micros) {
  const end = clock.nanos + 1000 * micros;
  while (clock.nextNanos <= end) {
    clock.skipTo(clock.nextNanos);
    clock.fireDue();
  }
  clock.skipTo(end);
}

const operations = {
  transact,
  wait,
  power: (on) => pins(1 << POWER, on ? 1 << POWER : 0),
  wake: () => mcu.gpio[DATA].rawInputValue,
  /** Run a program that has nothing to do with the radio on its state machine; return X afterwards. */
  run: (instructions) => {
    configure(0);
    instructions.forEach((instruction, i) => pio.writeUint32(INSTR_MEM0 + 4 * i, instruction));
    pio.writeUint32(SM0_INSTR, 0); // jump to the start
    pio.writeUint32(CTRL, 1);
    wait(10);
    return pio.machines[0].x;
  },
  alarms: () => clock.alarms.length,
  deliver: (interfaceNumber, frame) => radio.deliver(interfaceNumber, Buffer.from(frame, 'hex')),
  set: (ssid, changes) => air.set(ssid, changes),
  deauthenticate: (reason) => radio.deauthenticate(reason),
  associate: (address, password) => radio.accessPoint.associate(parseAddress(address), password),
  disassociate: (address) => radio.accessPoint.disassociate(parseAddress(address)),
  status: () => radio.status(),
  log: () => log.splice(0),
};

mcu.writeUint32(SIO_ENABLE_SET, (1 << POWER) | (1 << SELECT));
for (const pin of [POWER, SELECT]) mcu.writeUint32(IO_CONTROL(pin), SIO_FUNCTION);
mcu.gpio[DATA].padValue |= 0x40; // input enable
pins(1 << SELECT, 1 << SELECT);

createInterface({ input: process.stdin }).on('line', (line) => {
  const [operation, ...values] = JSON.parse(line);
  let reply;
  try {
    reply = { result: operations[operation](...values) ?? null };
  } catch (error) {
    reply = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
});
