"""The virtual board's boot ROM: arithmetic and conversions, bit for bit against exact fractions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rom_math_cases as cases
import rom_math_reference as reference
from rom_functions import (
    MASK32,
    ROMFunctions,
    from_registers,
    running,
    slot_names,
    table_name,
    to_registers,
)
from rom_math_reference import DOUBLE, FLOAT

_FORMATS = pytest.mark.parametrize("fmt", [FLOAT, DOUBLE], ids=["float", "double"])
_SIGNED = pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
_FIXED = pytest.mark.parametrize("fixed", [True, False], ids=["fixed", "integer"])
_BITS = pytest.mark.parametrize("bits", [32, 64])


@pytest.fixture(scope="module")
def rom() -> Iterator[ROMFunctions]:
    """Run the functions in a Node process."""
    with running() as functions:
        yield functions


def _differences(arguments: list, results: list[int], expected: list[int]) -> list:
    """Return the first few (argument, result, expected) that differ."""
    triples = zip(arguments, results, expected, strict=True)
    return [triple for triple in triples if triple[1] != triple[2]][:5]


def _integer_name(bits: int, signed: bool, fixed: bool) -> str:
    return ("" if signed else "u") + ("fix" if fixed else "int") + ("64" if bits == 64 else "")


@_FORMATS
def test_every_slot_of_the_table_holds_the_function_that_pico_sdk_expects(rom, fmt):
    names = rom.ask({"names": table_name(fmt)})["names"]
    assert names == slot_names(fmt)
    assert len(names) == 32


@_FORMATS
@pytest.mark.parametrize(
    ("template", "expect"),
    [
        ("{0}add", reference.add),
        ("{0}sub", reference.subtract),
        ("{0}mul", reference.multiply),
        ("{0}div", reference.divide),
    ],
)
def test_arithmetic_is_correctly_rounded(rom, fmt, template, expect):
    arguments = cases.pairs(fmt)
    results = rom.evaluate(fmt, template, arguments)
    assert not _differences(arguments, results, [expect(fmt, x, y) for x, y in arguments])


@_FORMATS
def test_square_root_is_correctly_rounded(rom, fmt):
    arguments = [(x,) for x in cases.singles(fmt)]
    results = rom.evaluate(fmt, "{0}sqrt", arguments)
    expected = [reference.square_root(fmt, x) for (x,) in arguments]
    assert not _differences(arguments, results, expected)


@_FORMATS
@pytest.mark.parametrize(
    ("template", "basic"),
    [("{0}cmp_fast", False), ("{0}cmp_fast_flags", False), ("{0}cmp_basic", True)],
)
def test_comparison_gives_the_order_and_the_flags(rom, fmt, template, basic):
    arguments = cases.pairs(fmt)
    results, flags = rom.apply(fmt, template, [to_registers(fmt, *pair) for pair in arguments])
    orders = [reference.order(fmt, x, y, basic=basic) for x, y in arguments]
    expected = [order & MASK32 for order in orders]
    assert not _differences(arguments, [words[0] for words in results], expected)
    assert flags == [{-1: "NzCv", 0: "nZCv", 1: "nzCv"}[order] for order in orders]


@_FORMATS
@_SIGNED
@_BITS
@_FIXED
def test_conversion_to_an_integer_rounds_down_and_clamps(rom, fmt, bits, signed, fixed):
    counts = cases.places(fmt, bits) if fixed else [0]
    step = 8 if fixed else 1
    numbers = cases.singles(fmt)
    arguments = [(x, p) for i, p in enumerate(counts) for x in numbers[i % step :: step]]
    words = [to_registers(fmt, x) + [p & MASK32] * fixed for x, p in arguments]
    results, _ = rom.apply(fmt, "{1}2" + _integer_name(bits, signed, fixed), words)
    got = [words[0] | (words[1] << 32 if bits == 64 else 0) for words in results]
    expected = [reference.to_fixed(fmt, x, p, bits, signed=signed) for x, p in arguments]
    assert not _differences(arguments, got, expected)


@_FORMATS
@_SIGNED
@_BITS
@_FIXED
def test_conversion_from_an_integer_is_correctly_rounded(rom, fmt, bits, signed, fixed):
    counted = cases.fixed_points(fmt, bits, signed=signed)
    arguments = list(counted) if fixed else [(n, 0) for n in cases.integers(bits)]
    words = [[n & MASK32, n >> 32][: bits // 32] + [p & MASK32] * fixed for n, p in arguments]
    results, _ = rom.apply(fmt, _integer_name(bits, signed, fixed) + "2{1}", words)
    got = [from_registers(fmt, words) for words in results]
    convert = reference.fixed_to_float if fmt is FLOAT else reference.fixed_to_double
    values = [(n - (1 << bits) if signed and n >> (bits - 1) else n, p) for n, p in arguments]
    assert not _differences(arguments, got, [convert(n, p) for n, p in values])


def test_float_to_double_is_exact(rom):
    arguments = cases.singles(FLOAT)
    results, _ = rom.apply(FLOAT, "float2double", [(x,) for x in arguments])
    got = [from_registers(DOUBLE, words) for words in results]
    assert not _differences(arguments, got, [DOUBLE.encode(FLOAT.decode(x)) for x in arguments])


def test_double_to_float_is_correctly_rounded(rom):
    """The tested doubles include those half a float unit above each float, and neighbours."""
    floats = [DOUBLE.encode(FLOAT.decode(x)) for x in cases.singles(FLOAT)]
    halves = [x + (1 << 28) + d for x in floats for d in (-1, 0, 1)]
    arguments = [*cases.singles(DOUBLE), *floats, *halves]
    results, _ = rom.apply(DOUBLE, "double2float", [to_registers(DOUBLE, x) for x in arguments])
    expected = [FLOAT.encode(DOUBLE.decode(x)) for x in arguments]
    assert not _differences(arguments, [words[0] for words in results], expected)
