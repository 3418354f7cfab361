"""NIST P-384 (SP 800-186 section 3.2.1.4): the curve, behind which the fastest engine works.

An engine has multiply_base(k, random), multiply_add(u1, u2, x, y, random), and inverse(a, m)
for a prime m; it may take for granted that its arguments were checked here. It returns None for
infinity, and where its formulas meet an exception: the slow way of Curve, which knows all cases,
then has the last word.
"""

from micropython import const

from .ec import Curve

_SIZE = const(48)
# b, n, and the base point's x and y, as bytes: a third of the size that numbers have in an .mpy.
_CONSTANTS = (
    # b
    b"\xb3\x31\x2f\xa7\xe2\x3e\xe7\xe4\x98\x8e\x05\x6b\xe3\xf8\x2d\x19\x18\x1d\x9c\x6e\xfe\x81\x41\x12"
    b"\x03\x14\x08\x8f\x50\x13\x87\x5a\xc6\x56\x39\x8d\x8a\x2e\xd1\x9d\x2a\x85\xc8\xed\xd3\xec\x2a\xef"
    # n
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xc7\x63\x4d\x81\xf4\x37\x2d\xdf\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"
    # x of G
    b"\xaa\x87\xca\x22\xbe\x8b\x05\x37\x8e\xb1\xc7\x1e\xf3\x20\xad\x74\x6e\x1d\x3b\x62\x8b\xa7\x9b\x98"
    b"\x59\xf7\x41\xe0\x82\x54\x2a\x38\x55\x02\xf2\x5d\xbf\x55\x29\x6c\x3a\x54\x5e\x38\x72\x76\x0a\xb7"
    # y of G
    b"\x36\x17\xde\x4a\x96\x26\x2c\x6f\x5d\x9e\x98\xbf\x92\x92\xdc\x29\xf8\xf4\x1d\xbd\x28\x9a\x14\x7c"
    b"\xe9\xda\x31\x13\xb5\xf0\xb8\xc0\x0a\x60\xb1\xce\x1d\x7e\x81\x9d\x7a\x43\x1d\x7c\x90\xea\x0e\x5f"
)


class P384(Curve):
    """P-384 with a fixed-base comb; multiply, for other bases, is the general one."""

    def __init__(self) -> None:
        numbers = [
            int.from_bytes(_CONSTANTS[i : i + _SIZE], "big")
            for i in range(0, len(_CONSTANTS), _SIZE)
        ]
        p = (1 << 384) - (1 << 128) - (1 << 96) + (1 << 32) - 1
        super().__init__(p, -3, numbers[0], numbers[1], tuple(numbers[2:]), 8 * _SIZE)
        self._engine = None

    def multiply_base(self, k: int, random) -> tuple:
        """Return k G for a secret *k* from 1 to n - 1; ValueError when it is out of range.

        What leaks by timing is said in the engine.
        """
        self.check_scalar(k)
        return self.engine().multiply_base(k, random) or self.multiply(k, self.g, random)

    def invert_scalar(self, a: int) -> int:
        """Return 1/a modulo n for *a* from 1 to n - 1; see Curve.invert_scalar."""
        return self.engine().inverse(a, self.n)

    def multiply_add(self, u1: int, u2: int, point: tuple, random=None) -> tuple | None:
        """Return u1 G + u2 times the affine *point*; see Curve.multiply_add."""
        self.check_factors(u1, u2, point)
        total = self.engine().multiply_add(u1, u2, point[0], point[1], random)
        return total or super().multiply_add(u1, u2, point, random)

    def engine(self):
        """Return the fastest engine that this board can load, loading it at the first use."""
        if self._engine is None:
            try:
                from . import p384_kernel as engine
            except (ImportError, ValueError):  # No kernel for this processor.
                from . import p384_bigint as engine
            self._engine = engine
        return self._engine


CURVE = P384()
