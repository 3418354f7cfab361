/**
 * Run the virtual board's network, without a board, for network_peer.py. argv[2]: the network's settings.
 *
 * Requests come on stdin, one JSON object a line, each answered by one on stdout with "now" (simulated nanoseconds),
 * "results" of what was started, the network's "status", and
 * "frames" ([nanoseconds, hex] of those that reached the board since the last answer):
 * {frame: hex} the board sends; {advance_ms} time passes; {wait: n} real time passes until n frames came;
 * {call: method of Network, with: its argument}, {start: the same} without waiting for its end; {power: true} the board is reset.
 */
import { createInterface } from 'node:readline';

import { Clock } from '../../host_tools/boardcert_host/virtual/clock.mjs';
import { Network } from '../../host_tools/boardcert_host/virtual/network/network.mjs';

const WAIT_LIMIT_MS = 120_000;
const POLL_MS = 2;

const results = [];
const network = new Network({
  settings: JSON.parse(process.argv[2]),
  external: (action) => action(),
});
let clock;
let frames = [];
const radio = { deliver: (number, frame) => frames.push([clock.nanos, Buffer.from(frame).toString('hex')]) };

function powerUp() {
  clock = new Clock();
  network.powerUp(clock);
  network.linkUp(radio);
}

function advance(nanos) {
  const end = clock.nanos + nanos;
  while (clock.nextNanos <= end) {
    clock.skipTo(clock.nextNanos);
    clock.fireDue();
  }
  clock.skipTo(end);
}

async function wait(count) {
  const limit = performance.now() + WAIT_LIMIT_MS;
  while (frames.length < count && performance.now() < limit) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    advance(POLL_MS * 1e6);
  }
}

async function handle(request) {
  if (request.power) powerUp();
  if (request.frame) network.receive(Buffer.from(request.frame, 'hex'));
  if (request.advance_ms) advance(request.advance_ms * 1e6);
  if (request.wait) await wait(request.wait);
  if (request.start) network[request.start](request.with).then((result) => results.push(JSON.stringify(result)));
  if (request.call) return { result: await network[request.call](request.with) };
  return {};
}

async function answer(line) {
  let reply;
  try {
    reply = await handle(JSON.parse(line));
  } catch (error) {
    reply = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify({ ...reply, now: clock.nanos, frames, results, status: network.status })}\n`);
  frames = [];
}

powerUp();
const input = createInterface({ input: process.stdin });
input.on('line', answer);
input.on('close', () => process.exit(0));
