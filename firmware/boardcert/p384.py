"""NIST P-384 (SP 800-186 section 3.2.1.4): the curve, behind which the fastest engine works.

An engine has multiply_base(k, random), multiply_add(u1, u2, x, y), and inverse(a, m) for a
prime m; it may take for granted that its arguments were checked here.
"""
# ruff: noqa: E501 (a field element is one number)

from .ec import Curve

_P = 2**384 - 2**128 - 2**96 + 2**32 - 1
_B = 0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF
_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_G = (
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
)


class P384(Curve):
    """P-384 with a fixed-base comb; multiply, for other bases, is the general one."""

    def __init__(self) -> None:
        super().__init__(_P, -3, _B, _N, _G, 48)
        self._engine = None

    def multiply_base(self, k: int, random) -> tuple:
        """Return k G for a secret *k* from 1 to n - 1; ValueError when it is out of range.

        What leaks by timing is said in the engine.
        """
        self.check_scalar(k)
        return self.engine().multiply_base(k, random)

    def invert_scalar(self, a: int) -> int:
        """Return 1/a modulo n for *a* from 1 to n - 1; see Curve.invert_scalar."""
        return self.engine().inverse(a, self.n)

    def multiply_add(self, u1: int, u2: int, point: tuple) -> tuple | None:
        """Return u1 G + u2 times the affine *point*; see Curve.multiply_add."""
        self.check_factors(u1, u2, point)
        return self.engine().multiply_add(u1, u2, point[0], point[1])

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
multiply_base = CURVE.multiply_base
multiply_add = CURVE.multiply_add
