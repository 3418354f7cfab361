"""Tables in the device code are what their definitions say."""

import runpy
from math import isqrt
from pathlib import Path

from boardcert import p384_comb, sha384, sha512_block
from boardcert.ec import P384

_ROOT = Path(__file__).resolve().parents[2]


def _cube_root(n: int) -> int:
    """Return the integer cube root of *n* by Newton's method."""
    x = 1 << (n.bit_length() + 2) // 3
    while (y := (2 * x + n // (x * x)) // 3) < x:
        x = y
    return x


def _fraction_bits(root: int) -> bytes:
    """Return 64 bits of a fraction, little-endian."""
    return (root % 2**64).to_bytes(8, "little")


def test_sha384_constants() -> None:
    """Roots of primes (FIPS 180-4 sections 4.2.3 and 5.3.4)."""
    primes = [n for n in range(2, 410) if all(n % m for m in range(2, n))]
    assert len(primes) == 80
    assert b"".join(_fraction_bits(_cube_root(n << 192)) for n in primes) == sha512_block._K
    assert b"".join(_fraction_bits(isqrt(n << 128)) for n in primes[8:16]) == sha384._INITIAL


def test_comb_is_what_its_generator_makes() -> None:
    """The committed module is the generator's output."""
    generator = runpy.run_path(str(_ROOT / "firmware" / "kernels" / "make_comb.py"))
    made = generator["make_module"](p384_comb.TEETH, p384_comb.BLOCKS)
    assert (_ROOT / "firmware" / "boardcert" / "p384_comb.py").read_text() == made


def test_comb_entries_are_multiples_of_the_base_point() -> None:
    """Every entry, computed another way: as one scalar multiplication."""
    teeth, spacing = p384_comb.TEETH, p384_comb.SPACING
    assert teeth * p384_comb.BLOCKS * spacing == 384
    entries = 1 << teeth - 1
    assert len(p384_comb.TABLE) == 96 * entries * p384_comb.BLOCKS
    for number in range(entries * p384_comb.BLOCKS):
        block, index = divmod(number, entries)
        scalar = 1 << (block * teeth + teeth - 1) * spacing
        for i in range(teeth - 1):
            sign = 1 if index >> i & 1 else -1
            scalar += sign << (block * teeth + i) * spacing
        data = p384_comb.TABLE[96 * number : 96 * number + 96]
        point = int.from_bytes(data[:48], "little"), int.from_bytes(data[48:], "little")
        assert P384.multiply_add(0, scalar, P384.g) == point, (block, index)
