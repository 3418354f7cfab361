"""Multiples of points on any short Weierstrass curve, by Montgomery's ladder on plain big integers.

For curves without an engine, and where an engine's formulas meet an exception: ec imports it then.
Points are affine (x, y), inside they are Jacobian (x/z**2, y/z**3) with z = 0 at infinity.
"""

from .drbg import random_nonzero
from .inverse import blinded_inverse, inverse


def multiply(curve, k: int, point: tuple, random) -> tuple:
    """Return k times *point* on *curve*, an ec.Curve, for *k* from 1 to n - 1."""
    return _to_affine(curve, _ladder(curve, k, point, random), random)


def multiply_sum(curve, u1: int, u2: int, point: tuple, random) -> tuple | None:
    """Return u1 G + u2 times *point*, None when that is infinity; see ec.Curve.multiply_add."""
    first = _ladder(curve, u1, curve.g, random)
    total = _add(curve, first, _ladder(curve, u2, point, None))
    return _to_affine(curve, total, random) if total[2] else None


def _ladder(curve, k: int, point: tuple, random) -> tuple:
    """Return k times the affine *point*, Jacobian, for *k* from 0 to n - 1.

    Montgomery's: one addition and one doubling a bit, for as many bits as n has and one
    more, whatever *k* is, from a start with a random projective factor (1 without *random*).
    """
    z = random_nonzero(curve.p, curve.size_bytes, random) if random else 1
    x, y = point
    low = (x * z * z % curve.p, y * z * z % curve.p * z % curve.p, z)
    high = _double(curve, low)
    # k + n or k + 2n, whichever has one bit more than n, has the same multiple.
    padded = [bin(k + curve.n), bin(k + 2 * curve.n)]
    bits = padded[len(padded[0]) == len("0b") + curve.bits]
    for bit in bits[3:]:
        both = _add(curve, low, high)
        if bit == "1":
            low, high = both, _double(curve, high)
        else:
            low, high = _double(curve, low), both
    return low


def _to_affine(curve, point: tuple, random) -> tuple:
    """Return a Jacobian point, not infinity, as an affine one; blinded if there is *random*."""
    x, y, z = point
    z = blinded_inverse(z, curve.p, curve.size_bytes, random) if random else inverse(z, curve.p)
    zz = z * z % curve.p
    return x * zz % curve.p, y * zz % curve.p * z % curve.p


def _double(curve, point: tuple) -> tuple:
    """Return twice a Jacobian point."""
    p = curve.p
    x, y, z = point
    yy = y * y % p
    s = 4 * x * yy % p
    zz = z * z % p
    m = (3 * x * x + curve.a * (zz * zz % p)) % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p


def _add(curve, first: tuple, second: tuple) -> tuple:
    """Return the sum of any two Jacobian points."""
    p = curve.p
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
        return (1, 1, 0) if r else _double(curve, first)
    hh = h * h % p
    hhh = h * hh % p
    v = u1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - s1 * hhh) % p, z1 * z2 % p * h % p
