/**
 * The boot ROM's table of single-precision functions (data code 'SF').
 *
 * Exact, down to the last bit: addition to square root, comparisons, and all conversions. Double
 * arithmetic rounded once more to a float is correctly rounded, because 53 >= 2 * 24 + 2 bits.
 * Sine to atan2, exp and ln are computed in double precision and rounded: correct except when the exact value lies
 * within a double's error of a rounding boundary. The ROM's own CORDIC is less accurate (some ulps).
 */
import {
  FLOAT_INFINITY,
  FLOAT_MIN_NORMAL,
  INT32,
  INT64,
  SIGN,
  UINT32,
  UINT64,
  decodeFloat,
  encodeFloat,
  fixedToFloat,
  int64,
  putDouble,
  putInt64,
  putOrder,
  toFixed,
  uint64,
} from './rom_numbers.mjs';

const ANGLE_LIMIT = 128; // the ROM clamps arguments of exp and the circular functions to ±128
const clamp = (value) => Math.max(-ANGLE_LIMIT, Math.min(ANGLE_LIMIT, value));

/** Infinity of the sign that a product or a quotient of the floats *x* and *y* has. */
const infinityOf = (x, y) => (((x ^ y) & SIGN) | FLOAT_INFINITY) >>> 0;

/** Infinities of opposite sign add to +Infinity. */
function add(x, y) {
  const sum = decodeFloat(x) + decodeFloat(y);
  return Number.isNaN(sum) ? FLOAT_INFINITY : encodeFloat(sum);
}

/** Zero times infinity is an infinity. */
function multiply(x, y) {
  const product = decodeFloat(x) * decodeFloat(y);
  return Number.isNaN(product) ? infinityOf(x, y) : encodeFloat(product);
}

/** 0/0 and infinity/infinity are infinities; a quotient too small for a normal number is zero before rounding. */
function divide(x, y) {
  const quotient = decodeFloat(x) / decodeFloat(y);
  if (Number.isNaN(quotient)) return infinityOf(x, y);
  return encodeFloat(Math.abs(quotient) < FLOAT_MIN_NORMAL ? quotient * 0 : quotient);
}

/** The root of a negative number is -Infinity, of -0 it is -0. */
function squareRoot(x) {
  const value = decodeFloat(x);
  return encodeFloat(value < 0 ? -Infinity : Math.sqrt(value));
}

/** Order floats as the integers that their bits are (sign and magnitude), with -0 equal to +0. */
const compareBits = (x, y) => orderKey(x) - orderKey(y);
const orderKey = (bits) => (bits >>> 31 ? -(bits & ~SIGN) : bits);

/** The same after making denormals zeros and NaNs infinities. */
const compareValues = (x, y) => compareBits(encodeFloat(decodeFloat(x)), encodeFloat(decodeFloat(y)));

/** ln of a zero and of anything negative is -Infinity. */
function logarithm(x) {
  const value = decodeFloat(x);
  return encodeFloat(value > 0 ? Math.log(value) : -Infinity);
}

const exponential = (x) => encodeFloat(Math.exp(clamp(decodeFloat(x))));
const arcTangent = (y, x) => encodeFloat(Math.atan2(decodeFloat(y), decodeFloat(x)));
const circular = (evaluate) => (x) => encodeFloat(evaluate(clamp(decodeFloat(x))));
const [sine, cosine, tangent] = [Math.sin, Math.cos, Math.tan].map(circular);

const entry = (name, call) => ({ name, call });

const unary = (name, evaluate) =>
  entry(name, (r) => {
    r[0] = evaluate(r[0]);
  });

const binary = (name, evaluate) =>
  entry(name, (r) => {
    r[0] = evaluate(r[0], r[1]);
  });

const comparison = (name, compare) => entry(name, (r) => putOrder(r, compare(r[0], r[1])));

/** Sine in r0 and cosine in r1. The plain sine does so too: pico-sdk's sincosf relies on it. */
const sineCosine = (name) =>
  entry(name, (r) => {
    const angle = r[0];
    r[0] = sine(angle);
    r[1] = cosine(angle);
  });

/** r0, with r1 bits after the point if *fixed*, as an integer in r0 (32 bits) or r0 and r1 (64 bits). */
const toInteger = (name, fixed, limits) =>
  entry(name, (r) => {
    const result = toFixed(decodeFloat(r[0]), fixed ? r[1] | 0 : 0, limits);
    if (limits === INT32 || limits === UINT32) r[0] = Number(BigInt.asUintN(32, result));
    else putInt64(r, result);
  });

const from32 = (name, fixed, signed) =>
  entry(name, (r) => {
    r[0] = fixedToFloat(BigInt(signed ? r[0] | 0 : r[0]), fixed ? r[1] | 0 : 0);
  });

const from64 = (name, fixed, join) =>
  entry(name, (r) => {
    r[0] = fixedToFloat(join(r[0], r[1]), fixed ? r[2] | 0 : 0);
  });

export const floatTable = [
  binary('fadd', add),
  binary('fsub', (x, y) => add(x, (y ^ SIGN) >>> 0)),
  binary('fmul', multiply),
  binary('fdiv', divide),
  comparison('fcmp_fast', compareBits),
  comparison('fcmp_fast_flags', compareBits),
  unary('fsqrt', squareRoot),
  toInteger('float2int', false, INT32),
  toInteger('float2fix', true, INT32),
  toInteger('float2uint', false, UINT32),
  toInteger('float2ufix', true, UINT32),
  from32('int2float', false, true),
  from32('fix2float', true, true),
  from32('uint2float', false, false),
  from32('ufix2float', true, false),
  unary('fcos', cosine),
  sineCosine('fsin'),
  unary('ftan', tangent),
  sineCosine('fsincos'),
  unary('fexp', exponential),
  unary('fln', logarithm),
  comparison('fcmp_basic', compareValues),
  binary('fatan2', arcTangent),
  from64('int642float', false, int64),
  from64('fix642float', true, int64),
  from64('uint642float', false, uint64),
  from64('ufix642float', true, uint64),
  toInteger('float2int64', false, INT64),
  toInteger('float2fix64', true, INT64),
  toInteger('float2uint64', false, UINT64),
  toInteger('float2ufix64', true, UINT64),
  entry('float2double', (r) => putDouble(r, 0, decodeFloat(r[0]))),
];
