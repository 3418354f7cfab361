"""The virtual board's boot ROM: bit counting and memory blocks."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator

import pytest
import rom_math_cases as cases
from rom_functions import ROMFunctions, running

_RAM = bytes(random.Random("ram").randbytes(2048))
_BASE = 0x20000000
_LENGTHS = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 255, 256]
_PLAIN = pytest.mark.parametrize("plain", [True, False], ids=["array", "byte by byte"])


@pytest.fixture(scope="module")
def rom() -> Iterator[ROMFunctions]:
    """Run the functions in a Node process."""
    with running() as functions:
        yield functions


@pytest.mark.parametrize(
    ("code", "expect"),
    [
        ("P3", lambda x: bin(x).count("1")),
        ("R3", lambda x: int(f"{x:032b}"[::-1], 2)),
        ("L3", lambda x: 32 - x.bit_length()),
        ("T3", lambda x: (x & -x).bit_length() - 1 if x else 32),
    ],
)
def test_bit_function(rom, code, expect):
    values = cases.integers(32)
    results, flags = rom.call("bits", code, [(x, 11, 12, 13) for x in values])
    assert results == [(expect(x), 11, 12, 13) for x in values]
    assert set(flags) == {None}


def _run(rom: ROMFunctions, code: str, plain: bool, *registers: int) -> tuple[bytes, int, int]:
    request = {"memory": code, "plain": plain, "base": _BASE, "r": registers}
    answer = rom.ask({**request, "ram": base64.b64encode(_RAM).decode()})
    return base64.b64decode(answer["ram"]), answer["r0"], answer["cycles"]


@_PLAIN
@pytest.mark.parametrize("code", ["MS", "S4"])
def test_memset_fills_exactly_its_range_and_returns_the_address(rom, code, plain):
    for length in _LENGTHS:
        for at in (64,) if code == "S4" else (64, 65, 66, 67):
            ram, r0, _ = _run(rom, code, plain, _BASE + at, 0x1234A5, length)
            assert ram == _RAM[:at] + b"\xa5" * length + _RAM[at + length :]
            assert r0 == _BASE + at


@_PLAIN
@pytest.mark.parametrize("code", ["MC", "C4"])
def test_memcpy_copies_exactly_its_range_and_returns_the_address(rom, code, plain):
    for length in _LENGTHS:
        for at, source in [(64, 1024)] if code == "C4" else [(64, 1024), (65, 1024), (67, 1025)]:
            ram, r0, _ = _run(rom, code, plain, _BASE + at, _BASE + source, length)
            assert ram == _RAM[:at] + _RAM[source : source + length] + _RAM[at + length :]
            assert r0 == _BASE + at


@pytest.mark.parametrize("distance", [-5, -4, 4, 5])
def test_memcpy_of_overlapping_blocks_in_plain_memory_arrives_whole(rom, distance):
    ram, _, _ = _run(rom, "MC", True, _BASE + 512 + distance, _BASE + 512, 100)
    assert ram[512 + distance : 612 + distance] == _RAM[512:612]


def test_cycles_follow_the_loops_of_the_rom(rom):
    """16 bytes take 8 cycles to fill and 13 to copy; an unaligned copy takes 7 a byte."""

    def cycles(code: str, *registers: int) -> int:
        return _run(rom, code, True, *registers)[2]

    start = cycles("MS", _BASE, 0, 0)
    assert cycles("MS", _BASE, 0, 1600) == start + 800
    assert cycles("MC", _BASE, _BASE + 4, 160) == start + 130
    assert cycles("MC", _BASE, _BASE + 5, 160) == start + 1120
