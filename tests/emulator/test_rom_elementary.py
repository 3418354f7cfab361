"""The virtual board's boot ROM: sine to ln, compared with the C library through `math`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import pytest
import rom_math_cases as cases
from rom_functions import ROMFunctions, running, to_registers
from rom_math_reference import DOUBLE, FLOAT, Format, Infinite, Zero

_FORMATS = pytest.mark.parametrize("fmt", [FLOAT, DOUBLE], ids=["float", "double"])


@pytest.fixture(scope="module")
def rom() -> Iterator[ROMFunctions]:
    """Run the functions in a Node process."""
    with running() as functions:
        yield functions


def _to_host(fmt: Format, bits: int) -> float:
    value = fmt.decode(bits)
    if isinstance(value, Fraction):
        return float(value)
    return math.copysign(math.inf if isinstance(value, Infinite) else 0, -value.negative or 1)


def _from_host(fmt: Format, value: float) -> int:
    if math.isinf(value):
        return fmt.encode(Infinite(value < 0))
    return fmt.encode(Fraction(value) if value else Zero(math.copysign(1, value) < 0))


def _agrees(fmt: Format, result: int, library: float) -> bool:
    """Return whether *result* equals *library*, or an adjacent double, in the format.

    A double may be 1 ulp off, and a float only if a double's error decides the rounding.
    """
    neighbours = (math.nextafter(library, -math.inf), library, math.nextafter(library, math.inf))
    return result in {_from_host(fmt, value) for value in neighbours}


@_FORMATS
@pytest.mark.parametrize(
    ("template", "function"),
    [("{0}sin", math.sin), ("{0}cos", math.cos), ("{0}tan", math.tan), ("{0}exp", math.exp)],
)
def test_function_of_an_angle_or_exponent_agrees_with_the_c_library(rom, fmt, template, function):
    arguments = cases.angles(fmt, 80 if fmt is FLOAT else 700)
    results = rom.evaluate(fmt, template, [(x,) for x in arguments])
    for x, result in zip(arguments, results, strict=True):
        assert _agrees(fmt, result, function(_to_host(fmt, x))), (hex(x), hex(result))


@_FORMATS
def test_logarithm_agrees_with_the_c_library(rom, fmt):
    numbers = [x for x in cases.singles(fmt) if isinstance(fmt.decode(x), Fraction)]
    arguments = [x for x in numbers if not x & fmt.sign]
    results = rom.evaluate(fmt, "{0}ln", [(x,) for x in arguments])
    for x, result in zip(arguments, results, strict=True):
        assert _agrees(fmt, result, math.log(_to_host(fmt, x))), (hex(x), hex(result))


@_FORMATS
def test_atan2_agrees_with_the_c_library(rom, fmt):
    """atan2 agrees for zeros and infinities of both signs in both places."""
    arguments = cases.pairs(fmt)
    results = rom.evaluate(fmt, "{0}atan2", arguments)
    for (y, x), result in zip(arguments, results, strict=True):
        library = math.atan2(_to_host(fmt, y), _to_host(fmt, x))
        assert _agrees(fmt, result, library), (hex(y), hex(x), hex(result))


@_FORMATS
def test_sine_and_cosine_come_together(rom, fmt):
    """The float sine also returns the cosine in r1, where pico-sdk's sincosf reads it."""
    arguments = [to_registers(fmt, x) for x in cases.angles(fmt, 100)]
    width = len(arguments[0])
    sines, _ = rom.apply(fmt, "{0}sin", arguments)
    cosines, _ = rom.apply(fmt, "{0}cos", arguments)
    expected = [(*s[:width], *c[:width]) for s, c in zip(sines, cosines, strict=True)]
    together, _ = rom.apply(fmt, "{0}sincos", arguments)
    assert [words[: 2 * width] for words in together] == expected
    if fmt is FLOAT:
        assert [words[:2] for words in sines] == expected


@_FORMATS
def test_logarithm_and_exponential_at_the_edges(rom, fmt):
    minus = fmt.sign
    one, denormal, inf, nan = fmt.encode(Fraction(1)), 1, fmt.infinity, fmt.infinity + 1
    limit = fmt.encode(Fraction(128 if fmt is FLOAT else 1024))
    for template, expected, arguments in [
        ("{0}ln", minus | inf, [0, minus, denormal, minus | one, minus | inf, minus | nan]),
        ("{0}ln", inf, [inf, nan]),
        ("{0}exp", inf, [inf, nan, limit]),
        ("{0}exp", 0, [minus | inf, minus | nan, minus | limit]),
        ("{0}exp", one, [0, minus, denormal, minus | denormal]),
    ]:
        assert set(rom.evaluate(fmt, template, [(x,) for x in arguments])) == {expected}


@_FORMATS
@pytest.mark.parametrize(
    ("template", "function"), [("{0}sin", math.sin), ("{0}cos", math.cos), ("{0}tan", math.tan)]
)
def test_angle_out_of_range_is_clamped(rom, fmt, template, function):
    limit = 128 if fmt is FLOAT else 1024
    bits = fmt.encode(Fraction(limit))
    for sign in (1, -1):
        beyond = [x | (fmt.sign if sign < 0 else 0) for x in (bits, bits + 1, fmt.infinity)]
        (result,) = set(rom.evaluate(fmt, template, [(x,) for x in beyond]))
        assert _agrees(fmt, result, function(sign * limit))
