"""Key pairs of each curve: generated, stored as SEC 1, read back, checked."""

import sys

import vectors
from boardcert.asn1 import der, oids
from boardcert.certificates import keys
from boardcert.certificates.keys import PrivateKey
from boardcert.crypto.ec import P384
from boardcert.crypto.ecdsa import InvalidSignature
from helpers import raises, random_bytes

_EC_TYPES = ("p256", "p384", "p521")


def _point(d):
    return P384.multiply_base(d, random_bytes)


def _key(d=5, key_type="p384"):
    curve = keys.find_curve(key_type)
    point = curve.encode_point(curve.multiply_base(d, random_bytes))
    return PrivateKey(d, point, key_type)


def test_generated_key_signs():
    """A new pair matches, and signs."""
    for key_type in _EC_TYPES:
        key = keys.generate(key_type, random_bytes)
        assert key.key_type == key_type
        signature = key.sign(b"message", random_bytes)
        key.check(b"message", signature, random_bytes)
        assert raises(InvalidSignature, key.check, b"massage", signature, random_bytes)
        assert raises(ValueError, key.check, b"message", signature[:-1], random_bytes)


class NothingHashes:
    """A context without the module that hashes where no kernel does, until it is imported."""

    def __enter__(self):
        self._before = {name: sys.modules.pop(name) for name in _hashing()}

    def __exit__(self, *_details):
        sys.modules.update(self._before)


def _hashing():
    return [name for name in sys.modules if name.endswith(".sha512_block")]


def test_what_hashes_is_not_in_memory_beside_the_arithmetic():
    """It is imported for digest and nonce, and given back before a multiplication begins."""
    key = _key()
    has_kernel = any([name.endswith(".kernel_sha512") for name in sys.modules])
    seen = []

    def random(n):
        seen.append(len(_hashing()))
        return random_bytes(n)

    with NothingHashes():
        signature = key.sign(b"message", random)
        # What the nonce needs is first asked for.
        assert seen[0] == (0 if has_kernel else 1)
        assert len(seen) > 1 and not any(seen[1:])
        seen.clear()
        key.check(b"message", signature, random)
        assert seen and not any(seen) and not _hashing()


def test_scalar_is_at_least_64_bits_more_reduced():
    """FIPS 186-5 A.2.1: the scalar is reduced from 64 bits more, taken first from *random*."""
    for key_type, size in (("p256", 32), ("p384", 48), ("p521", 66)):
        asked = []

        def extreme(n, asked=asked):
            asked.append(n)
            return b"\xff" * n

        key = keys.generate(key_type, extreme)
        assert asked[0] == size + 8
        d = ((1 << 8 * size + 64) - 1) % (keys.find_curve(key_type).n - 1) + 1
        assert der.encode_octet_string(d.to_bytes(size, "big")) in key.to_der()


def test_two_keys_differ():
    """Two keys differ because their random bytes do."""
    first = keys.generate("p384", random_bytes)
    second = keys.generate("p384", random_bytes)
    assert first.to_der() != second.to_der()
    assert first.public_key_der != second.public_key_der


def test_unknown_key_type():
    """An unknown key type is refused."""
    for key_type in ("p999", "P384", "", "rsa", "rsa2048x"):
        assert raises(ValueError, keys.generate, key_type, random_bytes), key_type


def test_storage_round_trip():
    """Storing and loading gives the same bytes, of equal length for every scalar."""
    for key_type, length in (("p256", 121), ("p384", 167), ("p521", 223)):
        for d in (5, keys.find_curve(key_type).n - 1, 1)[: vectors.LIMIT - 1]:
            encoded = _key(d, key_type).to_der()
            assert len(encoded) == length
            copy = keys.from_der(encoded)
            assert copy.to_der() == encoded
            assert copy.public_key_der == _key(d, key_type).public_key_der
            copy.check(b"", copy.sign(b"", random_bytes), random_bytes)


def test_public_key_encoding():
    """RFC 5480: ecPublicKey on secp256r1, secp384r1, secp521r1."""
    for key_type, length, head in (
        ("p256", 91, "3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
        ("p384", 120, "3076301006072a8648ce3d020106052b8104002203620004"),
        ("p521", 158, "30819b301006072a8648ce3d020106052b810400230381860004"),
    ):
        encoded = _key(5, key_type).public_key_der
        assert encoded[: len(head) // 2] == bytes.fromhex(head) and len(encoded) == length


def test_signature_algorithms():
    """RFC 5758, 3.2: ecdsa-with-SHA256, -SHA384 and -SHA512, without parameters."""
    for key_type, last in (("p256", 2), ("p384", 3), ("p521", 4)):
        expected = bytes.fromhex("300a06082a8648ce3d0403") + bytes([last])
        assert _key(5, key_type).signature_algorithm == expected


def test_other_forms_of_private_keys():
    """Odd PKCS#8, scalar lengths, and missing or unknown curves raise ValueError."""
    good = _key(5, "p256").to_der()
    pkcs8 = der.encode_sequence(
        der.encode_integer(0), der.encode_sequence(), der.encode_octet_string(good)
    )
    scalar = der.encode_octet_string(bytes(31) + b"\x05")
    longer = der.encode_octet_string(bytes(47) + b"\x05")
    content = der.decode_one(good, der.SEQUENCE)
    no_curve = der.encode(der.SEQUENCE, content[:37], content[49:])
    for bad in (
        pkcs8,
        der.encode(der.SEQUENCE, content.replace(scalar, longer)),
        no_curve,
        good.replace(b"\x03\x01\x07", b"\x03\x01\x01"),
        der.encode_sequence(),
        der.encode_sequence(der.encode_integer(1)),
    ):
        assert raises(ValueError, keys.from_der, bad), bad
        assert raises(ValueError, keys.key_matches, bad, _key().public_key_der), bad


def test_damaged_storage():
    """Truncated or extended keys, and wrong versions, lengths, curves or forms, are refused."""
    good = _key().to_der()
    for length in range(0, len(good), 5):
        assert raises(ValueError, keys.from_der, good[:length]), length
    assert raises(ValueError, keys.from_der, good + b"\0")
    for old, new in (
        (b"\x02\x01\x01", b"\x02\x01\x02"),
        (oids.encode_oid("1.3.132.0.34"), oids.encode_oid("1.3.132.0.10")),
        (b"\x03\x62\x00\x04", b"\x03\x62\x00\x02"),
        (b"\x03\x62\x00\x04", b"\x03\x62\x01\x04"),
        (b"\x04\x30", b"\x04\x2f"),
        (b"\xa0\x07", b"\xa2\x07"),
    ):
        assert old in good
        assert raises(ValueError, keys.from_der, good.replace(old, new, 1)), new


def test_pairs_that_do_not_belong_together():
    """Points off the curve or of another key, and out-of-range scalars, are refused."""
    point = P384.encode_point(P384.g)
    off_curve = point[:-1] + bytes([point[-1] ^ 1])
    signature = PrivateKey(1, point).sign(b"", random_bytes)
    PrivateKey(1, point).check(b"", signature, random_bytes)
    for d, other in ((1, off_curve), (0, point), (P384.n, point)):
        assert raises(ValueError, PrivateKey(d, other).check, b"", signature, random_bytes)
    negative = P384.encode_point((P384.g[0], P384.p - P384.g[1]))
    for d, other in ((1, negative), (2, point), (1, P384.encode_point(_point(2)))):
        assert raises(InvalidSignature, PrivateKey(d, other).check, b"", signature, random_bytes)


def test_halves_of_other_curves_are_refused():
    """On the other curves, another key's point is refused."""
    for key_type in ("p256", "p521")[: vectors.LIMIT - 1]:
        key, other = _key(5, key_type), _key(6, key_type)
        mixed = PrivateKey(5, _point_of(other), key_type)
        signature = key.sign(b"", random_bytes)
        key.check(b"", signature, random_bytes)
        assert raises(InvalidSignature, mixed.check, b"", signature, random_bytes)


def _point_of(key):
    spki = der.decode_all(der.decode_one(key.public_key_der, der.SEQUENCE))
    return der.decode_bit_string(spki[1][1])


def test_rsa_keys_match_by_their_public_numbers():
    """RSA keys are compared by modulus, exponent and type, without arithmetic."""

    def private(n, e, version=0):
        numbers = [version, n, e, 3, 5, 7, 11, 13, 17]
        return der.encode_sequence(*[der.encode_integer(number) for number in numbers])

    def public(n, e, oid="1.2.840.113549.1.1.1"):
        numbers = der.encode_sequence(der.encode_integer(n), der.encode_integer(e))
        algorithm = der.encode_sequence(oids.encode_oid(oid), b"\x05\x00")
        return der.encode_sequence(algorithm, der.encode_bit_string(numbers))

    n = (1 << 2047) + 12345
    assert keys.key_matches(private(n, 65537), public(n, 65537))
    for other in (public(n + 2, 65537), public(n, 3), public(n, 65537, "1.2.840.113549.1.1.10")):
        assert not keys.key_matches(private(n, 65537), other)
    assert not keys.key_matches(private(n, 65537), _key().public_key_der)
    assert not keys.key_matches(_key().to_der(), public(n, 65537))
    assert raises(ValueError, keys.key_matches, private(n, 65537, 1), public(n, 65537))


def test_representation_shows_no_secret():
    """A key's representation contains neither the scalar nor anything long enough for it."""
    assert repr(_key(123456789)) == "<PrivateKey p384>"
    assert str(_key(123456789)) == "<PrivateKey p384>"
