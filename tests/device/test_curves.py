"""P-256 and P-521: points against NIST's vectors, comb edges, and reductions."""

import vectors
from boardcert.crypto import curves
from boardcert.crypto.curves import P256, P521
from boardcert.crypto.ec import Curve
from helpers import raises, random_bytes

_CURVES = {"p256": P256, "p521": P521}


def _negative(curve, point):
    x, y = point
    return x, curve.p - y


def _number(curve, step):
    """Return a number as long as n, a different one for each *step*."""
    bits = 0
    for i in range(curve.size_bytes):
        bits = bits << 8 | (i * 73 + step * 151) & 0xFF
    return bits % curve.n


def test_key_pairs():
    """NIST CAVP KeyPair: Q = d G, by comb and by window."""
    for name in _CURVES:
        curve = _CURVES[name]
        for fields in vectors.cases(f"{name}_key_pairs"):
            d, x, y = vectors.numbers(fields)
            assert curve.multiply_base(d, random_bytes) == (x, y)
            assert curve.multiply_base(curve.n - d, random_bytes) == (x, curve.p - y)
            assert curve.multiply_add(0, d, curve.g) == (x, y)


def test_key_pairs_by_the_general_ladder():
    """NIST CAVP KeyPair: Q = d G, by the general ladder, which handles the comb's exceptions."""
    for name in _CURVES:
        curve = _CURVES[name]
        for fields in vectors.cases(f"{name}_key_pairs"):
            d, x, y = vectors.numbers(fields)
            assert curve.multiply(d, curve.g, random_bytes) == (x, y)
            if vectors.is_slow():
                return


def test_public_keys():
    """NIST CAVP PKV: points off the curve, and coordinates out of range, are refused."""
    for name in _CURVES:
        for x, y, valid in vectors.cases(f"{name}_public_keys"):
            point = int.from_bytes(x, "big"), int.from_bytes(y, "big")
            assert _CURVES[name].is_on_curve(point) == (valid == b"\1")


def test_small_and_large_scalars():
    """k G for the least and the largest k, by adding G up."""
    for curve in (P256, P521):
        point = curve.g
        for k in range(1, 9)[: vectors.LIMIT]:
            assert curve.multiply_base(k, random_bytes) == point, k
            assert curve.multiply_base(curve.n - k, random_bytes) == _negative(curve, point), k
            point = curve.multiply_add(1, 1, point)
        for k in (0, -1, curve.n, curve.n + 1):
            assert raises(ValueError, curve.multiply_base, k, random_bytes), k


def test_sums():
    """u1 G + u2 (d G) = (u1 + u2 d) G; infinity is None; factors and points are checked."""
    for curve in (P256, P521):
        n, d = curve.n, 12345
        q = curve.multiply_base(d, random_bytes)
        cases = [(1, 0), (0, 1), (5, 7), (n - 1, n - 1), (1, 1 << 80), (n - d + 1, 1)]
        cases += [(_number(curve, 1), _number(curve, 2)), (_number(curve, 3), 1 << 31)]
        for u1, u2 in cases[-vectors.LIMIT :]:
            expected = curve.multiply_base((u1 + u2 * d) % n, random_bytes)
            assert curve.multiply_add(u1, u2, q, random_bytes) == expected, (u1, u2)
            if vectors.is_slow():
                break
            assert curve.multiply_add(u1, u2, q) == expected, (u1, u2)
        if not vectors.is_slow() or curve is P256:
            assert curve.multiply_add(n - 2 * d, 2, q) is None
        for bad in ((-1, 1, q), (1, n, q), (1, 1, (q[0], q[1] ^ 1))):
            assert raises(ValueError, curve.multiply_add, *bad)


def test_the_engine_refers_to_the_ladder():
    """Curve computes what the engine leaves to it."""

    class Engine:
        def multiply_add(self, u1, u2, point, random):
            return None

    expected = P256.multiply_base(7, random_bytes)
    engine = P256.engine()
    P256._engine = Engine()
    try:
        assert P256.multiply_base(7, random_bytes) == expected
        assert P256.multiply_add(5, 2, P256.g) == expected
    finally:
        P256._engine = engine


def test_reductions():
    """Any product, sum or difference of products is reduced to less than p."""
    for curve, reduce in ((P256, curves._reduce_p256), (P521, curves._reduce_p521)):
        p = curve.p
        numbers = [0, 1, 2, p - 1, p, p + 1, 2 * p, 3 * p - 1, 1 << curve.bits, p * p, 8 * p * p]
        numbers += [p * p - 1, (1 << curve.bits) - 1, p << curve.bits, (p << 520) + 1]
        for number in numbers:
            for value in (number, -number):
                reduced = reduce(value)
                assert 0 <= reduced <= p and (reduced - value) % p == 0, value


def test_point_encoding():
    """65 and 133 bytes, uncompressed; every other length and form is refused."""
    for curve, length in ((P256, 65), (P521, 133)):
        encoded = curve.encode_point(curve.g)
        assert len(encoded) == length and encoded[0] == 4
        assert curve.decode_point(encoded) == curve.g
        middle = (length + 1) // 2
        for bad in (
            b"",
            encoded[:-1],
            encoded + b"\0",
            b"\2" + encoded[1:middle],
            b"\6" + encoded[1:],
            encoded[:-1] + bytes([encoded[-1] ^ 1]),
            encoded[:1] + b"\xff" * (length - 1),
        ):
            assert raises(ValueError, curve.decode_point, bad), bad


def test_curves_of_another_a():
    """General arithmetic gives n G = infinity on secp256k1 (SEC 2, 2.4.1), where a = 0."""
    p = (1 << 256) - (1 << 32) - 977
    n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    x = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
    y = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8
    curve = Curve(p, 0, 7, n, (x, y), 256)
    assert curve.multiply_base(n - 1, random_bytes) == (x, p - y)
    assert curve.multiply_add(n - 1, 1, (x, y)) is None
