"""The emulator that other kernel tests rely on: it computes, counts, and detects damage."""

from pathlib import Path

import pytest
from mpy_machine_code import Machine, build, load

_SOURCE = """
import micropython


def plain(x):
    return x


@micropython.asm_thumb
def add(r0, r1):
    add(r0, r0, r1)


@micropython.viper
def increment(x: int) -> int:
    return x + 1


@micropython.asm_thumb
def count_down(r0):
    label(LOOP)
    sub(r0, 1)
    bne(LOOP)


@micropython.asm_thumb
def store(r0, r1):
    str(r1, [r0, 0])


@micropython.asm_thumb
def spoil():
    mov(r1, 1)
    mov(r9, r1)


@micropython.asm_thumb
def load_unaligned(r0):
    ldr(r0, [r0, 0])
"""


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    directory = tmp_path_factory.mktemp("mpy")
    source = directory / "sample.py"
    source.write_text(_SOURCE)
    return load(build(source, directory))


def test_functions_are_found_by_name_and_kind(functions):
    """Each native function has its source name; bytecode is skipped."""
    assert {name: item.kind for name, item in functions.items()} == {
        "add": "asm",
        "increment": "viper",
        "count_down": "asm",
        "store": "asm",
        "spoil": "asm",
        "load_unaligned": "asm",
    }


def test_result_and_cycles_of_straight_code(functions):
    """push {r1, r4-r7, lr} is 7 cycles, add is 1, pop {r1, r4-r7, pc} is 9."""
    machine = Machine(functions, observe=True)
    assert machine.call("add", 2**32 - 1, 3) == 2
    assert (machine.instructions, machine.cycles) == (3, 7 + 1 + 9)


def test_taken_branch_is_one_cycle_more(functions):
    """Ten rounds of sub and bne: nine taken branches take 2 cycles, the last one takes 1."""
    machine = Machine(functions, observe=True)
    machine.call("count_down", 10)
    assert (machine.instructions, machine.cycles) == (22, 7 + 10 + 9 * 2 + 1 + 9)
    assert len(machine.path) == 11


def test_access_is_recorded_and_guarded(functions):
    """A store inside the buffer is recorded; one just past its end is an error."""
    machine = Machine(functions, observe=True)
    address = machine.allocate(4)
    machine.call("store", address, 0x01020304)
    assert machine.read(address, 4) == b"\4\3\2\1"
    assert (True, address, 4) in machine.accesses
    with pytest.raises(RuntimeError, match="outside the buffers"):
        machine.call("store", address + 4, 0)


def test_unaligned_access_is_noticed(functions):
    """An unaligned access, which faults on a Cortex-M0+, is detected."""
    machine = Machine(functions, observe=True)
    address = machine.allocate(8)
    machine.call("load_unaligned", address + 4)
    with pytest.raises(RuntimeError, match="unaligned"):
        machine.call("load_unaligned", address + 1)


def test_spoilt_register_is_noticed(functions):
    """A change of r9, which belongs to the caller, is detected."""
    with pytest.raises(RuntimeError, match="belongs to its caller"):
        Machine(functions).call("spoil")


def test_foreign_file_is_refused(tmp_path: Path):
    """Another magic number or version is a ValueError."""
    path = tmp_path / "old.mpy"
    path.write_bytes(b"M\x05\0\x1f")
    with pytest.raises(ValueError, match="version 6"):
        load(path)
