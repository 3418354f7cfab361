/** The ring oscillator block. Its random bit comes from the host, from a seed (reproducible), or is stuck. */
import { createHash, randomBytes } from 'node:crypto';

import { Registers } from './registers.mjs';

const STATUS = 0x18;
const STATUS_STABLE_ENABLED = 0x80001000;
const RANDOMBIT = 0x1c;
const POOL_BYTES = 1024;

/** Return a function that gives the next random bit. *setting*: "host", "seed:N" or "stuck". */
export function bitSource(setting) {
  if (setting === 'stuck') return () => 1;
  if (setting === 'host') return bits(() => randomBytes(POOL_BYTES));
  if (setting.startsWith('seed:')) {
    let counter = 0;
    return bits(() => createHash('sha512').update(`${setting}:${counter++}`).digest());
  }
  throw new Error(`the ring oscillator can be "host", "seed:N" or "stuck", not "${setting}"`);
}

function bits(refill) {
  let pool = refill();
  let index = 0;
  return () => {
    if (index === pool.length * 8) {
      pool = refill();
      index = 0;
    }
    const bit = (pool[index >> 3] >> (index & 7)) & 1;
    index++;
    return bit;
  };
}

export class RingOscillator extends Registers {
  constructor(mcu, nextBit) {
    super(mcu, 'ROSC_BASE', { [STATUS]: STATUS_STABLE_ENABLED });
    this.nextBit = nextBit;
  }

  readUint32(offset) {
    return offset === RANDOMBIT ? this.nextBit() : super.readUint32(offset);
  }
}
