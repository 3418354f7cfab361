"""Turn private keys as programs write them into the forms that are stored.

In: SEC 1 (RFC 5915; curve and public key may be missing), PKCS#1 (RFC 8017), or one of them in
PKCS#8 (RFC 5208, RFC 5958), not encrypted. Out: SEC 1 with curve and public key, or PKCS#1.
"""

from ..asn1 import der
from ..asn1.oids import decode_oid
from ..asn1.pem_blocks import ENCRYPTED
from .keys import CURVES, EC_PUBLIC_KEY, RSA_ENCRYPTION, SCALAR_BYTES

_CURVE = der.context(0)
_POINT = der.context(1)
_OPTIONAL = ([], [_CURVE], [_POINT], [_CURVE, _POINT])
_ATTRIBUTES = der.context(0)
_PUBLIC_KEY = 0x81  # [1], primitive.
_OPTIONAL_PKCS8 = ([], [_ATTRIBUTES], [_PUBLIC_KEY], [_ATTRIBUTES, _PUBLIC_KEY])


def convert(data: bytes, public_key_der: bytes) -> bytes:
    """Return the stored form of the key *data* (DER); ValueError when it is in none of the above.

    *public_key_der*: the SubjectPublicKeyInfo that it should belong to; what *data* leaves out
    is taken from there. That they do belong together is not checked here.
    """
    elements = der.decode_all(der.decode_one(data, der.SEQUENCE))
    tags = [tag for tag, _ in elements]
    curve = None
    if tags[:3] == [der.INTEGER, der.SEQUENCE, der.OCTET_STRING]:
        data, curve = _unwrap(elements, tags)
        elements = der.decode_all(der.decode_one(data, der.SEQUENCE))
        tags = [tag for tag, _ in elements]
    if tags == [der.INTEGER] * 9:
        return data
    if tags[:2] == [der.SEQUENCE, der.OCTET_STRING]:
        raise ValueError(ENCRYPTED)
    if tags[:2] != [der.INTEGER, der.OCTET_STRING] or tags[2:] not in _OPTIONAL:
        raise ValueError("not a private key in SEC 1, PKCS#1 or PKCS#8 form")
    return _complete(elements, curve, public_key_der)


def _unwrap(elements: list, tags: list) -> tuple:
    """Return (the key inside of a PKCS#8 key, its curve: the parameters of its algorithm)."""
    oid, end = der.decode_next(elements[1][1], der.OBJECT_IDENTIFIER, 0)
    # python-ecdsa says version 2 without what that adds.
    version = der.decode_integer(elements[0][1])
    if not (_PUBLIC_KEY in tags) <= version <= 1 or tags[3:] not in _OPTIONAL_PKCS8:
        raise ValueError("not a PKCS#8 key of version 1 or 2")
    if oid not in (EC_PUBLIC_KEY, RSA_ENCRYPTION):
        raise ValueError(f"not a key that this board can use: {decode_oid(oid)}")
    return elements[2][1], elements[1][1][end:]


def _complete(elements: list, curve: bytes | None, public_key_der: bytes) -> bytes:
    """Return the ECPrivateKey *elements* with curve and public key."""
    algorithm, key_bits = der.decode_all(der.decode_one(public_key_der, der.SEQUENCE))
    _, end = der.decode_next(algorithm[1], der.OBJECT_IDENTIFIER, 0)
    optional = dict(elements[2:])
    curve = optional.get(_CURVE) or curve or algorithm[1][end:]
    point = optional.get(_POINT)
    if not point or der.decode_one(point, der.BIT_STRING)[1:2] in (b"\2", b"\3"):
        point = der.encode(der.BIT_STRING, key_bits[1])  # Missing, or compressed.
    # GnuTLS adds a zero, others leave zeros out.
    scalar = elements[1][1].lstrip(b"\x00")
    scalar = bytes(max(0, SCALAR_BYTES.get(CURVES.get(curve, ""), 0) - len(scalar))) + scalar
    return der.encode_sequence(
        der.encode(*elements[0]),
        der.encode_octet_string(scalar),
        der.encode(_CURVE, curve),
        der.encode(_POINT, point),
    )
