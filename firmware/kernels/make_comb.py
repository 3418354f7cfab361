"""Make tables of the fixed-base signed comb: boardcert/crypto/p*_comb.py, and the kernel's.

    cd firmware/boardcert/crypto
    python ../../kernels/make_comb.py p384 [--teeth 5] [--blocks 2] > p384_comb.py

For odd k below 2**L, L = teeth * blocks * spacing, every bit i of b = (k + 2**L - 1) / 2 gives a
sign: k is the sum of +2**i where the bit is set and -2**i where it is not. Tooth i of block j at
column c is bit (j * teeth + i) * spacing + c. Entry m of block j holds, with w = 2**spacing,
    w**(j * teeth + teeth - 1) G + sum over i < teeth - 1 of (+ if bit i of m else -) w**(j * teeth + i) G
as x then y, in whole bytes each, little-endian; block after block, entry after entry. The spacing
is the least multiple of 8 for which L is not less than the bits of the curve.
"""
# ruff: noqa: E501 (a field element is one number)

import argparse
import sys
from pathlib import Path

# p, and x and y of G (SP 800-186 section 3.2.1).
CURVES = {
    "p256": (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    "p384": (
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
    "p521": (
        2**521 - 1,
        0xC6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
        0x11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
    ),
}
BYTES_A_LINE = 24

HEADER = '''"""Table of the fixed-base comb for {name}, made by firmware/kernels/make_comb.py (do not edit)."""

from micropython import const

TEETH = const({teeth})
BLOCKS = const({blocks})
SPACING = const({spacing})
# x and y of each entry, little-endian; {size} bytes. make_comb.py describes the order.
TABLE = (
'''


def add(first: tuple[int, int], second: tuple[int, int], p: int) -> tuple[int, int]:
    """Return the sum of two affine points that are not each other's negative."""
    (x1, y1), (x2, y2) = first, second
    if first == second:
        slope = 3 * (x1 * x1 - 1) * pow(2 * y1, -1, p)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, p)
    x3 = (slope * slope - x1 - x2) % p
    return x3, (slope * (x1 - x3) - y1) % p


def make_table(curve: str, teeth: int, blocks: int, spacing: int) -> bytes:
    """Return the table's bytes."""
    p, *base = CURVES[curve]
    powers = [(base[0], base[1])]  # powers[t] = 2**(t * spacing) G
    for _ in range(teeth * blocks - 1):
        point = powers[-1]
        for _ in range(spacing):
            point = add(point, point, p)
        powers.append(point)
    table = bytearray()
    for block in range(blocks):
        own = powers[block * teeth : (block + 1) * teeth]
        for index in range(1 << (teeth - 1)):
            point = own[-1]
            for i, (x, y) in enumerate(own[:-1]):
                point = add(point, (x, y if index >> i & 1 else p - y), p)
            for coordinate in point:
                table += coordinate.to_bytes((p.bit_length() + 7) // 8, "little")
    return bytes(table)


def _as_text(byte: int) -> str:
    """Return a byte in a literal: as short as may be, since a board may keep the sources."""
    character = chr(byte)
    is_itself = " " <= character <= "~" and character not in '"\\'
    return character if is_itself else f"\\x{byte:02x}"


def make_module(teeth: int, blocks: int, curve: str = "p384") -> str:
    """Return the text of the Python module that holds the table."""
    bits = CURVES[curve][0].bit_length()
    spacing = -(-bits // (8 * teeth * blocks)) * 8
    table = make_table(curve, teeth, blocks, spacing)
    head = HEADER.format(
        name=f"P-{bits}", teeth=teeth, blocks=blocks, spacing=spacing, size=len(table)
    )
    lines = []
    for offset in range(0, len(table), BYTES_A_LINE):
        row = table[offset : offset + BYTES_A_LINE]
        lines.append('b"' + "".join(map(_as_text, row)) + '"\n')
    return head + "".join(lines) + ")\n"


def main() -> None:
    """Print the module."""
    parser = argparse.ArgumentParser(prog=Path(__file__).name, description=__doc__.split("\n")[0])
    parser.add_argument("curve", choices=CURVES)
    parser.add_argument("--teeth", type=int, default=5)
    parser.add_argument("--blocks", type=int, default=2)
    arguments = parser.parse_args()
    sys.stdout.write(make_module(arguments.teeth, arguments.blocks, arguments.curve))


if __name__ == "__main__":
    main()
