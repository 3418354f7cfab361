"""The constant-time inversion's machine code compared with Python's integers, and its cycles."""
# ruff: noqa: E501 (a modulus is one number)

import os
import random

import pytest
from emulated_kernels import InverseKernel, P384Kernel, import_kernel, load_kernel
from tested_kernels import sample_size

_BUDGET_CYCLES = 250_000  # 2 ms at 125 MHz.
_BUDGET_INSTRUCTIONS = 140_000  # The limit of the others.

_P = 2**384 - 2**128 - 2**96 + 2**32 - 1
_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_LARGEST = 2**384 - 317  # This is the largest prime that fits.
_SMALL = 2**31 - 1


@pytest.fixture(scope="module", params=["armv6m", "rv32imc", "xtensawin"])
def arch(request):
    """Return an architecture with its own code for inversion."""
    return request.param


@pytest.fixture(scope="module")
def functions(arch, tmp_path_factory):
    return load_kernel(arch, tmp_path_factory.mktemp("mpy"))


@pytest.fixture(scope="module")
def inverse(arch, functions):
    kernel = InverseKernel(functions, arch=arch)
    field = P384Kernel(functions, arch=arch)
    return import_kernel(kernel.functions | {"run": field.run}, arch).invert


@pytest.mark.parametrize("modulus", [3, _SMALL, _P, _N, _LARGEST])
def test_inverses(arch, inverse, modulus):
    """Inverses are right for single bits, extremes, larger numbers and random values.

    On RV32, which has the same steps, fewer are tried unless BOARDCERT_EVERY_DEVICE_TEST is set,
    and for any kernel that has not changed, see tested_kernels.py.
    """
    every = 1 if arch == "armv6m" or "BOARDCERT_EVERY_DEVICE_TEST" in os.environ else 5
    count = sample_size(arch, 1000 // every)
    step = 1000 // count
    choose = random.Random(os.urandom(8))
    values = [1, 2, modulus - 1, modulus - 2, modulus // 2, modulus + 1, 2**384 - 1]
    values += [1 << i for i in range(0, 384, step)] + [modulus - (1 << i) for i in range(0, 384, 7)]
    values += [choose.getrandbits(384) for _ in range(count)]
    for value in values:
        expected = pow(value, -1, modulus) if value % modulus else 0
        assert inverse(value, modulus) == expected, hex(value)


def test_multiples_of_the_modulus_have_no_inverse(inverse):
    """For multiples of the modulus, the result is 0, as with Fermat's formula."""
    assert [inverse(value, _P) for value in (0, _P, -_P)] == [0, 0, 0]


def test_nothing_depends_on_the_values(arch, functions):
    """Path, addresses and cycles are the same for any rows, and within the budget."""
    kernel = InverseKernel(functions, observe=True, arch=arch)
    observed = set()
    for word in (b"\0\0\0\0", b"\xff\x3f\0\0", b"\x01\x20\0\0"):
        kernel.divide_steps(bytearray(word * (29 * 6)))
        machine = kernel.machine
        observed.add((tuple(machine.path), tuple(machine.accesses), machine.cycles))
    assert len(observed) == 1
    assert machine.cycles <= _BUDGET_CYCLES
    assert arch == "armv6m" or machine.instructions <= _BUDGET_INSTRUCTIONS
