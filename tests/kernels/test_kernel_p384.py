"""The P-384 kernels' machine code compared with Python's integers and cryptography; its cycles."""
# ruff: noqa: E501 (a field element is one number)

import functools
import importlib
import os
import random
import subprocess
import sys

import pytest
from boardcert.crypto.ec import P384
from cryptography.hazmat.primitives.asymmetric import ec
from emulated_kernels import (
    KERNELS,
    SIZE,
    P384Kernel,
    elements,
    load_kernel,
    p384_engine,
)
from tested_kernels import sample_size

# Each kernel, its architecture, and its generator.
_KERNELS = {"kernel_p384": "armv6m", "kernel_p384_dsp": "armv7emsp", "kernel_p384_rv32": "rv32imc"}
_KERNELS["kernel_p384_xtensa"] = "xtensawin"
_GENERATORS = {
    "kernel_p384": ("make_p384.py",),
    "kernel_p384_dsp": ("make_p384.py", "--dsp"),
    "kernel_p384_rv32": ("make_p384_rv32.py",),
    "kernel_p384_xtensa": ("make_p384_xtensa.py",),
    "kernel_programs": ("make_p384.py", "--programs"),
    "kernel_inverse_rv32": ("make_inverse_rv32.py",),
    "kernel_inverse_xtensa": ("make_inverse_xtensa.py",),
    "kernel_sha512_rv32": ("make_sha512_rv32.py",),
    "kernel_sha512_xtensa": ("make_sha512_xtensa.py",),
}
_P = 2**384 - 2**128 - 2**96 + 2**32 - 1
_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_TOP = 2**384

_OPERATIONS = {
    1: lambda a, b: a * b,
    2: lambda a, b: a * a,
    3: lambda a, b: a + b,
    4: lambda a, b: a - b,
}
_BUDGET_CYCLES = {1: 3700, 2: 3100, 3: 200, 4: 200}
# The emulator does not know the cycles of the others.
_BUDGET_INSTRUCTIONS = {
    "armv7emsp": {1: 710, 2: 715, 3: 120, 4: 120},
    "rv32imc": {1: 1520, 2: 1090, 3: 200, 4: 200},
    "xtensawin": {1: 1720, 2: 1240, 3: 240, 4: 240},
}
_BUDGET_BYTES = {"armv6m": 4000, "armv7emsp": 4000, "rv32imc": 10_300, "xtensawin": 10_000}

# This many of a thousand scalars are tried, different ones in each run; with
# BOARDCERT_SCALARS=1000, all. For a kernel that has not changed, fewer: see tested_kernels.py.
_SCALARS = int(os.environ.get("BOARDCERT_SCALARS", "200"))
# Otherwise, one in this many if the emulator is slow.
_FEWER = {"kernel_p384_xtensa": 5}

# The limits of the range and of its halves, and carries that begin or end at every word.
_EDGES = sorted(
    {0, 1, 2, _P - 2, _P - 1, _P, _P + 1, _P + 2, _TOP - 1, _TOP - 2, _TOP - _P, 2**383, _N}
    | {(1 << 32 * i) - 1 for i in range(1, 12)}
    | {_TOP - (1 << 32 * i) for i in range(1, 12)}
    | {_P - (1 << 32 * i) for i in range(1, 12)}
    | {1 << 32 * i for i in range(1, 12)}
)
# The one odd scalar for which the comb's last addition has equal points: the entry E is then half
# of the scalar modulo n, and has the same signs. All are negative.
_EXCEPTION = _N - 2 * sum(1 << 64 * i for i in range(6))


@pytest.fixture(scope="module", params=_KERNELS)
def name(request):
    """Return the name of a kernel."""
    return request.param


@pytest.fixture(scope="module")
def functions(name, tmp_path_factory):
    return load_kernel(_KERNELS[name], tmp_path_factory.mktemp("mpy"))


@pytest.fixture(scope="module")
def new_kernel(name, functions):
    """Return a function that makes an emulated kernel: new_kernel(observe=False)."""
    return functools.partial(P384Kernel, functions, arch=_KERNELS[name])


@pytest.fixture(scope="module")
def engine(name, functions):
    """Return the engine of the device's p384_kernel.py, with the emulated kernels."""
    with p384_engine(_KERNELS[name], functions) as (engine, _):
        yield engine


@pytest.fixture
def curve(engine, monkeypatch):
    """Return the device's curve with that engine."""
    monkeypatch.setattr(P384, "_engine", engine)
    return P384


def _public_point(scalar):
    numbers = ec.derive_private_key(scalar, ec.SECP384R1()).public_key().public_numbers()
    return numbers.x, numbers.y


@pytest.mark.parametrize("made", _GENERATORS)
def test_committed_kernel_is_the_generators(made):
    """Each committed file equals its generator's output."""
    generator, *arguments = _GENERATORS[made]
    command = [sys.executable, KERNELS / generator, *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert (KERNELS / f"{made}.py").read_text() == output


def test_reduction_leaves_a_small_multiple(monkeypatch):
    """reduce leaves at most 4 times 2**384 of any product; fold accepts up to 15."""
    monkeypatch.syspath_prepend(str(KERNELS))
    matrix = importlib.import_module("p384_modulo").reduction_matrix()
    lowest, highest = _P, _P + _TOP - 1
    for n in range(12, 24):
        worth = sum(row.get(n, 0) << 32 * i for i, row in enumerate(matrix))
        assert worth % _P == pow(2, 32 * n, _P)
        # This is a word, and the carry into it that combine leaves.
        smallest, largest = (-1, 2**32 + 2) if n in (12, 18) else (0, 2**32 - 1)
        lowest += min(worth * smallest, worth * largest)
        highest += max(worth * smallest, worth * largest)
    assert (lowest // _TOP, highest // _TOP) == (0, 4)


def test_comb_has_the_shape_that_the_kernel_knows(engine):
    """p384_kernel.py and SELECT have the table's size as a constant: 32 entries."""
    kernel = sys.modules["boardcert.crypto.kernel"]
    assert (kernel.TEETH, kernel.BLOCKS, kernel.SPACING) == (6, 1, 64)
    assert len(kernel.TABLE) == 32 * 2 * SIZE


def _check_pairs(kernel, pairs):
    """Check all four operations on each pair; return how many checks that were."""
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


def test_field_operations_at_the_edges(new_kernel):
    """All operations are right for special values: zero, around p, the largest, long carries."""
    pairs = [(a, b) for a in _EDGES for b in _EDGES]
    assert _check_pairs(new_kernel(), pairs) > 10_000


def test_field_operations_on_sparse_and_dense_words(new_kernel):
    """All operations are right for words of zeros and ones, with long half-word carries."""
    choose = random.Random(1)
    words = (0, 0xFFFFFFFF, 0xFFFF0000, 0x0000FFFF, 1, 0x80000000)
    numbers = [sum(choose.choice(words) << 32 * i for i in range(12)) for _ in range(6_000)]
    assert _check_pairs(new_kernel(), list(zip(numbers[::2], numbers[1::2], strict=True))) == 12_000


def test_field_operations_on_random_values(name, new_kernel):
    """All operations are right for random values below 2**384, including those above p."""
    seed = int.from_bytes(os.urandom(8), "big")
    choose = random.Random(seed)
    count = sample_size(_KERNELS[name], 22_000)
    pairs = [(choose.getrandbits(384), choose.getrandbits(384)) for _ in range(count)]
    assert _check_pairs(new_kernel(), pairs) == 4 * count, seed


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_results_may_take_the_place_of_operands(new_kernel, operation):
    """Any operand and the destination may share a place."""
    kernel = new_kernel()
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
def test_squaring_many_times(new_kernel, count):
    """A squaring's count is the number of repetitions."""
    value = random.getrandbits(384)
    result = new_kernel().operate([(2, 1, 0, count)], [value, 0])[1]
    assert result % _P == pow(value, 2**count, _P)


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_nothing_depends_on_the_values(name, new_kernel, operation):
    """Path, addresses and cycles of each operation never change, and are within the budget."""
    kernel = new_kernel(observe=True)
    machine = kernel.machine
    kernel.operate([], [0, 0])
    empty = machine.instructions, machine.cycles
    observed = set()
    for a, b in (
        (0, 0),
        (_TOP - 1, _TOP - 1),
        (0, _P),
        (_P, 1),
        *zip(_EDGES, _EDGES[::-1], strict=True),
    ):
        kernel.operate([(operation, 2, 0, 1)], [a, b, 0])
        observed.add((tuple(machine.path), tuple(machine.accesses), machine.cycles))
    assert len(observed) == 1
    if _KERNELS[name] == "armv6m":
        assert machine.cycles - empty[1] <= _BUDGET_CYCLES[operation]
    else:
        budget = _BUDGET_INSTRUCTIONS[_KERNELS[name]]
        assert machine.instructions - empty[0] <= budget[operation]


def test_select_reads_all_entries(new_kernel):
    """SELECT reads every entry by the same path and addresses, for each digit and its negative."""
    kernel = new_kernel(observe=True)
    machine = kernel.machine
    table = b"".join(random.getrandbits(380).to_bytes(SIZE, "little") for _ in range(64))
    entries = elements(table)
    address = kernel.address_of(table).to_bytes(4, "little")
    observed = {}
    for digit in range(64):
        for column, negate in ((0, 0), (31, 1), (32, 1), (63, 0)):
            teeth = sum((digit >> i & 1) << 64 * i + column for i in range(6))
            noise = random.getrandbits(384) & ~sum(1 << 64 * i + column for i in range(6))
            work = bytearray(b"\xff" * 12 * SIZE + (teeth | noise).to_bytes(SIZE, "little"))
            work += address
            kernel.run(bytes([5, column, 36, negate, 0, 0, 0, 0]), work)
            index, sign = (digit & 31, negate) if digit & 32 else (~digit & 31, 1 - negate)
            x, y, beyond = elements(work)[:3]
            assert (x, beyond) == (entries[2 * index], _TOP - 1)
            assert y == (_P - entries[2 * index + 1] if sign else entries[2 * index + 1])
            # The signs' place and shift depend on the column only.
            observed.setdefault(column, set()).add(
                (tuple(machine.path), tuple(machine.accesses), machine.cycles)
            )
    assert all(len(ways) == 1 for ways in observed.values())


def _sample(name, count):
    """Return how many of *count* are tried for the kernel *name*."""
    if "BOARDCERT_SCALARS" in os.environ:
        return count
    return sample_size(_KERNELS[name], count // _FEWER.get(name, 1))


def _scalars(name):
    """Return extreme scalars, and _SCALARS of a thousand others (bits, all ones, random)."""
    choose = random.Random(os.urandom(8))
    special = [
        1,
        2,
        3,
        4,
        5,
        _N - 1,
        _N - 2,
        _N - 3,
        _N // 2,
        _N // 2 + 1,
        _EXCEPTION,
        _N - _EXCEPTION,
    ]
    bits = [1 << i for i in range(384)]
    ones = [(1 << i) - 1 for i in range(8, 384, 8)] + [_N - (1 << i) for i in range(8, 384, 8)]
    others = bits + ones + [choose.randrange(1, _N) for _ in range(1000 - len(bits) - len(ones))]
    return special + choose.sample(others, _sample(name, _SCALARS))


def test_multiples_of_the_base_point(name, curve):
    """Multiples of G are those of cryptography."""
    for scalar in _scalars(name):
        assert curve.multiply_base(scalar, os.urandom) == _public_point(scalar), hex(scalar)


def test_exceptional_scalars_are_left_to_the_general_way(engine):
    """The exceptional sum's scalar, and its negative, are left to Curve; neighbours are not."""
    for scalar in (_EXCEPTION, _N - _EXCEPTION):
        assert engine.multiply_add(scalar, 0, P384.g, os.urandom) is None
        for neighbour in (scalar - 2, scalar + 2):
            point = engine.multiply_add(neighbour, 0, P384.g, os.urandom)
            assert point == _public_point(neighbour)


def test_the_projective_factor_does_not_show(curve):
    """Extreme projective factors, even zero, which Curve repairs, do not change the result."""
    for factor in (0, 1, _P, _P - 1, _TOP - 1):
        point = curve.multiply_base(5, lambda size, f=factor: f.to_bytes(size, "little"))
        assert point == _public_point(5)


def test_sums_for_verification(name, curve):
    """u1 G + u2 Q equals cryptography's for random and special factors."""
    choose = random.Random(os.urandom(8))
    some = [0, 1, 2, _N - 1, _N - 2, 2**41, 2**383, (1 << 383) - 1]
    triples = choose.sample([(a, b, 7) for a in some for b in some], _sample(name, 32))
    triples += [tuple(choose.randrange(1, _N) for _ in range(3)) for _ in range(_sample(name, 16))]
    for u1, u2, q in triples:
        total = (u1 + u2 * q) % _N
        expected = _public_point(total) if total else None
        for blinding in (None, os.urandom):
            point = curve.multiply_add(u1, u2, _public_point(q), blinding)
            assert point == expected, (u1, u2, q)


def test_sums_that_meet_equal_points_or_infinity(curve):
    """Sums with Q = G or -G, and vanishing sums, are right, for factors of full length."""
    for u in (2**60 + 1, _N // 3, _N - 2):
        for q in (1, _N - 1):
            point = _public_point(q)
            for u1 in (u, _N - u):
                total = (u1 + u * q) % _N
                expected = _public_point(total) if total else None
                assert curve.multiply_add(u1, u, point) == expected


def test_code_is_small(name, functions):
    """The code is small: it is on the heap during generation, and on esp32 stays in memory."""
    size = sum(len(function.code) for function in functions.values())
    assert size <= _BUDGET_BYTES[_KERNELS[name]]
