"""P-384 points against NIST's vectors and plain affine arithmetic, and the comb's edges."""

import vectors
from boardcert.crypto import p384_bigint
from boardcert.crypto.drbg import random_nonzero
from boardcert.crypto.ec import P384, Curve
from boardcert.crypto.inverse import blinded_inverse, inverse
from helpers import raises, random_bytes

_N, _P, _G = P384.n, P384.p, P384.g
_ENGINE = p384_bigint.make_engine(P384)
# The one odd scalar for which the comb's last sum equals the entry added to it.
_COLLIDING = _N - 2 * sum([1 << bit for bit in range(192, 384, 32)])
_EDGES = [1, _N - 1, 2, _N - 2, 3, _N - 3, 4, _N - 4]
_EDGES += [_COLLIDING, _N - _COLLIDING, _COLLIDING - 2, _COLLIDING + 2]
_EDGES += [(1 << 383) - 1, (1 << 383) + 1, (1 << 192) - 1, _N // 2, _N // 2 + 1]
_EDGES += [sum([1 << (32 * i + 31) for i in range(11)]), sum([1 << (32 * i) for i in range(12)])]


def _add(first, second):
    """Return the sum of two affine points by the textbook formulas; None is infinity."""
    if first is None or second is None:
        return first or second
    (x1, y1), (x2, y2) = first, second
    if x1 == x2:
        if (y1 + y2) % _P == 0:
            return None
        slope = (3 * x1 * x1 - 3) * inverse(2 * y1, _P)
    else:
        slope = (y2 - y1) * inverse(x2 - x1, _P)
    x3 = (slope * slope - x1 - x2) % _P
    return x3, (slope * (x1 - x3) - y1) % _P


_doublings = [_G]


def _power(bit):
    """Return 2**bit G by the textbook formulas; doublings are cached."""
    while len(_doublings) <= bit:
        _doublings.append(_add(_doublings[-1], _doublings[-1]))
    return _doublings[bit]


def _multiply(k):
    """Return k G by the textbook formulas, large scalars as negatives of small ones."""
    if k > _N // 2:
        x, y = _multiply(_N - k)
        return x, _P - y
    total = None
    bit = 0
    while k >> bit:
        if k >> bit & 1:
            total = _add(total, _power(bit))
        bit += 1
    return total


def test_key_pairs():
    """NIST CAVP KeyPair: Q = d G, by the engine and by the general ladder."""
    for fields in vectors.cases("p384_key_pairs"):
        d, x, y = vectors.numbers(fields)
        assert P384.multiply_base(d, random_bytes) == (x, y)
        assert P384.multiply(d, _G, random_bytes) == (x, y)
        assert P384.multiply_add(d, 0, _G) == (x, y)
        assert P384.multiply_add(0, d, _G) == (x, y)


def test_public_keys():
    """NIST CAVP PKV: points off the curve, and coordinates out of range, are refused."""
    for x, y, valid in vectors.cases("p384_public_keys"):
        point = int.from_bytes(x, "big"), int.from_bytes(y, "big")
        assert P384.is_on_curve(point) == (valid == b"\1")


def test_edge_scalars():
    """The comb is right at its edges, for even and odd scalars, as by the textbook."""
    for k in _EDGES[: vectors.LIMIT]:
        expected = _multiply(k)
        assert P384.multiply_base(k, random_bytes) == expected, hex(k)
        assert _ENGINE.multiply_add(k, 0, _G, random_bytes) == expected, hex(k)


def test_single_bits():
    """Every power of two, and its neighbours in the comb, are right, as by the textbook."""
    for bit in vectors.sample(range(383)):
        assert _ENGINE.multiply_add(1 << bit, 0, _G, random_bytes) == _power(bit), bit
        x, y = _power(bit)
        assert _ENGINE.multiply_add(_N - (1 << bit), 0, _G, random_bytes) == (x, _P - y), bit


def test_general_ladder_at_its_edges():
    """The general ladder is right for small and large scalars and another base point."""
    for k in (1, _N - 1, 2, _N - 2, 3, _N // 2)[: vectors.LIMIT]:
        assert P384.multiply(k, _G, random_bytes) == _multiply(k), hex(k)
    assert P384.multiply(12345, _power(20), random_bytes) == _multiply(12345 << 20)


_SUMS = (
    # u1, u2, and the scalar of u1 G + u2 (5 G), 0 for infinity.
    (5, 1, 10),
    (_N - 5, 1, 0),
    (0, 0, 0),
    (0, 1, 5),
    (1, 0, 1),
    (_N - 10, 2, 0),
    (_N - 4, 1, 1),
    (_N - 1, _N - 1, _N - 6),
    (_COLLIDING, 0, _COLLIDING),
    (_COLLIDING, _N - 1, _COLLIDING - 5),
)


def test_multiply_add_exceptions():
    """Equal or opposite points, zero factors and infinity work by the engine and in general."""
    five_g = _multiply(5)
    ways = (random_bytes,) if vectors.is_slow() else (None, random_bytes)
    for u1, u2, scalar in _SUMS[: vectors.LIMIT]:
        expected = _multiply(scalar)
        for blinding in ways:
            # An engine may leave it to the general method.
            total = _ENGINE.multiply_add(u1, u2, five_g, blinding)
            assert total in (expected, None), (u1, u2)
            assert P384.multiply_add(u1, u2, five_g, blinding) == expected, (u1, u2)
        assert Curve.multiply_add(P384, u1, u2, five_g) == expected, (u1, u2)


def test_scalars_out_of_range():
    """0, n and above are not private scalars; factors may be 0."""
    for k in (0, _N, _N + 1, 1 << 384, -1):
        assert raises(ValueError, P384.multiply_base, k, random_bytes), k
        assert raises(ValueError, P384.multiply, k, _G, random_bytes), k
    for u in (_N, 1 << 384, -1):
        assert raises(ValueError, P384.multiply_add, u, 1, _G), u
        assert raises(ValueError, P384.multiply_add, 1, u, _G), u


def test_points_that_are_not_on_the_curve():
    """A point off the curve is refused by every function."""
    x, y = _G
    for point in ((x, y + 1), (x + 1, y), (0, 0), (x + _P, y), (x, y + _P), (x, -y), (y, x)):
        assert not P384.is_on_curve(point)
        assert raises(ValueError, P384.multiply_add, 1, 1, point)
        assert raises(ValueError, P384.multiply, 1, point, random_bytes)


def test_point_encoding():
    """97 bytes, uncompressed; every other length and form is refused."""
    encoded = P384.encode_point(_G)
    assert len(encoded) == 97 and encoded[0] == 4
    assert P384.decode_point(encoded) == _G
    for bad in (
        b"",
        b"\0",
        encoded[:-1],
        encoded + b"\0",
        b"\2" + encoded[1:49],
        b"\6" + encoded[1:],
        encoded[:-1] + bytes([encoded[-1] ^ 1]),
    ):
        assert raises(ValueError, P384.decode_point, bad), bad


def test_inverses():
    """Plain and blinded inverses agree; a number without an inverse is refused."""
    for a in (1, 2, _N - 1, _N // 3, (1 << 383) + 12345):
        assert inverse(a, _N) * a % _N == 1
        assert blinded_inverse(a, _N, 48, random_bytes) == inverse(a, _N)
    for a in (0, _N, 2 * _N):
        assert raises(ValueError, inverse, a, _N)
    assert raises(ValueError, inverse, 6, 9)


def test_random_numbers_cover_their_range():
    """Random numbers range from 1 to m - 1, at the extremes of what *random* may return."""
    assert random_nonzero(_N, 48, lambda n: bytes(n)) == 1
    assert 0 < random_nonzero(_N, 48, lambda n: b"\xff" * n) < _N
    asked = []
    random_nonzero(_N, 48, lambda n: asked.append(n) or bytes(n))
    assert asked == [56]
    values = [random_nonzero(5, 1, lambda n, i=i: i.to_bytes(n, "big")) for i in range(6)]
    assert values == [1, 2, 3, 4, 1, 2]
