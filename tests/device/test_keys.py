"""Key pairs: made, stored as SEC 1, read back, checked."""

from boardcert import der, keys
from boardcert.ec import P384
from boardcert.ecdsa import InvalidSignature
from boardcert.keys import PrivateKey
from helpers import raises, random_bytes


def _point(d):
    return P384.multiply_base(d, random_bytes)


def _key(d=5):
    return PrivateKey(d, P384.encode_point(_point(d)))


def test_generated_key_signs():
    """A new pair belongs together, reports its progress, and signs."""
    progress = []
    key = keys.generate("p384", random_bytes, progress.append)
    assert progress == ["generating the key"]
    signature = key.sign(b"message", random_bytes)
    key.check(b"message", signature, random_bytes)
    assert raises(InvalidSignature, key.check, b"massage", signature, random_bytes)
    assert raises(ValueError, key.check, b"message", signature[:-1], random_bytes)


def test_scalar_is_448_bits_reduced():
    """FIPS 186-5 A.2.1, on the first bytes that *random* gives."""
    asked = []

    def extreme(n):
        asked.append(n)
        return b"\xff" * n

    key = keys.generate("p384", extreme)
    assert asked[0] == 56
    d = ((1 << 448) - 1) % (P384.n - 1) + 1
    assert der.encode_octet_string(d.to_bytes(48, "big")) in key.to_der()


def test_two_keys_differ():
    """As their random bytes do."""
    first = keys.generate("p384", random_bytes)
    second = keys.generate("p384", random_bytes)
    assert first.to_der() != second.to_der()
    assert first.public_key_der != second.public_key_der


def test_unknown_key_type():
    """Only what is there can be asked for."""
    for key_type in ("p999", "P384", "", "rsa", "rsa2048x"):
        assert raises(ValueError, keys.generate, key_type, random_bytes), key_type


def test_storage_round_trip():
    """The same bytes again; 167 of them, for every scalar."""
    for d in (1, 5, P384.n - 1):
        encoded = _key(d).to_der()
        assert len(encoded) == 167
        copy = keys.from_der(encoded)
        assert copy.to_der() == encoded
        assert copy.public_key_der == _key(d).public_key_der
        copy.check(b"", copy.sign(b"", random_bytes), random_bytes)


def test_public_key_encoding():
    """RFC 5480: 120 bytes, ecPublicKey on secp384r1."""
    encoded = _key().public_key_der
    head = bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004")
    assert encoded[: len(head)] == head and len(encoded) == 120


def test_damaged_storage():
    """Truncated, extended, of another version, length, curve or form."""
    good = _key().to_der()
    for length in range(0, len(good), 5):
        assert raises(ValueError, keys.from_der, good[:length]), length
    assert raises(ValueError, keys.from_der, good + b"\0")
    for old, new in (
        (b"\x02\x01\x01", b"\x02\x01\x02"),
        (der.encode_oid("1.3.132.0.34"), der.encode_oid("1.3.132.0.10")),
        (b"\x03\x62\x00\x04", b"\x03\x62\x00\x02"),
        (b"\x03\x62\x00\x04", b"\x03\x62\x01\x04"),
        (b"\x04\x30", b"\x04\x2f"),
        (b"\xa0\x07", b"\xa2\x07"),
    ):
        assert old in good
        assert raises(ValueError, keys.from_der, good.replace(old, new, 1)), new


def test_pairs_that_do_not_belong_together():
    """A point off the curve, another's point or scalar, a scalar out of range."""
    point = P384.encode_point(P384.g)
    off_curve = point[:-1] + bytes([point[-1] ^ 1])
    signature = PrivateKey(1, point).sign(b"", random_bytes)
    PrivateKey(1, point).check(b"", signature, random_bytes)
    for d, other in ((1, off_curve), (0, point), (P384.n, point)):
        assert raises(ValueError, PrivateKey(d, other).check, b"", signature, random_bytes)
    negative = P384.encode_point((P384.g[0], P384.p - P384.g[1]))
    for d, other in ((1, negative), (2, point), (1, P384.encode_point(_point(2)))):
        assert raises(InvalidSignature, PrivateKey(d, other).check, b"", signature, random_bytes)


def test_representation_shows_no_secret():
    """Neither the scalar nor anything long enough to hold it."""
    assert repr(_key(123456789)) == "<PrivateKey p384>"
    assert str(_key(123456789)) == "<PrivateKey p384>"
