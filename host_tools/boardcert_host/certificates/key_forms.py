"""Private keys (DER) in the forms that other programs write; cryptography refuses some of them.

GnuTLS encodes a scalar like an INTEGER, with a zero byte if the first bit is set; python-ecdsa
writes PKCS#8 version 2 without the fields of that version. OpenSSL and the board
(certificates/key_import) read both, so they are read here.
"""

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from .certificate import COMPRESSED, RSASSA_PSS
from .der import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, children, element
from .rounds import TOO_DEEP, TOO_LARGE, TOO_MANY, why_too_many

# The bytes of a scalar, by the OID of its curve: P-256, P-384, P-521.
_SCALAR_BYTES = {
    bytes.fromhex("06082a8648ce3d030107"): 32,
    bytes.fromhex("06052b81040022"): 48,
    bytes.fromhex("06052b81040023"): 66,
}
_PKCS8 = [INTEGER, SEQUENCE, OCTET_STRING]
_OUTER_PUBLIC_KEY = 0x81
_CURVE, _POINT = 0xA0, 0xA1
NOT_OPENED = "wrong passphrase, or damaged"
_OLD_SCHEME = "it is encrypted in a way that is no longer supported; openssl pkcs8 -topk8 renews it"
_UNREADABLE = "it cannot be read"
REASONS = (NOT_OPENED, _OLD_SCHEME, _UNREADABLE, TOO_MANY, TOO_LARGE, TOO_DEEP)
"""The reasons that load gives; they show nothing of a key."""


def is_encrypted(der: bytes) -> bool:
    """Return whether this is an EncryptedPrivateKeyInfo (RFC 5958), by PBES2 or an older scheme."""
    try:
        (first, algorithm), (second, _) = children(der)
        # Every scheme is below 1.2.840.113549.1.5 (PKCS#5) or 1.2.840.113549.1.12.1 (PKCS#12).
        schemes = bytes.fromhex("2a864886f70d0105"), bytes.fromhex("2a864886f70d010c01")
        return (first, second) == (SEQUENCE, OCTET_STRING) and algorithm[2:].startswith(schemes)
    except ValueError:
        return False


def load(der: bytes, passphrase: bytes | None = None) -> Any:
    """Return the private key. Raises ValueError, with a reason that shows nothing of the key."""
    if is_encrypted(der):
        if reason := why_too_many(der):
            raise ValueError(reason)
        try:
            return load_der_private_key(der, passphrase)
        except UnsupportedAlgorithm:
            raise ValueError(_OLD_SCHEME) from None
        except (ValueError, TypeError):
            raise ValueError(NOT_OPENED) from None
    try:
        return load_der_private_key(_usual_form(der), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(_UNREADABLE) from None


def written_spki(der: bytes, key: Any) -> bytes:
    """Return the SubjectPublicKeyInfo that programs write for *key*, read from the file *der*.

    PKCS#8 marks a key that is for RSASSA-PSS alone, and keeps a compressed point: openssl copies
    both into a request, and the CA into the certificate.
    """
    usual = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        (_, algorithm), (_, bits) = children(usual)
        parts = children(der)
        if [tag for tag, _ in parts[:3]] == _PKCS8:
            written, inner = parts[1][1], parts[2][1]
            algorithm = written if written.startswith(RSASSA_PSS) else algorithm
            parts = children(inner)
        point = dict(parts).get(_POINT)
        (_, given), *_ = children(element(SEQUENCE, point)) if point else ((0, b""),)
    except ValueError:  # Of another kind, Ed25519 for example.
        return usual
    bits = given if given[1:2] in COMPRESSED else bits
    return element(SEQUENCE, element(SEQUENCE, algorithm), element(BIT_STRING, bits))


def _usual_form(der: bytes) -> bytes:
    """Return SEC 1 and PKCS#8 in the form that cryptography accepts, anything else unchanged."""
    parts = children(der)
    if [tag for tag, _ in parts[:3]] == _PKCS8:
        (_, version), (_, algorithm), (_, key), *more = parts
        if version not in (b"\0", b"\1"):
            return der
        is_version_2 = any(tag == _OUTER_PUBLIC_KEY for tag, _ in more)
        inner = _usual_scalar(key, next((c for c in _SCALAR_BYTES if c in algorithm), None))
        elements = [
            (INTEGER, bytes([is_version_2])),
            (SEQUENCE, algorithm),
            (OCTET_STRING, inner),
            *more,
        ]
        return element(SEQUENCE, *[element(*one) for one in elements])
    return _usual_scalar(der, None)


def _usual_scalar(der: bytes, curve: bytes | None) -> bytes:
    """Return an ECPrivateKey whose scalar has the length of its curve (RFC 5915, section 3)."""
    try:
        version, (tag, scalar), *more = children(der)
    except ValueError:
        return der  # Of another kind: of Ed25519, it is a string.
    curve = curve or dict(more).get(_CURVE)
    if curve is None:  # Some leave it to the certificate; no two curves have the same length.
        curve = next((one for one, size in _SCALAR_BYTES.items() if size == len(scalar)), b"")
        more = [(_CURVE, curve), *more]
    size = _SCALAR_BYTES.get(curve)
    if tag != OCTET_STRING or size is None:
        return der
    elements = [version, (tag, scalar.lstrip(b"\0").rjust(size, b"\0")), *more]
    return element(SEQUENCE, *[element(*one) for one in elements])
