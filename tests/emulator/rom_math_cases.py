"""Bit patterns and integers for testing the boot ROM's arithmetic.

They are edges, ties, and random values from fixed seeds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from rom_math_reference import FLOAT, Format, double_bits, float_bits

_RANDOM_CASES = 3000
_EDGE_VALUES = [
    0.0,
    0.5,
    0.75,
    1.0,
    1.5,
    2.0,
    2.5,
    3.0,
    0.1,
    1 / 3,
    3.141592653589793,
    0.7071067811865476,
]
_EDGE_VALUES += [float(2**k) for k in (7, 8, 10, 23, 24, 30, 31, 32, 52, 53, 62, 63, 64, 65)]
_EDGE_VALUES += [
    2.0**31 - 1,
    2.0**31 - 0.5,
    2.0**32 - 1,
    8388607.5,
    8388608.5,
    16777217.0,
    127.99999,
    1023.5,
]


def edges(fmt: Format, *, neighbours: bool) -> list[int]:
    """Return zeros, denormals, the ends of the normal range, infinities, NaNs and plain numbers.

    *neighbours*: whether to include the patterns next to each of these values.
    """
    one = 1 << fmt.fraction_bits
    positive = [0, 1, one >> 1, one - 1, one, one + 1, 2 * one - 1, 2 * one, 2 * one + 1]
    positive += [fmt.infinity - 1, fmt.infinity - one, fmt.infinity, fmt.infinity + 1, fmt.sign - 1]
    encode = float_bits if fmt is FLOAT else double_bits
    for value in _EDGE_VALUES:
        bits = encode(value)
        positive += [bits - 1, bits, bits + 1] if bits and neighbours else [bits]
    return [bits | sign for bits in dict.fromkeys(positive) for sign in (0, fmt.sign)]


def random_pattern(fmt: Format, source: random.Random) -> int:
    """Return a random pattern; half of them have few fraction bits, so that results tie."""
    bits = source.getrandbits(1 + fmt.exponent_bits + fmt.fraction_bits)
    if source.getrandbits(1):
        mask = (1 << source.randrange(fmt.fraction_bits)) - 1
        bits = bits & ~mask if source.getrandbits(1) else bits | mask
    return bits


def singles(fmt: Format) -> list[int]:
    """Return arguments for a function of one number."""
    source = random.Random(f"singles {fmt.fraction_bits}")
    return edges(fmt, neighbours=True) + [random_pattern(fmt, source) for _ in range(_RANDOM_CASES)]


def pairs(fmt: Format) -> list[tuple[int, int]]:
    """Return pairs of arguments for a function of two numbers.

    They are far apart, close together, or with results at both ends of the range.
    """
    source = random.Random(f"pairs {fmt.fraction_bits}")
    few = edges(fmt, neighbours=False)
    cases = [(x, y) for x in few for y in few]
    for _ in range(_RANDOM_CASES):
        x, y = random_pattern(fmt, source), random_pattern(fmt, source)
        cases.append((x, y))
        cases.append((x, _with_exponent(fmt, y, _exponent(fmt, x) + source.randint(-3, 3))))
        # Products and quotients near the smallest and the largest normal number.
        end = source.choice([1, 2 * fmt.bias]) + source.randint(-1, 1)
        cases.append((x, _with_exponent(fmt, y, end - _exponent(fmt, x) + fmt.bias)))
        cases.append((x, _with_exponent(fmt, y, _exponent(fmt, x) - end + fmt.bias)))
    return cases + _underflow_ties(fmt, source)


def _underflow_ties(fmt: Format, source: random.Random) -> list[tuple[int, int]]:
    """Return pairs whose product or quotient is half a step below the smallest normal number."""
    all_ones = (1 << fmt.fraction_bits) - 1
    cases = []
    for _ in range(200):
        exponent = source.randrange(2, fmt.bias)
        x = exponent << fmt.fraction_bits | all_ones
        cases.append((x, (fmt.bias - exponent) << fmt.fraction_bits))  # product
        cases.append((x, (exponent + fmt.bias) << fmt.fraction_bits))  # quotient
    return cases


def _exponent(fmt: Format, bits: int) -> int:
    return (bits & fmt.infinity) >> fmt.fraction_bits


def _with_exponent(fmt: Format, bits: int, exponent: int) -> int:
    exponent = min(max(exponent, 0), 2 * fmt.bias + 1)
    return bits & ~fmt.infinity | exponent << fmt.fraction_bits


def integers(bits: int) -> list[int]:
    """Return unsigned patterns: both ends, powers of two, ties of both formats, random ones."""
    source = random.Random(f"integers {bits}")
    mask = (1 << bits) - 1
    values = {0, mask, mask >> 1, (mask >> 1) + 1}
    for k in range(bits):
        values.update((1 << k) + d for d in (-1, 0, 1))
        for precision in (24, 53):
            if k > precision:  # half a unit in the last place, just below and just above it
                values.update((1 << k) + (1 << (k - precision)) + d for d in (-1, 0, 1))
                values.update((1 << (k + 1)) - (1 << (k - precision)) + d for d in (-1, 0, 1))
    values |= {-v for v in values}
    values |= {source.getrandbits(source.randint(1, bits)) for _ in range(500)}
    return sorted({v & mask for v in values})


def places(fmt: Format, wide: int) -> list[int]:
    """Return bit counts after the point, including those that over- or underflow *wide* bits."""
    usual = [-64, -33, -32, -31, -9, -8, -7, -1, 0, 1, 2, 8, 16, 23, 24, 29, 31, 32, 52, 62, 63, 64]
    low, high = -fmt.bias, fmt.bias - 1
    return usual + [
        edge + d for edge in (low, high, high + wide // 2, high + wide) for d in range(-2, 3)
    ]


def fixed_points(fmt: Format, bits: int, *, signed: bool) -> Iterator[tuple[int, int]]:
    """Yield integers with places; some results are near the smallest normal number."""
    for pattern in integers(bits):
        negative = signed and pattern >> (bits - 1)
        length = ((1 << bits) - pattern if negative else pattern).bit_length()
        for count in (*places(fmt, bits)[::3], *(length + fmt.bias + d for d in (-3, -2, -1, 0))):
            yield pattern, count


def angles(fmt: Format, limit: int) -> list[int]:
    """Return numbers within ±*limit*, also near multiples of pi/2 and close to zero."""
    source = random.Random(f"angles {fmt.fraction_bits}")
    encode = float_bits if fmt is FLOAT else double_bits
    values = [source.uniform(-limit, limit) for _ in range(1500)]
    values += [k * 1.5707963267948966 for k in range(-int(limit / 1.6), int(limit / 1.6))]
    values += [source.uniform(-1, 1) * 2.0 ** -source.randrange(fmt.bias - 2) for _ in range(500)]
    return [encode(value) for value in values] + [0, fmt.sign, fmt.encode(fmt.min_normal)]
