"""Make tables of the fixed-base signed comb for P-384: boardcert/p384_comb.py, and the kernel's.

    python firmware/kernels/make_comb.py [--teeth 6] [--blocks 2] > firmware/boardcert/p384_comb.py

For odd k below 2**384 every bit i of b = (k + 2**384 - 1) / 2 gives a sign: k is the sum of
+2**i where the bit is set and -2**i where it is not. Tooth i of block j at column c is bit
(j * teeth + i) * spacing + c. Entry m of block j holds, with w = 2**spacing,
    w**(j * teeth + teeth - 1) G + sum over i < teeth - 1 of (+ if bit i of m else -) w**(j * teeth + i) G
as x then y, 48 bytes each, little-endian; block after block, entry after entry.
"""
# ruff: noqa: E501 (a field element is one number)

import argparse
import sys
from pathlib import Path

P = 2**384 - 2**128 - 2**96 + 2**32 - 1
G = (
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
)
BITS = 384
COORDINATE_BYTES = BITS // 8
BYTES_A_LINE = 24

HEADER = '''"""Table of the fixed-base comb for P-384, made by firmware/kernels/make_comb.py (do not edit)."""

from micropython import const

TEETH = const({teeth})
BLOCKS = const({blocks})
SPACING = const({spacing})
# x and y of each entry, little-endian; {size} bytes. The order is told in make_comb.py.
TABLE = (
'''


def add(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Return the sum of two affine points that are not each other's negative."""
    (x1, y1), (x2, y2) = first, second
    if first == second:
        slope = 3 * (x1 * x1 - 1) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def make_table(teeth: int, blocks: int) -> bytes:
    """Return the table's bytes; teeth * blocks must divide 384."""
    spacing, rest = divmod(BITS, teeth * blocks)
    if rest:
        raise ValueError("teeth * blocks must divide 384")
    powers = [G]  # powers[t] = 2**(t * spacing) G
    for _ in range(teeth * blocks - 1):
        point = powers[-1]
        for _ in range(spacing):
            point = add(point, point)
        powers.append(point)
    table = bytearray()
    for block in range(blocks):
        own = powers[block * teeth : (block + 1) * teeth]
        for index in range(1 << (teeth - 1)):
            point = own[-1]
            for i, (x, y) in enumerate(own[:-1]):
                point = add(point, (x, y if index >> i & 1 else P - y))
            for coordinate in point:
                table += coordinate.to_bytes(COORDINATE_BYTES, "little")
    return bytes(table)


def make_module(teeth: int, blocks: int) -> str:
    """Return the text of the Python module that holds the table."""
    table = make_table(teeth, blocks)
    head = HEADER.format(
        teeth=teeth, blocks=blocks, spacing=BITS // (teeth * blocks), size=len(table)
    )
    lines = []
    for offset in range(0, len(table), BYTES_A_LINE):
        row = table[offset : offset + BYTES_A_LINE]
        lines.append('b"' + "".join(f"\\x{byte:02x}" for byte in row) + '"\n')
    return head + "".join(lines) + ")\n"


def main() -> None:
    """Print the module."""
    parser = argparse.ArgumentParser(prog=Path(__file__).name, description=__doc__.split("\n")[0])
    parser.add_argument("--teeth", type=int, default=6)
    parser.add_argument("--blocks", type=int, default=2)
    arguments = parser.parse_args()
    sys.stdout.write(make_module(arguments.teeth, arguments.blocks))


if __name__ == "__main__":
    main()
