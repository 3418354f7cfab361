"""The tests' model of an Xtensa processor, compared with QEMU."""

import random
import re

import pytest
import xtensa_code
from emulated_kernels import KERNELS, SHA512, load_kernel
from mpy_machine_code import build, load
from qemu_xtensa import assemble, load_constant, run
from xtensa_machine import RAM, STACK, XtensaMachine

_REGISTERS = [f"a{i}" for i in range(1, 16)]
_AREA = 1024  # The bytes that the accesses of a case may reach.
_AT_ONCE, _CODE = 250, 100_000  # Cases in a run, and bytes for their code.
_EDGES = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 0xFFFF, 0x1_0000)

pytestmark = pytest.mark.needs("qemu-xtensa")


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Return the assembler functions of all kernels."""
    directory = tmp_path_factory.mktemp("mpy")
    found = load_kernel("xtensawin", directory)
    found |= load(build(KERNELS / SHA512["xtensawin"], directory, "xtensawin"))
    names = ("_run", "_divide_steps", "_spread", "_gather", "_compress")
    return {name: found[name] for name in names}


@pytest.fixture(scope="module")
def instructions(functions):
    """Return each distinct instruction of these, with its registers and numbers."""
    blocks = [xtensa_code.blocks(function.code, RAM) for function in functions.values()]
    every = [instruction for some in blocks for block in some.values() for instruction in block]
    return {(item.word, item.size): item for item in every}


def test_all_that_is_translated_is_used(instructions):
    """The table has no unused, and so untested, instruction."""
    table = {*xtensa_code.SIMPLE, *xtensa_code.JUMPS, *xtensa_code.CALLS, "retw.n"}
    assert {item.name for item in instructions.values()} == table


def _case(instruction, place, values, result):
    """Return a case's code: registers from *values*, the instruction, registers to *result*."""
    shift = "movi(a0, 0); " + load_constant("a0", values["sar"]) + "; ssr(a0)"
    first = [shift, load_constant("a0", values["a0"])]
    first += [f"l32i({name}, a0, {4 * i})" for i, name in enumerate(_REGISTERS)]
    code = assemble("; ".join(first), place)
    code += instruction.word.to_bytes(instruction.size, "little")
    last = [load_constant("a0", result)]
    last += [f"s32i({name}, a0, {4 * i})" for i, name in enumerate(_REGISTERS)]
    return code + assemble("; ".join(last), place + len(code))


def _expected(machine, instruction, values):
    """Return the registers after an instruction, which may change the machine's memory."""
    space = dict(machine.names) | {"sar": values["sar"]} | {r: values[r] for r in _REGISTERS}
    exec(xtensa_code.python(instruction), space)  # noqa: S102
    return b"".join([space[name].to_bytes(4, "little") for name in _REGISTERS])


def _has_a0(instruction):
    return re.search(r"\ba0\b", xtensa_code.python(instruction))


def _values(choose, instruction, inputs, area):
    """Return values for the registers; an instruction's address is in *area*."""
    values = {name: choose.choice((*_EDGES, choose.getrandbits(32))) for name in _REGISTERS}
    if re.search(r"\bm\d", xtensa_code.SIMPLE[instruction.name][2]):
        values[f"a{instruction.word >> 8 & 15}"] = area
    return values | {"sar": choose.randrange(32), "a0": inputs}


def test_each_instruction_does_what_qemu_does(instructions, tmp_path):
    """Each instruction of the kernels except jumps and muluh does what it does in QEMU.

    Instructions that save a0 around the call are excepted, too, as a case starts from a0.
    """
    choose = random.Random(5)
    simple = [item for item in instructions.values() if item.name in xtensa_code.SIMPLE]
    simple = [item for item in simple if item.name != "muluh" and not _has_a0(item)]
    assert len(simple) > 500
    for start in range(0, len(simple), _AT_ONCE):
        machine = XtensaMachine({})
        area = machine.allocate(choose.randbytes(_AREA + 1024))
        place = machine.allocate(_CODE)
        code, cases = b"", []
        for instruction in simple[start : start + _AT_ONCE]:
            inputs, result = machine.allocate(64), machine.allocate(64)
            values = _values(choose, instruction, inputs, area)
            words = [values[name].to_bytes(4, "little") for name in _REGISTERS]
            machine.write(inputs, b"".join(words))
            code += _case(instruction, place + len(code), values, result)
            cases.append((instruction, values, result))
        assert len(code) < _CODE - 100
        machine.write(place, code)
        after = run(bytes(machine.memory), RAM, place, place + len(code), tmp_path)
        for instruction, values, result in cases:
            registers = _expected(machine, instruction, values)
            found = after[result - RAM : result - RAM + len(registers)]
            assert found == registers, instruction
        assert after[area - RAM : area - RAM + _AREA] == machine.read(area, _AREA)


def _call_in_qemu(machine, name, addresses, numbers, directory):
    """Return the memory after a function call in QEMU, and run the same in *machine*."""
    place = machine.allocate(300)
    values = [*(address >> 2 for address in addresses), *numbers]
    objects = machine.allocate(b"".join([(2 * v + 1).to_bytes(4, "little") for v in values]))
    code = assemble(load_constant("a13", objects), place)
    distance = machine.places[name][1] - place - len(code)
    code += assemble(f"call8({distance})", place + len(code))
    machine.write(place, code)
    after = run(bytes(machine.memory), RAM, place, place + len(code), directory)
    machine.call(name, 0, len(values), 0, objects)
    return after


def _agree(machine, after):
    """Check that both memories are equal, except for the stack and QEMU's own code."""
    used = slice(0, STACK - RAM - 4096)
    same = [a == b for a, b in zip(after[used], machine.memory[used], strict=True)]
    assert same.count(False) < 110


def test_hashing_in_qemu(functions, tmp_path):
    """Hashing agrees with QEMU, with its jumps and windowed calls."""
    machine = XtensaMachine(functions)
    constants = bytes(random.Random(3).randbytes(640))
    state, blocks = machine.allocate(b"state " * 10 + b"more"), machine.allocate(b"block" * 77)
    work, table = machine.allocate(704), machine.allocate(constants)
    before = machine.read(state, 64)
    after = _call_in_qemu(machine, "_compress", (state, blocks, work, table), [3], tmp_path)
    assert after[state - RAM : state - RAM + 64] == machine.read(state, 64) != before
    _agree(machine, after)


def test_inversion_in_qemu(functions, tmp_path):
    """All three functions of the inversion agree with QEMU."""
    machine = XtensaMachine(functions)
    number, rows = machine.allocate(random.Random(4).randbytes(50)), machine.allocate(29 * 24)
    result = machine.allocate(52)
    for name, addresses, numbers in (
        ("_spread", (number, rows), [0]),
        ("_spread", (number, rows), [1]),
        ("_divide_steps", (rows,), []),
        ("_gather", (rows, result), [1]),
    ):
        after = _call_in_qemu(machine, name, addresses, numbers, tmp_path)
        assert after[rows - RAM : rows - RAM + 29 * 24] == machine.read(rows, 29 * 24)
        assert after[result - RAM : result - RAM + 52] == machine.read(result, 52)
        _agree(machine, after)


def test_points_are_copied_in_qemu(functions, tmp_path):
    """P-384's operations without muluh agree with QEMU: sums, differences, SELECT."""
    choose = random.Random(6)
    machine = XtensaMachine(functions)
    table = machine.allocate(choose.randbytes(32 * 96))
    work = machine.allocate(choose.randbytes(13 * 48) + table.to_bytes(4, "little"))
    steps = [(5, 17, 36, 0), (3, 6, 0, 3), (4, 9, 3, 0), (5, 40, 36, 1), (4, 12, 15, 3), (0,) * 4]
    program = machine.allocate(b"".join([bytes(step) for step in steps]))
    after = _call_in_qemu(machine, "_run", (program, work), [], tmp_path)
    assert after[work - RAM : work - RAM + 13 * 48] == machine.read(work, 13 * 48)
    _agree(machine, after)
