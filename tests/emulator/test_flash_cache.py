"""The cache of the virtual board's flash: how long each read takes (RP2040 datasheet, 2.6.3)."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from boardcert_host.virtual.node import emulator_modules, find_node

_BASE = 0x1000_0000
_WAY_BYTES = 8192
_WORD = 40  # 20 SSI clocks at clk_sys / 2.
_NOP, _LOAD_PC = 0xBF00, 0x4800  # nop; ldr r0, [pc, #0]
# The state after the SDK's boot2_w25q080: 32-bit frames, quad, continuing EBh, 4 dummy clocks; / 2.
_QUAD_CONTINUOUS = [
    ["ssi", 0x08, 0],
    ["ssi", 0x14, 2],
    ["ssi", 0x00, 2 << 21 | 31 << 16 | 3 << 8],
    ["ssi", 0xF4, 0xA0 << 24 | 4 << 11 | 8 << 2 | 2],
    ["ssi", 0x08, 1],
]


def _ask(*commands: list[Any], setup: list[list[Any]] = _QUAD_CONTINUOUS) -> list[Any]:
    node = find_node()
    environment = {**os.environ, "BOARDCERT_NODE_MODULES": str(emulator_modules(node))}
    driver = Path(__file__).with_name("flash_cache_driver.mjs")
    done = subprocess.run(
        [node.executable, driver],
        input=json.dumps([*setup, *commands]),
        capture_output=True,
        check=True,
        text=True,
        env=environment,
    )
    return json.loads(done.stdout)[len(setup) :]


def _reads(*addresses: int) -> list[int]:
    return _ask(*(["read", address, 4] for address in addresses))


@pytest.mark.parametrize(
    ("control", "format_", "divider", "cycles"),
    [
        (2 << 21, 0xA0 << 24 | 4 << 11 | 8 << 2 | 2, 2, 40),
        (2 << 21, 0xA0 << 24 | 4 << 11 | 8 << 2 | 2, 4, 80),
        (0, 0x03 << 24 | 6 << 2 | 2 << 8, 4, 256),  # 03h: 8 + 24 + 32 clocks
        (1 << 21, 0xBB << 24 | 8 << 2 | 2 << 8 | 1, 2, 80),  # BBh: 8 + 32/2 + 32/2
    ],
)
def test_a_word_takes_what_the_interface_is_set_to(
    control: int, format_: int, divider: int, cycles: int
) -> None:
    """A read takes instruction, address and mode, dummy clocks and data, by lanes and divider."""
    setup = [["ssi", 0x00, control], ["ssi", 0xF4, format_], ["ssi", 0x14, divider]]
    assert _ask(["word"], setup=[*setup, ["ssi", 0x08, 1]]) == [cycles]


def test_a_line_is_filled_by_halves() -> None:
    """A line's second word is read from the chip separately; afterwards both are cached."""
    word, other = _BASE + 0x100, _BASE + 0x104
    assert _reads(word, other, word, other, word + 1) == [_WORD, _WORD, 0, 0, 0]


def test_three_lines_of_one_set_do_not_fit_in_two_ways() -> None:
    """Of three lines in one set, the least recently used is evicted."""
    a, b, c = (_BASE + 0x40 + way * _WAY_BYTES for way in range(3))
    assert _reads(a, b, a, c, a, b) == [_WORD, _WORD, 0, _WORD, 0, _WORD]


def test_what_is_in_another_set_stays() -> None:
    """16 consecutive KB fit."""
    size = 2 * _WAY_BYTES
    cycles = _ask(["read", _BASE, size], ["read", _BASE, size], ["read", _BASE, size + 8])
    assert cycles == [size // 4 * _WORD, 0, 2 * _WORD]


def test_the_aliases_ask_the_cache_or_fill_it() -> None:
    """0x11 looks up without filling, 0x12 fills without looking up, 0x13 does neither."""
    noalloc, nocache, neither = (_BASE + (alias << 24) + 0x80 for alias in (1, 2, 3))
    cached = _BASE + 0x80
    assert _reads(noalloc, noalloc, neither, cached, noalloc, neither) == [*[_WORD] * 4, 0, _WORD]
    assert _reads(nocache, cached, nocache) == [_WORD, 0, _WORD]


def test_flushing_and_switching_off() -> None:
    """A flush empties the cache; while it is off, every read goes to the chip."""
    read = ["read", _BASE, 4]
    answers = _ask(read, read, ["flush"], read, ["enabled", False], read, read, ["enabled", True])
    assert answers == [_WORD, 0, 0, _WORD, 0, _WORD, _WORD, 0]


def test_ram_is_not_cached() -> None:
    """Reads of RAM do not use the cache."""
    assert _reads(0x2000_0000, 0x0000_0100) == [0, 0]


def test_instructions_are_fetched_by_words() -> None:
    """A word has two halfwords: of five instructions, the first, third and fifth wait."""
    run = ["run", _BASE + 0x200, [_NOP] * 5, 5]
    assert _ask(run, run, ["run", 0x2000_0000, [_NOP] * 5, 5]) == [5 + 3 * _WORD, 5, 5]


def test_literals_are_read_through_the_cache() -> None:
    """A load from flash waits once for its word."""
    run = ["run", _BASE + 0x300, [_LOAD_PC, _NOP, 0x1234, 0x5678], 1]
    assert _ask(run, run) == [2 + 2 * _WORD, 2]


def test_a_branch_into_a_long_instruction_fetches_both_of_its_words() -> None:
    """A BL across two words fetches both."""
    code = [_NOP, 0xF000, 0xF800, _NOP]
    assert _ask(["run", _BASE + 0x400, code, 2]) == [1 + 3 + 2 * _WORD]


def test_alarms_are_called_while_the_chip_is_busy() -> None:
    """Peripheral alarms that become due during a flash access are called late, not lost."""
    ((called, end),) = _ask(["pass", 45, [10, 50, 44]])
    assert called == pytest.approx([10, 44])
    assert end == pytest.approx(45)
