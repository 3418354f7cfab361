"""Short Weierstrass curves y**2 = x**3 + a x + b over a prime field (SEC 1), and NIST P-384.

Affine points are (x, y) tuples of integers, and None is the point at infinity.

Behind P384 (SP 800-186 section 3.2.1.4) works the fastest engine that the board can load. It has
multiply_add(u1, u2, point, random), for u1 G + u2 point, and invert(a, m) for a prime m,
with arguments that were checked here. It returns None for infinity, and where its formulas meet
an exception: Curve's slow way, which knows all cases, then has the last word.
"""

# p, b, n, x and y of G, two lines each: bytes, a third of the size that numbers have in an .mpy.
_P384_NUMBERS = (
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"
    b"\xb3\x31\x2f\xa7\xe2\x3e\xe7\xe4\x98\x8e\x05\x6b\xe3\xf8\x2d\x19\x18\x1d\x9c\x6e\xfe\x81\x41\x12"
    b"\x03\x14\x08\x8f\x50\x13\x87\x5a\xc6\x56\x39\x8d\x8a\x2e\xd1\x9d\x2a\x85\xc8\xed\xd3\xec\x2a\xef"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xc7\x63\x4d\x81\xf4\x37\x2d\xdf\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"
    b"\xaa\x87\xca\x22\xbe\x8b\x05\x37\x8e\xb1\xc7\x1e\xf3\x20\xad\x74\x6e\x1d\x3b\x62\x8b\xa7\x9b\x98"
    b"\x59\xf7\x41\xe0\x82\x54\x2a\x38\x55\x02\xf2\x5d\xbf\x55\x29\x6c\x3a\x54\x5e\x38\x72\x76\x0a\xb7"
    b"\x36\x17\xde\x4a\x96\x26\x2c\x6f\x5d\x9e\x98\xbf\x92\x92\xdc\x29\xf8\xf4\x1d\xbd\x28\x9a\x14\x7c"
    b"\xe9\xda\x31\x13\xb5\xf0\xb8\xc0\x0a\x60\xb1\xce\x1d\x7e\x81\x9d\x7a\x43\x1d\x7c\x90\xea\x0e\x5f"
)


class Curve:
    """A curve of prime order; works for any a, by ladder, at the pace of plain big integers."""

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
        """Return whether the affine *point* has coordinates in range that fit the equation."""
        x, y = point
        if not (0 <= x < self.p and 0 <= y < self.p):
            return False
        return (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def multiply_base(self, k: int, random) -> tuple:
        """Return k G; see multiply."""
        return self.multiply(k, self.g, random)

    def invert_scalar(self, a: int) -> int:
        """Return 1/a modulo n for *a* from 1 to n - 1; variable time, so blind what is secret."""
        from .inverse import inverse

        return inverse(a, self.n)

    def multiply(self, k: int, point: tuple, random) -> tuple:
        """Return k times the affine *point*, for a secret *k* from 1 to n - 1; not constant time.

        Raises ValueError for *k* out of range or a point that is not on the curve.
        """
        self.check_scalar(k)
        self.check_point(point)
        from .ladder import multiply

        return multiply(self, k, point, random)

    def multiply_add(self, u1: int, u2: int, point: tuple, random=None) -> tuple | None:
        """Return u1 G + u2 times the affine *point*, None when that is infinity.

        *u2* and the point are public; so is *u1* unless *random* is given. Raises ValueError
        for a factor outside 0 to n - 1 or a point that is not on the curve.
        """
        self.check_factors(u1, u2, point)
        from .ladder import multiply_sum

        return multiply_sum(self, u1, u2, point, random)

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


class EngineCurve(Curve):
    """A curve with a = -3 that has an engine; multiply, for other bases, is the general one."""

    def __init__(self, bits: int, numbers: bytes, load_engine) -> None:
        """*numbers*: p, b, n, x and y of G; *load_engine*(curve) returns its engine."""
        size = len(numbers) // 5
        parts = [int.from_bytes(numbers[i : i + size], "big") for i in range(0, 5 * size, size)]
        super().__init__(parts[0], -3, parts[1], parts[2], tuple(parts[3:]), bits)
        self._load_engine = load_engine
        self._engine = None

    def multiply_base(self, k: int, random) -> tuple:
        """Return k G for a secret *k* from 1 to n - 1; ValueError when it is out of range.

        The engine states what leaks by timing.
        """
        self.check_scalar(k)
        total = self.engine().multiply_add(k, 0, self.g, random)
        return total or self.multiply(k, self.g, random)

    def invert_scalar(self, a: int) -> int:
        """Return 1/a modulo n for *a* from 1 to n - 1; see Curve.invert_scalar."""
        return self.engine().invert(a, self.n)

    def multiply_add(self, u1: int, u2: int, point: tuple, random=None) -> tuple | None:
        """Return u1 G + u2 times the affine *point*; see Curve.multiply_add."""
        self.check_factors(u1, u2, point)
        total = self.engine().multiply_add(u1, u2, point, random)
        return total or super().multiply_add(u1, u2, point, random)

    def engine(self):
        """Return the engine, loading it at the first use."""
        if self._engine is None:
            self._engine = self._load_engine(self)
        return self._engine


def _load_p384_engine(curve: EngineCurve):
    """Return the fastest engine that this board can load."""
    try:
        from .p384_kernel import Engine
    except (ImportError, ValueError):  # No kernel for this processor.
        from .p384_bigint import make_engine as Engine
    return Engine(curve)


P384 = EngineCurve(384, _P384_NUMBERS, _load_p384_engine)
