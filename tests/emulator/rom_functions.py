"""The virtual board's boot ROM functions, called in bulk from Python through one Node process."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from boardcert_host.errors import Error
from boardcert_host.virtual.node import find_node
from processes import started
from rom_math_reference import FLOAT, Format

MASK32 = 0xFFFFFFFF
# The slots of both tables in the order of pico-sdk's sf_table.h; name() explains {0} to {2}.
_SLOTS = (
    "{0}add {0}sub {0}mul {0}div {0}cmp_fast {0}cmp_fast_flags {0}sqrt "
    "{1}2int {1}2fix {1}2uint {1}2ufix int2{1} fix2{1} uint2{1} ufix2{1} "
    "{0}cos {0}sin {0}tan {0}sincos {0}exp {0}ln {0}cmp_basic {0}atan2 "
    "int642{1} fix642{1} uint642{1} ufix642{1} {1}2int64 {1}2fix64 {1}2uint64 {1}2ufix64 {1}2{2}"
)
_DRIVER = Path(__file__).with_name("rom_math_driver.mjs")


def table_name(fmt: Format) -> str:
    """Return the driver's name for the format's table."""
    return "float" if fmt is FLOAT else "double"


def name(fmt: Format, template: str) -> str:
    """Fill *template*: {0} is f or d, {1} the format's name, {2} the other format's name."""
    words = ("f", "float", "double") if fmt is FLOAT else ("d", "double", "float")
    return template.format(*words)


def slot_names(fmt: Format) -> list[str]:
    """Return the names that the slots of the format's table should have."""
    return name(fmt, _SLOTS).split()


def to_registers(fmt: Format, *patterns: int) -> list[int]:
    """Distribute *patterns* of the format over registers, low word first."""
    if fmt is FLOAT:
        return list(patterns)
    return [word for pattern in patterns for word in (pattern & MASK32, pattern >> 32)]


def from_registers(fmt: Format, words: Sequence[int]) -> int:
    """Return the pattern of the format in r0, or in r0 and r1."""
    return words[0] if fmt is FLOAT else words[0] | words[1] << 32


class ROMFunctions:
    """The JavaScript functions behind rom_math_driver.mjs, whose requests are described there."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, request: dict[str, object]) -> dict[str, Any]:
        """Send one request and return its answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError("Node was started without pipes")
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def call(
        self, table: str, key: object, arguments: Sequence[Sequence[int]]
    ) -> tuple[list[tuple[int, ...]], list[str | None]]:
        """Call one function with each register tuple; return r0 to r3 and the flags after each."""
        packed = b"".join(struct.pack("<4I", *(*words, 0, 0, 0, 0)[:4]) for words in arguments)
        args = base64.b64encode(packed).decode()
        answer = self.ask({"table": table, "key": key, "args": args})
        results = struct.iter_unpack("<4I", base64.b64decode(answer["results"]))
        return list(results), answer["flags"]

    def apply(
        self, fmt: Format, template: str, arguments: Sequence[Sequence[int]]
    ) -> tuple[list[tuple[int, ...]], list[str | None]]:
        """Call the function that *template* names in the format's table, with register tuples."""
        slot = slot_names(fmt).index(name(fmt, template))
        return self.call(table_name(fmt), slot, arguments)

    def evaluate(
        self, fmt: Format, template: str, arguments: Sequence[tuple[int, ...]]
    ) -> list[int]:
        """Return the results for arguments, both as patterns of the format."""
        results, _ = self.apply(fmt, template, [to_registers(fmt, *values) for values in arguments])
        return [from_registers(fmt, words) for words in results]


@contextlib.contextmanager
def running() -> Iterator[ROMFunctions]:
    """Start Node and stop it again; skip the tests if it is missing and cannot be installed."""
    try:
        node = find_node()
    except Error as error:
        pytest.skip(f"no Node: {error}")
    command = [node.executable, str(_DRIVER)]
    pipe = subprocess.PIPE
    with started(command, stdin=pipe, stdout=pipe) as process:
        yield ROMFunctions(process)
