"""A curve with a = -3 on MicroPython's big integers: what works behind it where no kernel does.

Points are (x, y, zz, zzz) for the affine (x/zz, y/zzz) with zz**3 = zzz**2, and zz = 0 at
infinity: of the usual coordinates those with the cheapest mixed addition, which is what a
comb does most (Explicit-Formulas Database, shortw/xyzz: dbl-2008-s-1, madd-2008-s).
Coordinates are what the curve's reduction returns: zero may stand as p as well.

Big integers are not constant time: an operation's length varies with the leading zeros of
its operands, and a table entry's address depends on the scalar. What is done about it: the
sequence of operations is the same for every scalar, the point starts with a fresh random
projective factor, so that no operand can be predicted, and inversions are blinded.
"""

from .drbg import random_nonzero
from .inverse import blinded_inverse, inverse


class Engine:
    """Multiplications on *curve*, an ec.Curve; see ec.EngineCurve for what is asked of it.

    *reduce*: a function that takes any product, and small multiples and differences of products,
    to a number from 0 to p that is the same modulo p. *comb*: what make_comb.py made for the
    curve, (table, teeth, blocks, spacing), the spacing a multiple of 8.
    """

    INFINITY = (1, 1, 0, 0)

    def __init__(self, curve, reduce, comb: tuple) -> None:
        self._curve = curve
        self._p = curve.p
        self.reduce = reduce
        self._size = curve.size_bytes
        self._table, self._teeth, self._blocks, self._spacing = comb
        # A tooth's signs are whole bytes, since the spacing is a multiple of 8.
        self._tooth_bytes = self._spacing // 8

    def invert(self, a: int, m: int) -> int:
        """Return 1/a modulo *m*; see ec.inverse."""
        return inverse(a, m)

    def multiply_add(self, u1: int, u2: int, point: tuple, random) -> tuple | None:
        """Return u1 G + u2 times the affine *point*, None at infinity.

        *random*: random(n) -> n bytes for a secret u1, or None. The upper bits of u2 go through a
        width-5 non-adjacent form; the lowest, as many as the comb has columns, join in it: its
        doublings serve both.
        """
        total = ()
        if u2 >> self._spacing:
            from .window import multiply

            total = multiply(self, u2 >> self._spacing, point)
        size = self._size
        z = random_nonzero(self._p, size, random) if random else 1
        low = u2 & (1 << self._spacing) - 1
        x, y, zz, zzz = self._multiply_comb(u1, z, total, low, point)
        if not zz:
            return None
        zzz = blinded_inverse(zzz, self._p, size, random) if random else inverse(zzz, self._p)
        # With zz = z**2 and zzz = z**3, 1/zz = (zz/zzz)**2.
        z_inverse = self.reduce(zz * zzz)
        return x * self.reduce(z_inverse * z_inverse) % self._p, y * zzz % self._p

    def _multiply_comb(self, k: int, z: int, total: tuple, factor: int, point: tuple) -> tuple:
        """Return k G + 2**spacing *total* + *factor*, below 2**spacing, times the affine *point*.

        k G by the signed comb; if *total* is empty, its first entry is scaled by *z*. The digits of
        the comb are signs, so *k* must be odd: for an even one, the negative of (n - k) G is made.
        When that is all, no sum meets plus or minus the entry added next, but for one odd k, at the
        last column; _add_affine sees that. A sum that is infinity on the way stays it to the end,
        though.
        """
        reduce = self.reduce
        even = 1 - (k & 1)
        odd = (k, self._curve.n - k)[even]
        # Bit i is the sign of 2**i.
        sign_bytes = self._blocks * self._teeth * self._tooth_bytes
        signs = ((odd >> 1) + (1 << 8 * sign_bytes - 1)).to_bytes(sign_bytes, "little")
        for column in range(self._spacing - 1, -1, -1):
            if total:
                total = self.double(total)
            for block in range(self._blocks):
                x, y = self._entry(signs, block, column)
                y = (y, self._p - y)[even]
                if total:
                    total = self._add_affine(total, (x, y))
                else:
                    zz = reduce(z * z)
                    zzz = reduce(zz * z)
                    total = reduce(x * zz), reduce(y * zzz), zz, zzz
            if factor >> column & 1:
                total = self._add_affine(total, point)
        return total

    def _entry(self, signs: bytes, block: int, column: int) -> tuple:
        """Return the affine point that *block* of the comb adds at *column*."""
        index = 0
        shift = column & 7
        tooth_bytes = self._tooth_bytes
        first = block * self._teeth * tooth_bytes + (column >> 3)
        last = first + (self._teeth - 1) * tooth_bytes
        for position in range(last, first - 1, -tooth_bytes):
            index = index << 1 | (signs[position] >> shift & 1)
        # The top tooth's sign is that of the whole entry.
        top = self._teeth - 1
        sign = index >> top
        index = (index ^ (sign - 1)) & ((1 << top) - 1)
        size = self._size
        table = self._table
        offset = 2 * size * (block << top | index)
        x = int.from_bytes(table[offset : offset + size], "little")
        y = int.from_bytes(table[offset + size : offset + 2 * size], "little")
        return x, (self._p - y, y)[sign]

    def double(self, point: tuple) -> tuple:
        """Return twice *point*: 9 multiplications, 8 reductions."""
        reduce = self.reduce
        x, y, zz, zzz = point
        u = y + y
        v = reduce(u * u)
        w = reduce(u * v)
        s = reduce(x * v)
        m = reduce((x - zz) * (3 * (x + zz)))
        x = reduce(m * m - (s + s))  # Few long numbers: each takes memory, and a search for it.
        return x, reduce(m * (s - x) - w * y), reduce(v * zz), reduce(w * zzz)

    def _add_affine(self, first: tuple, second: tuple) -> tuple:
        """Return *first*, not infinity, plus the affine *second*: 10 products, 9 reductions."""
        reduce = self.reduce
        x, y, zz, zzz = first
        return self.add_difference(first, reduce(second[0] * zz - x), reduce(second[1] * zzz - y))

    def add_difference(self, first: tuple, h: int, r: int) -> tuple:
        """Return *first* plus the point whose x and y, over its denominators, are h and r more."""
        if h == 0 or h == self._p:
            return self.double(first) if r == 0 or r == self._p else self.INFINITY
        reduce = self.reduce
        x, y, zz, zzz = first
        hh = reduce(h * h)
        hhh = reduce(h * hh)
        q = reduce(x * hh)
        x = reduce(r * r - (hhh + q + q))
        return x, reduce(r * (q - x) - y * hhh), reduce(zz * hh), reduce(zzz * hhh)
