"""Verify the signatures of certificates that others made: ECDSA, and RSA by PKCS#1 v1.5.

Everything here is public, and takes time accordingly. Encodings are taken strictly.
"""

from ..asn1 import der
from ..asn1.oids import decode_oid
from ..crypto.ecdsa import InvalidSignature, decode_signature, hash_of_size
from ..crypto.ecdsa import verify as verify_ecdsa
from . import keys

MIN_MODULUS_BITS = 2048
MAX_MODULUS_BITS = 4096
MAX_EXPONENT_BITS = 32
"""A longer public exponent, which nobody needs, would keep a board busy for minutes."""

_RSA_PSS = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"  # 1.2.840.113549.1.1.10
# What SHA-256, SHA-384 and SHA-512 have in common, with the last byte for SHA-256.
_ECDSA_WITH = b"\x2a\x86\x48\xce\x3d\x04\x03\x02"  # 1.2.840.10045.4.3.2 (RFC 5758, 3.2)
_WITH_RSA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"  # 1.2.840.113549.1.1.11 (RFC 8017, A.2.4)


def verify(public_key_der: bytes, algorithm: bytes, data: bytes, signature: bytes) -> None:
    """Raise InvalidSignature unless *signature* is that of *data* by the owner of a public key.

    *public_key_der*: the SubjectPublicKeyInfo of a key on P-256, P-384 or P-521, or of an RSA key
    of 2048 to 4096 bits; *algorithm*: the AlgorithmIdentifier in DER, with SHA-256, SHA-384 or
    SHA-512. ValueError for other algorithms and keys; its text goes on after "the signature is".
    """
    is_ecdsa, digest_bytes = _read_algorithm(algorithm)
    is_ec, parameters, key = _read_public_key(public_key_der)
    if is_ecdsa != is_ec:
        raise ValueError("by an algorithm that does not fit the key")
    digest = hash_of_size(digest_bytes)[0](data)
    if is_ec:
        _verify_ecdsa(parameters, key, digest, signature)
    else:
        _verify_rsa(key, digest, signature)


def _read_algorithm(algorithm: bytes) -> tuple:
    """Return (whether it is ECDSA or else PKCS#1 v1.5, the bytes of its digest)."""
    content = der.decode_one(algorithm, der.SEQUENCE)
    oid, offset = der.decode_next(content, der.OBJECT_IDENTIFIER, 0)
    parameters = content[offset:]
    for first in (_ECDSA_WITH, _WITH_RSA):
        if oid[:-1] != first[:-1] or not 0 <= oid[-1] - first[-1] <= 2:
            continue
        is_ecdsa = first is _ECDSA_WITH
        # RSA: readers must do without the NULL as well (RFC 4055, 5).
        if parameters and (is_ecdsa or parameters != keys.RSA_PARAMETERS):
            raise ValueError("by an algorithm with parameters that do not belong there")
        return is_ecdsa, 32 + 16 * (oid[-1] - first[-1])
    if oid == _RSA_PSS:
        raise ValueError(
            "by RSASSA-PSS, which this board cannot verify; let the CA sign with PKCS#1 v1.5"
        )
    raise ValueError(f"by an algorithm this board cannot verify: {decode_oid(oid)}")


def _read_public_key(public_key_der: bytes) -> tuple:
    """Return (whether it is an EC key or else RSA, its algorithm's parameters, the key's bytes)."""
    content = der.decode_one(public_key_der, der.SEQUENCE)
    algorithm, end = der.decode_next(content, der.SEQUENCE, 0)
    key = der.decode_bit_string(der.decode_one(content[end:], der.BIT_STRING))
    oid, offset = der.decode_next(algorithm, der.OBJECT_IDENTIFIER, 0)
    parameters = algorithm[offset:]
    if oid == keys.EC_PUBLIC_KEY and parameters in keys.CURVES:
        return True, parameters, key
    if oid == keys.RSA_ENCRYPTION and parameters == keys.RSA_PARAMETERS:
        return False, parameters, key
    raise ValueError("by a type of key this board cannot use")


def _verify_ecdsa(parameters: bytes, key: bytes, digest: bytes, signature: bytes) -> None:
    curve = keys.find_curve(keys.CURVES[parameters])
    # Not `raise ... from`, of which MicroPython complains on the console.
    point = pair = None
    try:
        point = curve.decode_point(key)
        pair = decode_signature(signature)
    except ValueError:
        pass
    if point is None:
        raise ValueError("by a key that is not an uncompressed point of its curve")
    if pair is None:
        raise InvalidSignature("not a signature")
    verify_ecdsa(curve, point, digest, pair)


def _verify_rsa(key: bytes, digest: bytes, signature: bytes) -> None:
    """Verify by encoding and comparing, never by parsing what comes out (RFC 8017, 8.2.2)."""
    content = der.decode_one(key, der.SEQUENCE)
    modulus, offset = der.decode_next(content, der.INTEGER, 0)
    n = der.decode_integer(modulus)
    e = der.decode_integer(der.decode_one(content[offset:], der.INTEGER))
    if not n & 1 or n >> MAX_MODULUS_BITS or not n >> MIN_MODULUS_BITS - 1:
        raise ValueError(
            f"by an RSA key that is not of {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS} bits"
        )
    if not e & 1 or e < 3 or e >> MAX_EXPONENT_BITS:
        raise ValueError(
            f"by an RSA key whose exponent is not odd, from 3 to {MAX_EXPONENT_BITS} bits"
        )
    from ..crypto.rsa import encode_message

    size = len(modulus) - (modulus[0] == 0)
    s = int.from_bytes(signature, "big")
    if len(signature) != size or s >= n or pow(s, e, n) != encode_message(digest, size):
        raise InvalidSignature("signature does not match")
