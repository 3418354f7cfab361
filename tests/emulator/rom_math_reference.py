"""Results of the boot ROM's float and double functions, computed in exact fractions.

This is independent of the JavaScript, and does not use the host's float arithmetic. It follows the
RP2040 datasheet, section 2.8.3, and pico-sdk: on input, denormals are zeros and NaNs are
infinities; results are neither.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Union

Value = Union["Zero", "Infinite", Fraction]


@dataclass(frozen=True)
class Zero:
    """A signed zero."""

    negative: bool


@dataclass(frozen=True)
class Infinite:
    """A signed infinity."""

    negative: bool


@dataclass(frozen=True)
class Format:
    """An IEEE 754 binary format, by the widths of its fields."""

    fraction_bits: int
    exponent_bits: int

    @property
    def sign(self) -> int:
        """Return the bit pattern of the sign alone."""
        return 1 << (self.fraction_bits + self.exponent_bits)

    @property
    def infinity(self) -> int:
        """Return the bit pattern of +infinity."""
        return ((1 << self.exponent_bits) - 1) << self.fraction_bits

    @property
    def bias(self) -> int:
        """Return the exponent's bias."""
        return (1 << (self.exponent_bits - 1)) - 1

    @property
    def min_normal(self) -> Fraction:
        """Return the smallest positive normal number."""
        return Fraction(1, 1 << (self.bias - 1))

    def decode(self, bits: int) -> Value:
        """Return the value of *bits* as the ROM reads it."""
        negative = bool(bits & self.sign)
        exponent = (bits & self.infinity) >> self.fraction_bits
        if exponent == 0:
            return Zero(negative)
        if bits & self.infinity == self.infinity:
            return Infinite(negative)
        fraction = bits & ((1 << self.fraction_bits) - 1) | 1 << self.fraction_bits
        magnitude = Fraction(fraction) * power_of_two(exponent - self.bias - self.fraction_bits)
        return -magnitude if negative else magnitude

    def encode(self, value: Value, *, flush_first: bool = False) -> int:
        """Return the bits of *value*, rounded to nearest, ties to even, denormals made zeros.

        *flush_first*: whether values below the smallest normal number are zero, even if they would
        round up.
        """
        if isinstance(value, Zero):
            return self.sign if value.negative else 0
        if isinstance(value, Infinite):
            return self.infinity | (self.sign if value.negative else 0)
        if value == 0:
            return 0
        sign = self.sign if value < 0 else 0
        magnitude = abs(value)
        if flush_first and magnitude < self.min_normal:
            return sign
        exponent = max(floor_log2(magnitude), 1 - self.bias)
        ulp = power_of_two(exponent - self.fraction_bits)
        steps = round(magnitude / ulp)  # Fraction rounds ties to even
        bits = ((exponent + self.bias - 1) << self.fraction_bits) + steps
        if bits < 1 << self.fraction_bits:
            return sign
        return sign | min(bits, self.infinity)


FLOAT = Format(23, 8)
DOUBLE = Format(52, 11)


def power_of_two(exponent: int) -> Fraction:
    """Return 2**exponent."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def floor_log2(magnitude: Fraction) -> int:
    """Return the largest e with 2**e <= magnitude."""
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    return exponent if power_of_two(exponent) <= magnitude else exponent - 1


def is_negative(value: Value) -> bool:
    """Return whether *value*, which may be a zero, is negative."""
    return value < 0 if isinstance(value, Fraction) else value.negative


def number(value: Value) -> Fraction:
    """Return a zero or a normal number as a Fraction."""
    if isinstance(value, Infinite):
        raise ValueError("an infinity is no number")
    return Fraction(0) if isinstance(value, Zero) else value


def add(fmt: Format, x: int, y: int) -> int:
    """Add; opposite infinities give +infinity, an exact difference of zero is +0."""
    a, b = fmt.decode(x), fmt.decode(y)
    infinities = [v for v in (a, b) if isinstance(v, Infinite)]
    if infinities:
        return fmt.encode(Infinite(all(v.negative for v in infinities)))
    if isinstance(a, Zero) and isinstance(b, Zero):
        return fmt.encode(Zero(a.negative and b.negative))
    return fmt.encode(number(a) + number(b))


def subtract(fmt: Format, x: int, y: int) -> int:
    """Add *x* and the negative of *y*."""
    return add(fmt, x, y ^ fmt.sign)


def multiply(fmt: Format, x: int, y: int) -> int:
    """Multiply; a factor of infinity gives infinity."""
    a, b = fmt.decode(x), fmt.decode(y)
    negative = is_negative(a) != is_negative(b)
    if isinstance(a, Infinite) or isinstance(b, Infinite):
        return fmt.encode(Infinite(negative))
    if isinstance(a, Zero) or isinstance(b, Zero):
        return fmt.encode(Zero(negative))
    return fmt.encode(a * b)


def divide(fmt: Format, x: int, y: int) -> int:
    """Divide; 0/0 and infinity/infinity give infinities, a result below normal numbers zero."""
    a, b = fmt.decode(x), fmt.decode(y)
    negative = is_negative(a) != is_negative(b)
    if isinstance(a, Infinite) or isinstance(b, Zero):
        return fmt.encode(Infinite(negative))
    if isinstance(a, Zero) or isinstance(b, Infinite):
        return fmt.encode(Zero(negative))
    return fmt.encode(a / b, flush_first=True)


def square_root(fmt: Format, x: int) -> int:
    """Return the square root; -0 for -0, and -infinity for negative values."""
    value = fmt.decode(x)
    if isinstance(value, Zero):
        return fmt.encode(value)
    if is_negative(value):
        return fmt.encode(Infinite(True))
    if isinstance(value, Infinite):
        return fmt.encode(value)
    # 120 bits and more, with a last bit for all further ones, so that no root ties.
    scale = 4 ** max(0, 130 - floor_log2(value) // 2)
    numerator = value.numerator * scale
    root = isqrt(numerator // value.denominator)
    exact = root * root * value.denominator == numerator
    return fmt.encode(Fraction(2 * root + (not exact), 2 * isqrt(scale)))


def order(fmt: Format, x: int, y: int, *, basic: bool) -> int:
    """Compare sign and magnitude of the bits; *basic* drops denormals and NaNs first."""
    if basic:
        x, y = fmt.encode(fmt.decode(x)), fmt.encode(fmt.decode(y))
    a, b = (-(v - fmt.sign) if v & fmt.sign else v for v in (x, y))
    return (a > b) - (a < b)


def to_fixed(fmt: Format, x: int, places: int, bits: int, *, signed: bool) -> int:
    """Return floor(x * 2**places), clamped to an integer of *bits*, as its unsigned pattern."""
    lowest, highest = (
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    )
    value = fmt.decode(x)
    if isinstance(value, Infinite):
        result = lowest if value.negative else highest
    else:
        scaled = number(value) * power_of_two(places)
        result = min(max(scaled.numerator // scaled.denominator, lowest), highest)
    return result % (1 << bits)


def fixed_to_float(fixed: int, places: int) -> int:
    """Return fixed / 2**places as a float; every underflow is +0."""
    bits = FLOAT.encode(Fraction(fixed) * power_of_two(-places))
    return 0 if bits == FLOAT.sign else bits


def fixed_to_double(fixed: int, places: int) -> int:
    """Return fixed / 2**places as a double; below normal numbers it is a zero with its sign."""
    return DOUBLE.encode(Fraction(fixed) * power_of_two(-places), flush_first=True)


def float_bits(value: float) -> int:
    """Return the bits of the single-precision *value*."""
    return struct.unpack("<I", struct.pack("<f", value))[0]


def double_bits(value: float) -> int:
    """Return the bits of the double-precision *value*."""
    return struct.unpack("<Q", struct.pack("<d", value))[0]
