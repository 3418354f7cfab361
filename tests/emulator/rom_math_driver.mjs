/**
 * Call the boot ROM's functions for test_rom_math.py.
 *
 * One JSON request a line on stdin, one JSON answer a line on stdout.
 *   {table: "float" | "double" | "bits", key: slot or code, args: base64 of little-endian uint32, four a call}
 *     -> {results: base64 of r0 to r3 after each call, flags: [null or "nzcv" with capitals for set ones]}
 *   {names: table} -> {names: [...]}
 *   {memory: code, ram: base64, base: address of the first byte, plain: whether the RAM is offered as an array,
 *     r: [r0, r1, r2]} -> {ram: base64, r0, cycles}
 */
import { createInterface } from 'node:readline';
import {
  bitFunctions,
  doubleTable,
  floatTable,
  memoryFunctions,
} from '../../host_tools/boardcert_host/virtual/rom_math.mjs';

const tables = { float: floatTable, double: doubleTable, bits: bitFunctions };

const flagText = (flags) =>
  flags && [...'nzcv'].map((name) => (flags[name] ? name.toUpperCase() : name)).join('');

function run({ table, key, args }) {
  const bytes = Buffer.from(args, 'base64');
  const flags = [];
  const r = new Uint32Array(4);
  for (let at = 0; at < bytes.length; at += 16) {
    for (let i = 0; i < 4; i++) r[i] = bytes.readUInt32LE(at + 4 * i);
    r.flags = null;
    tables[table][key].call(r);
    flags.push(flagText(r.flags));
    for (let i = 0; i < 4; i++) bytes.writeUInt32LE(r[i], at + 4 * i);
  }
  return { results: bytes.toString('base64'), flags };
}

function runMemory({ memory: code, ram, base, plain, r: registers }) {
  const bytes = new Uint8Array(Buffer.from(ram, 'base64'));
  const memory = {
    bytes: (address, length) => (plain ? bytes.subarray(address - base, address - base + length) : null),
    readUint8: (address) => bytes[address - base],
    writeUint8: (address, value) => {
      if (value > 0xff) throw new RangeError(`${value} is no byte`);
      bytes[address - base] = value;
    },
  };
  const r = Uint32Array.from([...registers, 0]);
  const cycles = memoryFunctions[code].cycles(r);
  memoryFunctions[code].call(r, memory);
  return { ram: Buffer.from(bytes).toString('base64'), r0: r[0], cycles };
}

function answer(request) {
  if (request.names) return { names: tables[request.names].map(({ name }) => name) };
  return request.memory ? runMemory(request) : run(request);
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
}
