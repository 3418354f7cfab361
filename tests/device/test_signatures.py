"""Other signers' signatures, against NIST's vectors, valid and invalid."""

import vectors
from boardcert.asn1 import der, oids
from boardcert.certificates import signatures
from boardcert.certificates.keys import PrivateKey
from boardcert.crypto import ecdsa
from boardcert.crypto.curves import P256, P521
from boardcert.crypto.ec import P384
from helpers import raises, random_bytes

_CURVES = {"p256": P256, "p384": P384, "p521": P521}
_OIDS = {"p256": "1.2.840.10045.3.1.7", "p384": "1.3.132.0.34", "p521": "1.3.132.0.35"}
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_NULL = b"\x05\x00"
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")


def _algorithm(oid, parameters=b""):
    return der.encode_sequence(oids.encode_oid(oid), parameters)


def _ecdsa_with(size):
    return _algorithm(f"1.2.840.10045.4.3.{size // 16}")


def _with_rsa(size, parameters=_NULL):
    return _algorithm(f"1.2.840.113549.1.1.{9 + size // 16}", parameters)


def _ec_key(name, point, oid=_EC_PUBLIC_KEY):
    algorithm = _algorithm(oid, oids.encode_oid(_OIDS[name]))
    return der.encode_sequence(algorithm, der.encode_bit_string(point))


def _rsa_key(n, e, oid=_RSA_ENCRYPTION, parameters=_NULL):
    numbers = der.encode_sequence(der.encode_integer(n), der.encode_integer(e))
    return der.encode_sequence(_algorithm(oid, parameters), der.encode_bit_string(numbers))


def _is_refused(*arguments):
    return raises(ecdsa.InvalidSignature, signatures.verify, *arguments)


def test_ecdsa():
    """NIST CAVP SigVer: each hash on each curve."""
    for name in _CURVES:
        curve = _CURVES[name]
        for fields in vectors.cases(f"{name}_verifications"):
            size, message = fields[0][0], fields[1]
            x, y, r, s, good = vectors.numbers(fields[2:])
            if not curve.is_on_curve((x, y)):
                continue  # Tested separately.
            arguments = _ec_key(name, curve.encode_point((x, y))), _ecdsa_with(size), message
            refused = _is_refused(*arguments, ecdsa.encode_signature((r, s)))
            assert refused != bool(good)
            if vectors.is_slow():
                break


def test_rsa():
    """NIST CAVP SigVer15: 2048 to 4096 bits, each hash; e of 3, 17 and 65537."""
    for size, message, n, e, signature, good in vectors.cases("rsa_verifications"):
        key = _rsa_key(int.from_bytes(n, "big"), int.from_bytes(e, "big"))
        for parameters in (_NULL, b""):
            algorithm = _with_rsa(size[0], parameters)
            assert _is_refused(key, algorithm, message, signature) != bool(good[0])


def _good_rsa():
    """Return (n, e, message, signature), with SHA-256."""
    for size, message, n, e, signature, good in vectors.cases("rsa_verifications"):
        if good[0] and size[0] == 32:
            return int.from_bytes(n, "big"), int.from_bytes(e, "big"), message, signature
    return None


_P256_KEY = PrivateKey(5, P256.encode_point(P256.multiply_base(5, random_bytes)), "p256")
_SIGNATURE = _P256_KEY.sign(b"message", random_bytes)


def test_own_keys_verify():
    """verify accepts the algorithm and key that PrivateKey describes."""
    arguments = _P256_KEY.public_key_der, _P256_KEY.signature_algorithm
    signatures.verify(*arguments, b"message", _SIGNATURE)
    assert _is_refused(*arguments, b"massage", _SIGNATURE)
    for bad in (b"", _SIGNATURE[:-1], _SIGNATURE + b"\0", b"\x30\x00", b"\x31" + _SIGNATURE[1:]):
        assert _is_refused(*arguments, b"message", bad), bad


def _complaint(public_key, algorithm, signature=_SIGNATURE):
    """Return the message of verify's ValueError, or None."""
    try:
        signatures.verify(public_key, algorithm, b"message", signature)
    except ecdsa.InvalidSignature:
        return None
    except ValueError as error:
        return str(error)
    return None


def test_algorithms_that_are_refused():
    """MD5, SHA-1, SHA-224, RSA-PSS, EdDSA, and wrong parameters are refused by name."""
    rsa_key = _rsa_key((1 << 2047) + 1, 65537)
    for oid, parameters, words in (
        ("1.2.840.113549.1.1.10", b"", "RSASSA-PSS"),
        ("1.2.840.113549.1.1.4", _NULL, "1.2.840.113549.1.1.4"),
        ("1.2.840.113549.1.1.5", _NULL, "1.2.840.113549.1.1.5"),
        ("1.2.840.113549.1.1.14", _NULL, "1.2.840.113549.1.1.14"),
        ("1.2.840.113549.1.1.11", b"\x30\x00", "parameters"),
        ("1.2.840.113549.1.1.11", _NULL + _NULL, "parameters"),
        ("1.2.840.10045.4.1", b"", "1.2.840.10045.4.1"),
        ("1.2.840.10045.4.3.1", b"", "1.2.840.10045.4.3.1"),
        ("1.2.840.10045.4.3.5", b"", "1.2.840.10045.4.3.5"),
        ("1.2.840.10045.4.3.2", _NULL, "parameters"),
        ("1.3.101.112", b"", "1.3.101.112"),
    ):
        for key in (rsa_key, _P256_KEY.public_key_der):
            complaint = _complaint(key, _algorithm(oid, parameters))
            assert complaint and words in complaint, (oid, complaint)


def test_algorithms_that_do_not_fit_the_key():
    """An RSA algorithm with an EC key, or the reverse, is refused."""
    assert "fit" in str(_complaint(_P256_KEY.public_key_der, _RSA_SHA256))
    assert "fit" in str(_complaint(_rsa_key((1 << 2047) + 1, 65537), _ECDSA_SHA256))


def test_malformed_algorithms():
    """An algorithm that is truncated, extended, empty, or not an OID is refused."""
    for bad in (
        b"",
        _ECDSA_SHA256[:-1],
        _ECDSA_SHA256 + b"\0",
        b"\x30\x00",
        b"\x30\x02\x06\x00",
        b"\x30\x03\x06\x01\x80",
        b"\x31" + _ECDSA_SHA256[1:],
    ):
        assert _complaint(_P256_KEY.public_key_der, bad), bad


def test_ec_keys_that_are_refused():
    """Points off the curve, compressed or of wrong length, and unknown curves are refused."""
    good = _P256_KEY.public_key_der
    point = good[-65:]
    for bad in (
        _ec_key("p256", point[:-1] + bytes([point[-1] ^ 1])),
        _ec_key("p256", b"\x02" + point[1:33]),
        _ec_key("p256", b"\0"),
        _ec_key("p384", point),
        _ec_key("p256", point, "1.2.840.10045.2.2"),
        good.replace(b"\x03\x01\x07", b"\x03\x01\x01"),
        good[:-1],
        good + b"\0",
        b"\x30\x00",
    ):
        assert _complaint(bad, _ECDSA_SHA256), bad


def test_rsa_keys_that_are_refused():
    """RSA keys too short or too long, or with an even or extreme exponent, are refused."""
    n, e, message, signature = _good_rsa()
    signatures.verify(_rsa_key(n, e), _RSA_SHA256, message, signature)
    for modulus, exponent in (
        (n >> 1 | 1, e),
        ((1 << 1023) + 1, 65537),
        ((1 << 4096) + 1, 65537),
        (n - 1, e),
        (n, 0),
        (n, 1),
        (n, 2),
        (n, e + 1),
        (n, (1 << 32) + 1),
    ):
        complaint = _complaint(_rsa_key(modulus, exponent), _RSA_SHA256, signature)
        assert complaint and "RSA key" in complaint, (modulus, exponent)
    for bad in (_rsa_key(n, e, parameters=b""), _rsa_key(n, e, "1.2.840.113549.1.1.10")):
        assert _complaint(bad, _RSA_SHA256, signature)


def test_rsa_signatures_of_other_lengths():
    """A signature of wrong length or not below the modulus is refused, even if equal modulo n."""
    n, e, message, signature = _good_rsa()
    s = int.from_bytes(signature, "big")
    bad = [b"", signature[:-1], b"\0" + signature, signature + b"\0", bytes(len(signature))]
    if (s + n) >> 8 * len(signature) == 0:
        bad.append((s + n).to_bytes(len(signature), "big"))
    for other in bad:
        assert _is_refused(_rsa_key(n, e), _RSA_SHA256, message, other)


def _cube_root(number):
    """Return the least integer whose cube is not below *number*."""
    low, high = 0, 1
    while high**3 < number:
        high <<= 1
    while low < high:
        middle = (low + high) >> 1
        if middle**3 < number:
            low = middle + 1
        else:
            high = middle
    return low


def test_rsa_forgery_with_garbage_after_the_digest():
    """Bleichenbacher's forgery for e = 3, a cube that begins like a signed message, fails."""
    n = (1 << 2048) - 1
    digest = signatures.hash_of_size(32)[0](b"message")
    start = bytes.fromhex("0001ffffffffffffffff003031300d060960864801650304020105000420") + digest
    cube = int.from_bytes(start + bytes(256 - len(start)), "big")
    root = _cube_root(cube)
    assert (root**3).to_bytes(256, "big")[: len(start)] == start
    assert _is_refused(_rsa_key(n, 3), _RSA_SHA256, b"message", root.to_bytes(256, "big"))
