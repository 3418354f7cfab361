/**
 * Formats and conversions that the float and the double table of the boot ROM share.
 *
 * The ROM knows zeros, normal numbers and infinities. On input a denormal is a zero and a NaN an infinity, each of
 * the same sign; no function returns a denormal or a NaN.
 */

const cell = new DataView(new ArrayBuffer(8));

const FLOAT_EXPONENT = 0x7f800000;
const DOUBLE_EXPONENT = 0x7ff00000; // in the high word
export const SIGN = 0x80000000;
export const FLOAT_INFINITY = FLOAT_EXPONENT;
export const FLOAT_MIN_NORMAL = 2 ** -126;
export const DOUBLE_MIN_NORMAL = 2 ** -1022;

/** The value of the float *bits* as the ROM sees it: ±0, a normal number or ±Infinity. */
export function decodeFloat(bits) {
  const exponent = bits & FLOAT_EXPONENT;
  if (exponent === 0) return bits >>> 31 ? -0 : 0;
  if (exponent === FLOAT_EXPONENT) return bits >>> 31 ? -Infinity : Infinity;
  cell.setUint32(0, bits);
  return cell.getFloat32(0);
}

/**
 * Round *value* (a number, not NaN) to the nearest float, ties to even, and return its bits.
 *
 * What is still denormal after rounding becomes a zero of the same sign, as in the ROM.
 */
export function encodeFloat(value) {
  cell.setFloat32(0, value);
  const bits = cell.getUint32(0);
  return bits & FLOAT_EXPONENT ? bits : (bits & SIGN) >>> 0;
}

/** The value of the double *high*:*low* as the ROM sees it. */
export function decodeDouble(low, high) {
  const exponent = high & DOUBLE_EXPONENT;
  if (exponent === 0) return high >>> 31 ? -0 : 0;
  if (exponent === DOUBLE_EXPONENT) return high >>> 31 ? -Infinity : Infinity;
  cell.setUint32(0, high);
  cell.setUint32(4, low);
  return cell.getFloat64(0);
}

/** Write the double *value* (not NaN) to r[at] and r[at + 1]; a denormal becomes a zero of the same sign. */
export function putDouble(r, at, value) {
  cell.setFloat64(0, value);
  const high = cell.getUint32(0);
  const normal = (high & DOUBLE_EXPONENT) !== 0;
  r[at] = normal ? cell.getUint32(4) : 0;
  r[at + 1] = normal ? high : (high & SIGN) >>> 0;
}

export const putInt64 = (r, value) => {
  r[0] = Number(BigInt.asUintN(32, value));
  r[1] = Number(BigInt.asUintN(32, value >> 32n));
};

export const uint64 = (low, high) => (BigInt(high) << 32n) | BigInt(low);
export const int64 = (low, high) => BigInt.asIntN(64, uint64(low, high));

/** Return to the caller of a comparison: *order* < 0, = 0 or > 0 as -1, 0 or 1 in r0, and the flags of r0 - 0. */
export function putOrder(r, order) {
  const result = Math.sign(order);
  r[0] = result >>> 0;
  r.flags = { n: result < 0, z: result === 0, c: true, v: false };
}

// Integers that a conversion may return: [lowest, highest].
export const INT32 = [-(2n ** 31n), 2n ** 31n - 1n];
export const UINT32 = [0n, 2n ** 32n - 1n];
export const INT64 = [-(2n ** 63n), 2n ** 63n - 1n];
export const UINT64 = [0n, 2n ** 64n - 1n];

/**
 * Convert *value* to fixed point with *places* bits after the point: the floor of value * 2**places, clamped to
 * [lowest, highest]. Exact. An infinity is clamped whatever *places* is.
 */
export function toFixed(value, places, [lowest, highest]) {
  if (value === 0) return 0n;
  if (!Number.isFinite(value)) return value < 0 ? lowest : highest;
  cell.setFloat64(0, value);
  const bits = cell.getBigUint64(0);
  const magnitude = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  const mantissa = value < 0 ? -magnitude : magnitude;
  const shift = ((cell.getUint16(0) >> 4) & 0x7ff) - 1075 + places;
  if (shift > 64) return value < 0 ? lowest : highest;
  const fixed = shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(Math.min(-shift, 64));
  if (fixed < lowest) return lowest;
  return fixed > highest ? highest : fixed;
}

/** value * 2**exponent by two exact powers of two; exact when the product is a normal number. */
export function scale(value, exponent) {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}

/**
 * Convert fixed point with *places* bits after the point to the nearest float, ties to even, and return its bits.
 *
 * The ROM returns +0 for every result that is too small, also for a negative one.
 */
export function fixedToFloat(fixed, places) {
  const magnitude = fixed < 0n ? -fixed : fixed;
  // Eleven bits less fit a double exactly; the lowest kept bit says whether any dropped one was set, so that rounding
  // this double to a float rounds as the integer itself would.
  const kept = magnitude >> 11n;
  const sticky = kept << 11n === magnitude ? kept : kept | 1n;
  const exact = magnitude < 2n ** 53n ? Number(magnitude) : Number(sticky) * 2048;
  const bits = encodeFloat(scale(exact, Math.max(-300, Math.min(300, -places))));
  if (bits === 0) return 0;
  return (fixed < 0n ? bits | SIGN : bits) >>> 0;
}

/**
 * Convert fixed point with *places* bits after the point to the nearest double, ties to even.
 *
 * The ROM decides before rounding whether the result is too small: then it is a zero, of the value's sign.
 */
export function fixedToDouble(fixed, places) {
  if (fixed === 0n) return 0;
  const magnitude = fixed < 0n ? -fixed : fixed;
  const exponent = magnitude.toString(2).length - 1 - places;
  const zero = fixed < 0n ? -0 : 0;
  if (exponent < -1022) return zero;
  if (exponent > 1023) return fixed < 0n ? -Infinity : Infinity;
  return scale(Number(fixed), -places); // Number(BigInt) rounds to nearest, ties to even
}
