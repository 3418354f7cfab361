"""The P-384 kernel's machine code against Python's integers and cryptography, and its cycles."""
# ruff: noqa: E501 (a field element is one number)

import importlib
import os
import random
import sys
import types
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from mpy_machine_code import Machine, build, load

_KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
_SOURCE = _KERNELS / "kernel_p384.py"
_SIZE = 48

_P = 2**384 - 2**128 - 2**96 + 2**32 - 1
_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_TOP = 2**384

_OPERATIONS = {
    1: lambda a, b: a * b,
    2: lambda a, b: a * a,
    3: lambda a, b: a + b,
    4: lambda a, b: a - b,
}
_BUDGET_CYCLES = {1: 4000, 2: 2800, 3: 200, 4: 200}

# The boundaries of the range and of the halves, and carries that begin or end at every word.
_EDGES = sorted(
    {0, 1, 2, _P - 2, _P - 1, _P, _P + 1, _P + 2, _TOP - 1, _TOP - 2, _TOP - _P, 2**383, _N}
    | {(1 << 32 * i) - 1 for i in range(1, 12)}
    | {_TOP - (1 << 32 * i) for i in range(1, 12)}
    | {_P - (1 << 32 * i) for i in range(1, 12)}
    | {1 << 32 * i for i in range(1, 12)}
)
# The one scalar for which the last addition of the comb meets equal points; see p384_bigint.py.
_EXCEPTION = _N - 2 * sum(1 << 192 + 32 * i for i in range(6))


class _Kernel:
    """The kernel's functions as MicroPython would call them, on the buffers of CPython."""

    def __init__(self, functions, observe=False):
        self.machine = Machine(functions, observe)
        self._program = self.machine.allocate(1024)
        self._work = self.machine.allocate(85 * _SIZE)
        self._tables = {}

    def run(self, program, work):
        self.machine.write(self._program, program)
        self.machine.write(self._work, work)
        self.machine.call("run", self._program, self._work)
        work[:] = self.machine.read(self._work, len(work))

    def select(self, table, index, work, sign):
        if table not in self._tables:
            self._tables[table] = self.machine.allocate(table)
        self.machine.write(self._work, work)
        self.machine.call("select", self._tables[table], index, self._work, sign & 0xFFFFFFFF)
        work[:] = self.machine.read(self._work, len(work))

    def operate(self, steps, values):
        """Return the work area's elements after *steps*, (operation, destination, a, b)."""
        program = bytes(
            number
            for operation, destination, a, b in steps
            for number in (operation, 3 * destination, 3 * a, b if operation == 2 else 3 * b)
        )
        work = bytearray(b"".join(value.to_bytes(_SIZE, "little") for value in values))
        self.run(program + bytes(4), work)
        return _elements(work)


def _elements(work):
    return [int.from_bytes(work[i : i + _SIZE], "little") for i in range(0, len(work), _SIZE)]


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    return load(build(_SOURCE, tmp_path_factory.mktemp("mpy")))


@pytest.fixture(scope="module")
def generator():
    """The generator of the kernel, as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(_KERNELS))
        yield importlib.import_module("make_p384")
        for name in ("make_p384", "p384_field", "thumb"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def engine(functions, generator):
    """The device's p384_kernel.py, on the emulated kernel."""
    kernel = _Kernel(functions)
    programs = {name: generator.assemble(text) for name, text in generator.PROGRAMS.items()}
    stub = types.ModuleType("boardcert.kernel_p384")
    vars(stub).update(run=kernel.run, select=kernel.select, **programs)
    uctypes = types.ModuleType("uctypes")
    vars(uctypes).update(addressof=lambda _: 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, stub.__name__, stub)
        patch.setitem(sys.modules, "uctypes", uctypes)
        module = importlib.import_module("boardcert.p384_kernel")
        yield module
        del sys.modules[module.__name__]
        del sys.modules["boardcert"].p384_kernel


def _public_point(scalar):
    numbers = ec.derive_private_key(scalar, ec.SECP384R1()).public_key().public_numbers()
    return numbers.x, numbers.y


def test_committed_kernel_is_the_generators(generator):
    """kernel_p384.py is what make_p384.py writes."""
    assert _SOURCE.read_text() == generator.kernel()


def _check_pairs(functions, pairs):
    """Check all four operations on each pair; return how many that were."""
    kernel = _Kernel(functions)
    checked = 0
    for start in range(0, len(pairs), 10):
        some = pairs[start : start + 10]
        values = [value for pair in some for value in pair]
        steps = [
            (operation, 20 + 4 * i + operation - 1, 2 * i, 1 if operation == 2 else 2 * i + 1)
            for i in range(len(some))
            for operation in _OPERATIONS
        ]
        results = kernel.operate(steps, values + [0] * (60 - len(values)))
        for i, (a, b) in enumerate(some):
            for operation, compute in _OPERATIONS.items():
                result = results[20 + 4 * i + operation - 1]
                assert result % _P == compute(a, b) % _P, (operation, hex(a), hex(b), hex(result))
                checked += 1
    return checked


def test_field_operations_at_the_edges(functions):
    """Each pair of special values: zero, around p, the largest, carries at every word."""
    pairs = [(a, b) for a in _EDGES for b in _EDGES]
    assert _check_pairs(functions, pairs) > 10_000


def test_field_operations_on_sparse_and_dense_words(functions):
    """Words of all zeros and all ones, where half-word carries run far."""
    choose = random.Random(1)
    words = (0, 0xFFFFFFFF, 0xFFFF0000, 0x0000FFFF, 1, 0x80000000)
    numbers = [sum(choose.choice(words) << 32 * i for i in range(12)) for _ in range(6_000)]
    assert _check_pairs(functions, list(zip(numbers[::2], numbers[1::2], strict=True))) == 12_000


def test_field_operations_on_random_values(functions):
    """Random values below 2**384, not only below p."""
    seed = int.from_bytes(os.urandom(8), "big")
    choose = random.Random(seed)
    pairs = [(choose.getrandbits(384), choose.getrandbits(384)) for _ in range(22_000)]
    assert _check_pairs(functions, pairs) == 88_000, seed


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_results_may_take_the_place_of_operands(functions, operation):
    """Destination and operands may be the same place, each with each."""
    kernel = _Kernel(functions)
    compute = _OPERATIONS[operation]
    a, b = _P - 3, 2**384 - 5
    for destination, first, second in ((0, 0, 1), (1, 0, 1), (2, 0, 0), (0, 0, 0)):
        values = [a, b, 7]
        expected = compute(values[first], values[second]) % _P
        step = (operation, destination, first, 1 if operation == 2 else second)
        results = kernel.operate([step], values)
        assert results[destination] % _P == expected
        values[destination] = results[destination]
        assert results == values


@pytest.mark.parametrize("count", [1, 2, 3, 120, 255])
def test_squaring_many_times(functions, count):
    """A squaring's count says how many times."""
    value = random.getrandbits(384)
    result = _Kernel(functions).operate([(2, 1, 0, count)], [value, 0])[1]
    assert result % _P == pow(value, 2**count, _P)


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_nothing_depends_on_the_values(functions, operation):
    """Path, addresses and cycles of each operation are always the same, within budget."""
    kernel = _Kernel(functions, observe=True)
    machine = kernel.machine
    kernel.operate([], [0, 0])
    empty_cycles = machine.cycles
    observed = set()
    for a, b in (
        (0, 0),
        (_TOP - 1, _TOP - 1),
        (0, _P),
        (_P, 1),
        *zip(_EDGES, _EDGES[::-1], strict=True),
    ):
        kernel.operate([(operation, 2, 0, 1)], [a, b, 0])
        observed.add((tuple(machine.path), tuple(machine.accesses), machine.cycles - empty_cycles))
    assert len(observed) == 1
    assert observed.pop()[2] <= _BUDGET_CYCLES[operation]


def test_select_reads_all_entries(functions):
    """The entry asked for, or its negative, is read by the same path and addresses as any other."""
    kernel = _Kernel(functions, observe=True)
    machine = kernel.machine
    table = b"".join(random.getrandbits(380).to_bytes(_SIZE, "little") for _ in range(128))
    entries = _elements(table)
    observed = set()
    for index in range(64):
        for sign in (0, -1):
            work = bytearray(b"\xff" * 3 * _SIZE)
            kernel.select(table, index, work, sign)
            x, y, beyond = _elements(work)
            assert (x, beyond) == (entries[2 * index], _TOP - 1)
            assert y == (_P - entries[2 * index + 1] if sign else entries[2 * index + 1])
            observed.add((index // 32, tuple(machine.path), tuple(machine.accesses)))
    assert len(observed) == 2


def _scalars():
    """A thousand: the ends, single bits, all ones, few and many zeros, random ones."""
    choose = random.Random(os.urandom(8))
    special = [1, 2, 3, 4, 5, _N - 1, _N - 2, _N - 3, _N // 2, _N // 2 + 1, _EXCEPTION]
    bits = [1 << i for i in range(384)]
    ones = [(1 << i) - 1 for i in range(8, 384, 8)] + [_N - (1 << i) for i in range(8, 384, 8)]
    count = 1000 - len(special) - len(bits) - len(ones)
    return special + bits + ones + [choose.randrange(1, _N) for _ in range(count)]


def test_multiples_of_the_base_point(engine):
    """A thousand scalars, against cryptography."""
    scalars = _scalars()
    assert len(scalars) == 1000
    for scalar in scalars:
        assert engine.multiply_base(scalar, os.urandom) == _public_point(scalar), hex(scalar)


def test_the_projective_factor_does_not_show(engine):
    """The result is the same for extreme factors, even zero, which the other engine repairs."""
    for factor in (0, 1, _P, _P - 1, _TOP - 1):
        point = engine.multiply_base(5, lambda size, f=factor: f.to_bytes(size, "little"))
        assert point == _public_point(5)


def test_sums_for_verification(engine):
    """u1 G + u2 Q for random and special factors, against cryptography."""
    choose = random.Random(os.urandom(8))
    some = [0, 1, 2, _N - 1, _N - 2, 2**41, 2**383, (1 << 383) - 1]
    triples = [(a, b, 7) for a in some for b in some]
    triples += [tuple(choose.randrange(1, _N) for _ in range(3)) for _ in range(40)]
    for u1, u2, q in triples:
        total = (u1 + u2 * q) % _N
        expected = _public_point(total) if total else None
        assert engine.multiply_add(u1, u2, *_public_point(q)) == expected, (u1, u2, q)


def test_sums_that_meet_equal_points_or_infinity(engine):
    """Q equal to plus or minus G, and sums that vanish, for factors long enough for the kernel."""
    for u in (2**60 + 1, _N // 3, _N - 2):
        for q in (1, _N - 1):
            point = _public_point(q)
            for u1 in (u, _N - u):
                total = (u1 + u * q) % _N
                expected = _public_point(total) if total else None
                assert engine.multiply_add(u1, u, *point) == expected


def test_code_is_small(functions):
    """The kernel is on the heap while a key is generated."""
    assert sum(len(function.code) for function in functions.values()) <= 8000
