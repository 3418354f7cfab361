/**
 * The boot ROM's table of double-precision functions (data code 'SD').
 *
 * Exact, down to the last bit: addition to square root, comparisons, and all conversions.
 * Sine to atan2, exp and ln are JavaScript's own, within 1 ulp of the C library in the tests. The ROM's fixed-point
 * CORDIC differs from both in the last bits, and by more near zeros of the function.
 */
import {
  DOUBLE_MIN_NORMAL,
  INT32,
  INT64,
  SIGN,
  UINT32,
  UINT64,
  decodeDouble,
  encodeFloat,
  fixedToDouble,
  int64,
  putDouble,
  putInt64,
  putOrder,
  toFixed,
  uint64,
} from './rom_numbers.mjs';

const ANGLE_LIMIT = 1024; // the ROM clamps arguments of exp and the circular functions to ±1024
const clamp = (value) => Math.max(-ANGLE_LIMIT, Math.min(ANGLE_LIMIT, value));

const isNegative = (value) => value < 0 || Object.is(value, -0);

/** Infinity of the sign that a product or a quotient of *x* and *y* has. */
const infinityOf = (x, y) => (isNegative(x) === isNegative(y) ? Infinity : -Infinity);

/** Infinities of opposite sign add to +Infinity. */
function add(x, y) {
  const sum = x + y;
  return Number.isNaN(sum) ? Infinity : sum;
}

/** Zero times infinity is an infinity. */
function multiply(x, y) {
  const product = x * y;
  return Number.isNaN(product) ? infinityOf(x, y) : product;
}

/**
 * 0/0 and infinity/infinity are infinities; a quotient too small for a normal number is zero before rounding.
 *
 * One that only rounding made normal is detected by dividing again, far from the lower end of the range.
 */
function divide(x, y) {
  const quotient = x / y;
  if (Number.isNaN(quotient)) return infinityOf(x, y);
  if (Math.abs(quotient) !== DOUBLE_MIN_NORMAL) return quotient;
  const scaled = Math.abs((x * 2 ** 64) / y);
  return scaled < DOUBLE_MIN_NORMAL * 2 ** 64 ? quotient * 0 : quotient;
}

/** The root of a negative number is -Infinity, of -0 it is -0. */
const squareRoot = (x) => (x < 0 ? -Infinity : Math.sqrt(x));

/** ln of a zero and of anything negative is -Infinity. */
const logarithm = (x) => (x > 0 ? Math.log(x) : -Infinity);

/** Order r0:r1 and r2:r3 as the integers that their bits are (sign and magnitude), with -0 equal to +0. */
const compareBits = (r) => {
  const [x, y] = [orderKey(r[0], r[1]), orderKey(r[2], r[3])];
  return Number(x > y) - Number(x < y);
};
const orderKey = (low, high) => {
  const magnitude = uint64(low, (high & ~SIGN) >>> 0);
  return high >>> 31 ? -magnitude : magnitude;
};

/** The same after making denormals zeros and NaNs infinities. */
const compareValues = (r) => {
  const [x, y] = [decodeDouble(r[0], r[1]), decodeDouble(r[2], r[3])];
  return Number(x > y) - Number(x < y);
};

const entry = (name, call) => ({ name, call });

const unary = (name, evaluate) => entry(name, (r) => putDouble(r, 0, evaluate(decodeDouble(r[0], r[1]))));

const binary = (name, evaluate) =>
  entry(name, (r) => putDouble(r, 0, evaluate(decodeDouble(r[0], r[1]), decodeDouble(r[2], r[3]))));

const comparison = (name, compare) => entry(name, (r) => putOrder(r, compare(r)));

/** Sine in r0 and r1, cosine in r2 and r3. */
const sineCosine = (name) =>
  entry(name, (r) => {
    const angle = clamp(decodeDouble(r[0], r[1]));
    putDouble(r, 0, Math.sin(angle));
    putDouble(r, 2, Math.cos(angle));
  });

/** r0 and r1, with r2 bits after the point if *fixed*, as an integer in r0 (32 bits) or r0 and r1 (64 bits). */
const toInteger = (name, fixed, limits) =>
  entry(name, (r) => {
    const result = toFixed(decodeDouble(r[0], r[1]), fixed ? r[2] | 0 : 0, limits);
    if (limits === INT32 || limits === UINT32) r[0] = Number(BigInt.asUintN(32, result));
    else putInt64(r, result);
  });

const from32 = (name, fixed, signed) =>
  entry(name, (r) => {
    putDouble(r, 0, fixedToDouble(BigInt(signed ? r[0] | 0 : r[0]), fixed ? r[1] | 0 : 0));
  });

const from64 = (name, fixed, join) =>
  entry(name, (r) => putDouble(r, 0, fixedToDouble(join(r[0], r[1]), fixed ? r[2] | 0 : 0)));

export const doubleTable = [
  binary('dadd', add),
  binary('dsub', (x, y) => add(x, -y)),
  binary('dmul', multiply),
  binary('ddiv', divide),
  comparison('dcmp_fast', compareBits),
  comparison('dcmp_fast_flags', compareBits),
  unary('dsqrt', squareRoot),
  toInteger('double2int', false, INT32),
  toInteger('double2fix', true, INT32),
  toInteger('double2uint', false, UINT32),
  toInteger('double2ufix', true, UINT32),
  from32('int2double', false, true),
  from32('fix2double', true, true),
  from32('uint2double', false, false),
  from32('ufix2double', true, false),
  unary('dcos', (x) => Math.cos(clamp(x))),
  unary('dsin', (x) => Math.sin(clamp(x))),
  unary('dtan', (x) => Math.tan(clamp(x))),
  sineCosine('dsincos'),
  unary('dexp', (x) => Math.exp(clamp(x))),
  unary('dln', logarithm),
  comparison('dcmp_basic', compareValues),
  binary('datan2', Math.atan2),
  from64('int642double', false, int64),
  from64('fix642double', true, int64),
  from64('uint642double', false, uint64),
  from64('ufix642double', true, uint64),
  toInteger('double2int64', false, INT64),
  toInteger('double2fix64', true, INT64),
  toInteger('double2uint64', false, UINT64),
  toInteger('double2ufix64', true, UINT64),
  entry('double2float', (r) => {
    r[0] = encodeFloat(decodeDouble(r[0], r[1]));
  }),
];
