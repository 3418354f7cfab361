"""P-384 on MicroPython's big integers: the engine for boards without a kernel.

Points are (x, y, zz, zzz) for the affine (x/zz, y/zzz) with zz**3 = zzz**2, and zz = 0 at
infinity: of the usual coordinates those with the cheapest mixed addition, which is what a
comb does most (Explicit-Formulas Database, shortw/xyzz: dbl-2008-s-1, madd-2008-s).
Coordinates are what p384_reduce.reduce returns, so that zero may stand as p as well.

Big integers are not constant time: an operation's length varies with the leading zeros of
its operands, and a table entry's address depends on the scalar. What is done about it: the
sequence of operations is the same for every scalar, the point starts with a fresh random
projective factor, so that no operand can be predicted, and inversions are blinded.
"""

from .ec import P384, blinded_inverse, inverse, random_nonzero
from .p384_comb import BLOCKS, SPACING, TABLE, TEETH
from .p384_reduce import reduce

_P = P384.p
_SIZE = 48
# A tooth's signs are whole bytes, since the spacing is a multiple of 8.
_TOOTH_BYTES = SPACING // 8
_BLOCK_BYTES = TEETH * _TOOTH_BYTES
_TOP = TEETH - 1
_WINDOW_BITS = 5
_INFINITY = (1, 1, 0, 0)

invert = inverse


def multiply_base(k: int, random) -> tuple | None:
    """Return k G as (x, y) for a secret *k* from 1 to n - 1. *random*: random(n) -> n bytes."""
    return multiply_add(k, 0, 0, 0, random)


def multiply_add(u1: int, u2: int, x: int, y: int, random) -> tuple | None:
    """Return u1 G + u2 (x, y) as (x, y), None at infinity; *random* is for a secret u1, or None.

    The upper bits of u2 go through a width-5 non-adjacent form; the lowest 32 join in the comb
    for u1 G, whose doublings serve both.
    """
    total = ()
    if u2 >> SPACING:
        total = _multiply_window(u2 >> SPACING, x, y)
    z = random_nonzero(_P, _SIZE, random) if random else 1
    x, y, zz, zzz = _multiply_comb(u1, z, total, u2 & (1 << SPACING) - 1, (x, y))
    if not zz:
        return None
    zzz = blinded_inverse(zzz, _P, _SIZE, random) if random else inverse(zzz, _P)
    return _to_affine(x, y, zz, zzz)


def _multiply_comb(k: int, z: int, total: tuple, factor: int, point: tuple) -> tuple:
    """Return k G + 2**32 *total* + *factor*, below 2**32, times the affine *point*.

    k G by the signed comb of p384_comb; if *total* is empty, its first entry is scaled by *z*.
    The digits of the comb are signs, so *k* must be odd: for an even one, the negative of
    (n - k) G is made. When that is all, no column's sum meets plus or minus the entry added next,
    but for one odd k: n - 2 (2**192 + 2**224 + ... + 2**352); _add_affine sees that. A sum that is
    infinity on the way stays it to the end, though.
    """
    even = 1 - (k & 1)
    odd = (k, P384.n - k)[even]
    # Bit i is the sign of 2**i.
    signs = ((odd >> 1) + (1 << 383)).to_bytes(_SIZE, "little")
    for column in range(SPACING - 1, -1, -1):
        if total:
            total = _double(total)
        for block in range(BLOCKS):
            x, y = _entry(signs, block, column)
            y = (y, _P - y)[even]
            if total:
                total = _add_affine(total, (x, y))
            else:
                zz = reduce(z * z)
                zzz = reduce(zz * z)
                total = reduce(x * zz), reduce(y * zzz), zz, zzz
        if factor >> column & 1:
            total = _add_affine(total, point)
    return total


def _entry(signs: bytes, block: int, column: int) -> tuple:
    """Return the affine point that *block* of the comb adds at *column*."""
    index = 0
    shift = column & 7
    first = block * _BLOCK_BYTES + (column >> 3)
    for position in range(first + _BLOCK_BYTES - _TOOTH_BYTES, first - 1, -_TOOTH_BYTES):
        index = index << 1 | (signs[position] >> shift & 1)
    # The top tooth's sign is that of the whole entry.
    top = index >> _TOP
    index = (index ^ (top - 1)) & ((1 << _TOP) - 1)
    offset = 2 * _SIZE * (block << _TOP | index)
    x = int.from_bytes(TABLE[offset : offset + _SIZE], "little")
    y = int.from_bytes(TABLE[offset + _SIZE : offset + 2 * _SIZE], "little")
    return x, (_P - y, y)[top]


def _multiply_window(k: int, x: int, y: int) -> tuple:
    """Return k (x, y) by a width-5 non-adjacent form; the affine (x, y) is on the curve."""
    point = (x, y, 1, 1)
    twice = _double(point)
    odd_multiples = [point]
    for _ in range((1 << _WINDOW_BITS - 2) - 1):
        odd_multiples.append(_add(odd_multiples[-1], twice))
    total = _INFINITY
    for digit in reversed(_non_adjacent_form(k)):
        total = _double(total)
        if digit:
            x, y, zz, zzz = odd_multiples[abs(digit) >> 1]
            total = _add(total, (x, y if digit > 0 else -y, zz, zzz))
    return total


def _non_adjacent_form(k: int) -> list:
    """Return the digits of *k*, lowest first: 0 or odd, below 2**4 in absolute value."""
    digits = []
    while k:
        digit = 0
        if k & 1:
            digit = k & (1 << _WINDOW_BITS) - 1
            if digit >> _WINDOW_BITS - 1:
                digit -= 1 << _WINDOW_BITS
            k -= digit
        digits.append(digit)
        k >>= 1
    return digits


def _double(point: tuple) -> tuple:
    """Return twice *point*: 9 multiplications, 8 reductions."""
    x, y, zz, zzz = point
    u = y + y
    v = reduce(u * u)
    w = reduce(u * v)
    s = reduce(x * v)
    m = reduce((x - zz) * (x + zz) * 3)
    x = reduce(m * m - s - s)
    return x, reduce(m * (s - x) - w * y), reduce(v * zz), reduce(w * zzz)


def _add_affine(first: tuple, second: tuple) -> tuple:
    """Return *first*, not infinity, plus the affine *second*: 10 multiplications, 9 reductions."""
    x, y, zz, zzz = first
    return _add_difference(first, reduce(second[0] * zz - x), reduce(second[1] * zzz - y))


def _add(first: tuple, second: tuple) -> tuple:
    """Return the sum of any two points."""
    x1, y1, zz1, zzz1 = first
    x2, y2, zz2, zzz2 = second
    if not zz1:
        return second
    if not zz2:
        return first
    x1 = reduce(x1 * zz2)
    y1 = reduce(y1 * zzz2)
    common = (x1, y1, reduce(zz1 * zz2), reduce(zzz1 * zzz2))
    return _add_difference(common, reduce(x2 * zz1 - x1), reduce(y2 * zzz1 - y1))


def _add_difference(first: tuple, h: int, r: int) -> tuple:
    """Return *first* plus the point whose x and y, over the same denominators, are h and r more."""
    if h == 0 or h == _P:
        return _double(first) if r == 0 or r == _P else _INFINITY
    x, y, zz, zzz = first
    hh = reduce(h * h)
    hhh = reduce(h * hh)
    q = reduce(x * hh)
    x = reduce(r * r - hhh - q - q)
    return x, reduce(r * (q - x) - y * hhh), reduce(zz * hh), reduce(zzz * hhh)


def _to_affine(x: int, y: int, zz: int, zzz_inverse: int) -> tuple:
    """Return (x/zz, y/zzz) in least form; with zz = z**2 and zzz = z**3, 1/zz = (zz/zzz)**2."""
    z_inverse = reduce(zz * zzz_inverse)
    return x * reduce(z_inverse * z_inverse) % _P, y * zzz_inverse % _P
