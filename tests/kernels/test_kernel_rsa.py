"""The RSA kernel's machine code compared with Python's integers, and its cycles."""

import importlib
import os
import random
import sys
from types import ModuleType

import pytest
from boardcert.crypto.rsa import finish
from emulated_kernels import KERNELS
from mpy_machine_code import Machine, build, load

_SOURCE = KERNELS / "kernel_rsa.py"
_BUDGET_CYCLES = {"multiply": 71_000, "square": 55_000, "shift": 1_400}  # 1,024 bits.


class RSAKernel:
    """The functions of kernel_rsa.py, on CPython's buffers."""

    def __init__(self, functions, observe=False):
        self.machine = Machine(functions, observe)
        self._modulus = self.machine.allocate(8 + 3 * 512)
        self._numbers = [self.machine.allocate(512) for _ in range(3)]
        self._table = self.machine.allocate(16 * 256)
        self._sieve = self.machine.allocate(8192)

    def montgomery(self, modulus, result, a, b):
        """Multiply; operands in the same buffer have the same address."""
        self.machine.write(self._modulus, modulus)
        places = {}
        for buffer in (result, a, b):
            if not isinstance(buffer, int) and id(buffer) not in places:
                places[id(buffer)] = self._numbers[len(places)]
                self.machine.write(places[id(buffer)], buffer)
        operands = [x if isinstance(x, int) else places[id(x)] for x in (result, a, b)]
        self.machine.call("montgomery", self._modulus, *operands)
        result[:] = self.machine.read(operands[0], len(result))

    def select(self, table, entry, size, index):
        """Copy an entry of *table*."""
        self.machine.write(self._table, table)
        self.machine.call("select", self._table, self._numbers[0], size, index)
        entry[:] = self.machine.read(self._numbers[0], size)

    def small_factor(self, number, size, composites, count):
        """Return the smallest factor."""
        self.machine.write(self._numbers[0], number)
        self.machine.write(self._sieve, composites)
        return self.machine.call("small_factor", self._numbers[0], size, self._sieve, count)


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    return load(build(_SOURCE, tmp_path_factory.mktemp("mpy")))


@pytest.fixture(scope="module")
def engine(functions):
    """Return the device's rsa_kernel.py, with the emulated kernel."""
    kernel = RSAKernel(functions)
    module = ModuleType("boardcert.crypto.kernel_rsa")
    for name in functions:
        setattr(module, name, getattr(kernel, name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        yield importlib.import_module("boardcert.crypto.rsa_kernel")
        del sys.modules["boardcert.crypto.rsa_kernel"]
        del sys.modules["boardcert.crypto"].rsa_kernel


def _modulus(m, words):
    """Return *m* as the kernel takes it, with arbitrary contents of its scratch space."""
    size = 4 * words
    header = size.to_bytes(4, "little") + (-pow(m, -1, 2**32) % 2**32).to_bytes(4, "little")
    return header + m.to_bytes(size, "little") + os.urandom(2 * size)


def _moduli(words, choose):
    """Return moduli: extremes, one of words of zeros and ones, and a random one."""
    top = 1 << 32 * words
    sparse = (0, 0xFFFFFFFF, 0xFFFF0000, 0x0000FFFF, 1, 0x80000000)
    some = sum(choose.choice(sparse) << 32 * i for i in range(words))
    other = choose.getrandbits(32 * words)
    return {top - 1, top // 2 + 1, some | top // 2 | 1, other | top // 2 | 1}


def _values(m, words, choose):
    """Return values: zero, extremes, around the modulus, with word carries, and random ones."""
    top = 1 << 32 * words
    carries = [32 * i for i in range(1, words, 1 + words // 5)]
    values = {0, 1, 2, m - 1, m, m + 1, top - 1, top - m, top // 2, m // 2}
    values |= {(1 << bit) - 1 for bit in carries} | {top - (1 << bit) for bit in carries}
    values |= {choose.getrandbits(32 * words) for _ in range(4)}
    return sorted(value for value in values if value < top)


@pytest.mark.parametrize("words", [1, 2, 3, 8, 32, 48, 64, 128])
def test_products_and_squares(functions, words):
    """a b / R modulo m, below R, is right for all operands below R, also in place."""
    kernel = RSAKernel(functions)
    seed = int.from_bytes(os.urandom(8), "big")
    choose = random.Random(seed)
    size, top = 4 * words, 1 << 32 * words
    for m in _moduli(words, choose):
        inverse = pow(top, -1, m)
        values = _values(m, words, choose)
        pairs = [(a, b) for a in values for b in values if a != b]
        pairs = choose.sample(pairs, min(len(pairs), 4000 // size)) + [(a, a) for a in values]
        for a, b in pairs:
            first = bytearray(a.to_bytes(size, "little"))
            second = first if a == b else bytearray(b.to_bytes(size, "little"))
            result = choose.choice((first, second, bytearray(size)))
            kernel.montgomery(_modulus(m, words), result, first, second)
            found = int.from_bytes(result, "little")
            assert (found - a * b * inverse) % m == 0, (seed, hex(m), hex(a), hex(b))


@pytest.mark.parametrize("words", [1, 2, 32, 64])
def test_doubling(functions, words):
    """Doubling gives a or 2 a modulo m, below R."""
    kernel = RSAKernel(functions)
    choose = random.Random(os.urandom(8))
    for m in _moduli(words, choose):
        for a in _values(m, words, choose):
            for bit in (0, 1):
                number = bytearray(a.to_bytes(4 * words, "little"))
                kernel.montgomery(_modulus(m, words), number, number, bit)
                assert (int.from_bytes(number, "little") - (a << bit)) % m == 0, (m, a, bit)


def test_nothing_depends_on_the_values(functions):
    """Path, addresses and cycles of each operation never change, and are within the budget."""
    words, size = 32, 128
    kernel = RSAKernel(functions, observe=True)
    machine = kernel.machine
    choose = random.Random(os.urandom(8))
    cycles = {"multiply": set(), "square": set(), "shift": set()}
    observed = {name: set() for name in cycles}
    for m in _moduli(words, choose):
        for a in (0, 1, m - 1, m, (1 << 1024) - 1, choose.getrandbits(1024)):
            number = bytearray(a.to_bytes(size, "little"))
            other = bytearray(choose.getrandbits(1024).to_bytes(size, "little"))
            for name, b in (("multiply", other), ("square", number), ("shift", a & 1)):
                kernel.montgomery(_modulus(m, words), bytearray(size), number, b)
                cycles[name].add(machine.cycles)
                observed[name].add((tuple(machine.path), tuple(machine.accesses)))
    assert [len(some) for some in (*cycles.values(), *observed.values())] == [1] * 6
    assert all(cycles[name].pop() <= _BUDGET_CYCLES[name] for name in cycles)


def test_select_reads_all_numbers(functions):
    """Any entry is read by the same path and addresses."""
    kernel = RSAKernel(functions, observe=True)
    observed = set()
    for size in (4, 128):
        table = os.urandom(16 * size)
        for index in range(16):
            entry = bytearray(size)
            kernel.select(table, entry, size, index)
            assert entry == table[index * size :][:size]
            observed.add((size, tuple(kernel.machine.path), tuple(kernel.machine.accesses)))
    assert len(observed) == 2


def test_small_factors(engine):
    """Each prime up to the limit is found: alone, squared, times a large prime; or none."""
    small = engine.SmallPrimes()
    primes = [n for n in range(3, 16384, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]
    large = 2**127 - 1
    for prime in primes[:20] + primes[20::40] + primes[-1:]:
        for multiple in (prime, prime * prime, prime * large, prime * (2**120 - prime)):
            assert small.divide(multiple, 20)
    assert not small.divide(large, 16)
    assert not small.divide(large, 20)
    assert not small.divide(1, 4)
    assert not small.divide(16411 * 16417, 4)  # These are the next two primes.


@pytest.mark.parametrize("bits", [32, 96, 1024])
def test_powers(engine, bits):
    """Powers are right for 2, secret bases and exponents, and a public exponent."""
    choose = random.Random(os.urandom(8))
    size = bits // 8
    for m in {(1 << bits) - 1, choose.getrandbits(bits) | 1 << bits - 1 | 1}:
        modulus = engine.Modulus(m, size)
        for exponent in {0, 1, m - 1, choose.getrandbits(bits)}:
            base = choose.getrandbits(bits) % m
            assert finish(modulus.power_of_two(exponent)) == pow(2, exponent, m)
            assert finish(modulus.power(base, exponent, size + 8)) == pow(base, exponent, m)
        for exponent in (1, 2, 3, 65537):
            assert finish(modulus.public_power(base, exponent)) == pow(base, exponent, m)


def test_a_key_is_generated_on_the_kernel(engine, monkeypatch):
    """A key with short primes is generated, and signs, with the board's code."""
    from boardcert.crypto import rsa, rsa_generate

    monkeypatch.setattr(rsa, "_engine", engine)
    key = finish(rsa_generate._Generator(512, 5, os.urandom, None).steps())
    key.check(b"message", key.sign(b"message", os.urandom), os.urandom)


def test_code_is_small(functions):
    """The code is small, as it is on the heap while the board computes."""
    assert sum(len(function.code) for function in functions.values()) <= 640
