"""Tables in the device code match their definitions."""

import os
import runpy
from math import isqrt
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest
from boardcert.crypto import p256_comb, p384_comb, p521_comb, sha384, sha512, sha512_block
from boardcert.crypto.curves import P256, P521
from boardcert.crypto.ec import P384, EngineCurve

_ROOT = Path(__file__).resolve().parents[2]


def _cube_root(n: int) -> int:
    """Return the integer cube root of *n* by Newton's method."""
    x = 1 << (n.bit_length() + 2) // 3
    while (y := (2 * x + n // (x * x)) // 3) < x:
        x = y
    return x


def _fraction_bits(root: int, order: Literal["little", "big"]) -> bytes:
    """Return 64 bits of a fraction in the byte *order*."""
    return (root % 2**64).to_bytes(8, order)


def test_sha384_constants() -> None:
    """The constants are roots of primes (FIPS 180-4 sections 4.2.3, 5.3.4 and 5.3.5)."""
    primes = [n for n in range(2, 410) if all(n % m for m in range(2, n))]
    assert len(primes) == 80
    constants = [_fraction_bits(_cube_root(n << 192), "little") for n in primes]
    assert b"".join(constants) == sha512_block._K
    initial = [_fraction_bits(isqrt(n << 128), "big") for n in primes[:16]]
    assert b"".join(initial[:8]) == sha512._INITIAL
    assert b"".join(initial[8:]) == sha384._INITIAL


_COMBS = pytest.mark.parametrize(
    ("curve", "comb"), [(P384, p384_comb), (P256, p256_comb), (P521, p521_comb)]
)


@_COMBS
def test_comb_is_what_its_generator_makes(curve: EngineCurve, comb: ModuleType) -> None:
    """The committed module equals its generator's output."""
    generator = runpy.run_path(str(_ROOT / "firmware" / "kernels" / "make_comb.py"))
    made = generator["make_module"](comb.TEETH, comb.BLOCKS, f"p{curve.bits}")
    assert (
        _ROOT / "firmware" / "boardcert" / "crypto" / f"p{curve.bits}_comb.py"
    ).read_text() == made


@_COMBS
def test_comb_entries_are_multiples_of_the_base_point(curve: EngineCurve, comb: ModuleType) -> None:
    """Every comb entry equals a scalar multiple of the base point."""
    teeth, spacing, size = comb.TEETH, comb.SPACING, 2 * curve.size_bytes
    assert curve.bits <= teeth * comb.BLOCKS * spacing
    entries = 1 << teeth - 1
    assert len(comb.TABLE) == size * entries * comb.BLOCKS
    for number in range(entries * comb.BLOCKS):
        block, index = divmod(number, entries)
        scalar = 1 << (block * teeth + teeth - 1) * spacing
        for i in range(teeth - 1):
            sign = 1 if index >> i & 1 else -1
            scalar += sign << (block * teeth + i) * spacing
        x, y = curve.multiply(scalar, curve.g, os.urandom)
        data = x.to_bytes(size // 2, "little") + y.to_bytes(size // 2, "little")
        assert comb.TABLE[size * number : size * number + size] == data, (block, index)
