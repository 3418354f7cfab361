"""Short Weierstrass curves y**2 = x**3 + a x + b over a prime field (SEC 1), and NIST P-384.

Affine points are (x, y) tuples of integers, and None is the point at infinity; inside,
points are Jacobian (x/z**2, y/z**3) with z = 0 at infinity.

Behind P384 (SP 800-186 section 3.2.1.4) works the fastest engine that the board can load. It has
multiply_base(k, random), multiply_add(u1, u2, x, y, random), and invert(a, m) for a prime m,
with arguments that were checked here. It returns None for infinity, and where its formulas meet
an exception: Curve's slow way, which knows all cases, then has the last word.
"""

# b, n, x and y of G, two lines each: bytes, a third of the size that numbers have in an .mpy.
_P384_NUMBERS = (
    b"\xb3\x31\x2f\xa7\xe2\x3e\xe7\xe4\x98\x8e\x05\x6b\xe3\xf8\x2d\x19\x18\x1d\x9c\x6e\xfe\x81\x41\x12"
    b"\x03\x14\x08\x8f\x50\x13\x87\x5a\xc6\x56\x39\x8d\x8a\x2e\xd1\x9d\x2a\x85\xc8\xed\xd3\xec\x2a\xef"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xc7\x63\x4d\x81\xf4\x37\x2d\xdf\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"
    b"\xaa\x87\xca\x22\xbe\x8b\x05\x37\x8e\xb1\xc7\x1e\xf3\x20\xad\x74\x6e\x1d\x3b\x62\x8b\xa7\x9b\x98"
    b"\x59\xf7\x41\xe0\x82\x54\x2a\x38\x55\x02\xf2\x5d\xbf\x55\x29\x6c\x3a\x54\x5e\x38\x72\x76\x0a\xb7"
    b"\x36\x17\xde\x4a\x96\x26\x2c\x6f\x5d\x9e\x98\xbf\x92\x92\xdc\x29\xf8\xf4\x1d\xbd\x28\x9a\x14\x7c"
    b"\xe9\xda\x31\x13\xb5\xf0\xb8\xc0\x0a\x60\xb1\xce\x1d\x7e\x81\x9d\x7a\x43\x1d\x7c\x90\xea\x0e\x5f"
)


def inverse(a: int, m: int) -> int:
    """Return 1/a modulo *m* by the extended Euclidean algorithm.

    Raises ValueError when there is none. The number of steps depends on *a*: for a secret
    use blinded_inverse.
    """
    remainder, next_remainder = m, a % m
    factor, next_factor = 0, 1
    while next_remainder:
        quotient, rest = divmod(remainder, next_remainder)
        remainder, next_remainder = next_remainder, rest
        factor, next_factor = next_factor, factor - quotient * next_factor
    if remainder != 1:
        raise ValueError("not invertible")
    return factor % m


def blinded_inverse(a: int, m: int, m_bytes: int, random) -> int:
    """Return 1/a modulo the prime *m* (of *m_bytes* bytes) for a secret *a*.

    The Euclidean algorithm sees a times a fresh random factor only, so that its timing
    tells nothing about *a*.
    """
    blind = random_nonzero(m, m_bytes, random)
    return inverse(a * blind % m, m) * blind % m


def random_nonzero(m: int, m_bytes: int, random) -> int:
    """Return a number from 1 to m - 1 out of at least 64 bits more than *m* has.

    FIPS 186-5 A.2.1 and A.3.1: the bias is below 2**-64. *random*: random(n) -> n bytes.
    """
    return int.from_bytes(random(m_bytes + 8), "big") % (m - 1) + 1


class Curve:
    """A curve of prime order; works for any a, at the pace of plain big integers."""

    def __init__(self, p: int, a: int, b: int, n: int, g: tuple, bits: int) -> None:
        """*bits*: the length of p, and of n."""
        self.p = p
        self.a = a
        self.b = b
        self.n = n
        self.g = g
        self.bits = bits
        self.size_bytes = (bits + 7) // 8

    def is_on_curve(self, point: tuple) -> bool:
        """Tell whether the affine *point* has coordinates in range that fit the equation."""
        x, y = point
        if not (0 <= x < self.p and 0 <= y < self.p):
            return False
        return (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def multiply_base(self, k: int, random) -> tuple:
        """Return k G; see multiply."""
        return self.multiply(k, self.g, random)

    def invert_scalar(self, a: int) -> int:
        """Return 1/a modulo n for *a* from 1 to n - 1; variable time, so blind what is secret."""
        return inverse(a, self.n)

    def multiply(self, k: int, point: tuple, random) -> tuple:
        """Return k times the affine *point*, for a secret *k* from 1 to n - 1; not constant time.

        Raises ValueError for *k* out of range or a point that is not on the curve.
        """
        self.check_scalar(k)
        self.check_point(point)
        return self._to_affine(self._ladder(k, point, random), random)

    def multiply_add(self, u1: int, u2: int, point: tuple, random=None) -> tuple | None:
        """Return u1 G + u2 times the affine *point*, None when that is infinity.

        *u2* and the point are public; so is *u1* unless *random* is given. Raises ValueError
        for a factor outside 0 to n - 1 or a point that is not on the curve.
        """
        self.check_factors(u1, u2, point)
        first = self._ladder(u1, self.g, random)
        total = self._add(first, self._ladder(u2, point, None))
        return self._to_affine(total, random) if total[2] else None

    def encode_point(self, point: tuple) -> bytes:
        """Return the affine *point* uncompressed: 4, x, y (SEC 1 section 2.3.3)."""
        return b"\x04" + b"".join([number.to_bytes(self.size_bytes, "big") for number in point])

    def decode_point(self, data: bytes) -> tuple:
        """Return the affine point of its uncompressed encoding (SEC 1 section 2.3.4).

        Raises ValueError for another form or length and for a point not on the curve.
        """
        if len(data) != 2 * self.size_bytes + 1 or data[0] != 4:
            raise ValueError("not an uncompressed point of this curve")
        middle = 1 + self.size_bytes
        point = int.from_bytes(data[1:middle], "big"), int.from_bytes(data[middle:], "big")
        self.check_point(point)
        return point

    def check_scalar(self, k: int) -> None:
        """Raise ValueError unless *k* is from 1 to n - 1."""
        if not 0 < k < self.n:
            raise ValueError("scalar out of range")

    def check_point(self, point: tuple) -> None:
        """Raise ValueError unless the affine *point* is on the curve."""
        if not self.is_on_curve(point):
            raise ValueError("point not on the curve")

    def check_factors(self, u1: int, u2: int, point: tuple) -> None:
        """Raise ValueError for arguments that multiply_add does not take."""
        if not (0 <= u1 < self.n and 0 <= u2 < self.n):
            raise ValueError("factor out of range")
        self.check_point(point)

    def _ladder(self, k: int, point: tuple, random) -> tuple:
        """Return k times the affine *point*, Jacobian, for *k* from 0 to n - 1.

        Montgomery's: one addition and one doubling a bit, for as many bits as n has and one
        more, whatever *k* is, from a start with a random projective factor (1 without *random*).
        """
        z = random_nonzero(self.p, self.size_bytes, random) if random else 1
        x, y = point
        low = (x * z * z % self.p, y * z * z % self.p * z % self.p, z)
        high = self._double(low)
        # k + n or k + 2n, whichever has one bit more than n, has the same multiple.
        padded = [bin(k + self.n), bin(k + 2 * self.n)]
        bits = padded[len(padded[0]) == len("0b") + self.bits]
        for bit in bits[3:]:
            both = self._add(low, high)
            if bit == "1":
                low, high = both, self._double(high)
            else:
                low, high = self._double(low), both
        return low

    def _to_affine(self, point: tuple, random) -> tuple:
        """Return a Jacobian point, not infinity, as an affine one; blinded if there is *random*."""
        x, y, z = point
        z = blinded_inverse(z, self.p, self.size_bytes, random) if random else inverse(z, self.p)
        zz = z * z % self.p
        return x * zz % self.p, y * zz % self.p * z % self.p

    def _double(self, point: tuple) -> tuple:
        """Return twice a Jacobian point."""
        p = self.p
        x, y, z = point
        yy = y * y % p
        s = 4 * x * yy % p
        zz = z * z % p
        m = (3 * x * x + self.a * (zz * zz % p)) % p
        x3 = (m * m - 2 * s) % p
        return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p

    def _add(self, first: tuple, second: tuple) -> tuple:
        """Return the sum of any two Jacobian points."""
        p = self.p
        x1, y1, z1 = first
        x2, y2, z2 = second
        if not z1:
            return second
        if not z2:
            return first
        zz1 = z1 * z1 % p
        zz2 = z2 * z2 % p
        u1 = x1 * zz2 % p
        s1 = y1 * zz2 % p * z2 % p
        h = (x2 * zz1 - u1) % p
        r = (y2 * zz1 % p * z1 - s1) % p
        if not h:
            return (1, 1, 0) if r else self._double(first)
        hh = h * h % p
        hhh = h * hh % p
        v = u1 * hh % p
        x3 = (r * r - hhh - 2 * v) % p
        return x3, (r * (v - x3) - s1 * hhh) % p, z1 * z2 % p * h % p


class EngineCurve(Curve):
    """A curve with a = -3 that has an engine; multiply, for other bases, is the general one."""

    def __init__(self, p: int, bits: int, numbers: bytes, load_engine) -> None:
        """*numbers*: b, n, and x and y of G; *load_engine*: a function that returns the engine."""
        size = len(numbers) // 4
        parts = [int.from_bytes(numbers[i * size : (i + 1) * size], "big") for i in range(4)]
        super().__init__(p, -3, parts[0], parts[1], tuple(parts[2:]), bits)
        self._load_engine = load_engine
        self._engine = None

    def multiply_base(self, k: int, random) -> tuple:
        """Return k G for a secret *k* from 1 to n - 1; ValueError when it is out of range.

        What leaks by timing is said in the engine.
        """
        self.check_scalar(k)
        return self.engine().multiply_base(k, random) or self.multiply(k, self.g, random)

    def invert_scalar(self, a: int) -> int:
        """Return 1/a modulo n for *a* from 1 to n - 1; see Curve.invert_scalar."""
        return self.engine().invert(a, self.n)

    def multiply_add(self, u1: int, u2: int, point: tuple, random=None) -> tuple | None:
        """Return u1 G + u2 times the affine *point*; see Curve.multiply_add."""
        self.check_factors(u1, u2, point)
        total = self.engine().multiply_add(u1, u2, point[0], point[1], random)
        return total or super().multiply_add(u1, u2, point, random)

    def engine(self):
        """Return the engine, loading it at the first use."""
        if self._engine is None:
            self._engine = self._load_engine()
        return self._engine


def _load_p384_engine():
    """Return the fastest engine that this board can load."""
    try:
        from . import p384_kernel as engine
    except (ImportError, ValueError):  # No kernel for this processor.
        from . import p384_bigint as engine
    return engine


P384 = EngineCurve(
    (1 << 384) - (1 << 128) - (1 << 96) + (1 << 32) - 1, 384, _P384_NUMBERS, _load_p384_engine
)
