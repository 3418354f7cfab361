"""Check what install and chain ignore in certificates from elsewhere, to the last bit.

The firmware's TLS sends any certificate as it is. A client that cannot parse one string or one bit
of it drops every connection, or reads another name than this board (RFC 5280; X.690 for the
encoding). Extensions that no TLS client reads are not checked.
"""

from .. import RefusedError
from ..asn1 import der
from ..asn1.der_checks import check_bits, check_tree
from ..asn1.oids import decode_oid
from .certificate import Certificate
from .certificate_names import check_name
from .extensions import check_extension

_OID_KEY_USAGE = b"\x55\x1d\x0f"  # 2.5.29.15
_MAX_SERIAL_BYTES = 20  # RFC 5280, 4.1.2.2
_KEY_CERT_SIGN = 0x04
_KEY_AGREEMENT = 0x08
_ENCIPHER_ONLY = 0x01


def check(chain: list) -> None:
    """Raise RefusedError unless each certificate of *chain* (DER, the leaf first) is sound."""
    for number, certificate in enumerate(chain, 1):
        try:
            _check(Certificate(certificate), number == 1)
        except ValueError as error:
            reason = f"certificate {number} cannot be read by every client: {error}"
            raise RefusedError("chain", reason) from error


def _check(certificate: Certificate, is_leaf: bool) -> None:
    serial_number = certificate.serial_number
    if not 1 <= len(serial_number) <= _MAX_SERIAL_BYTES or not der.decode_integer(serial_number):
        raise ValueError(f"its serial number is not positive, in at most {_MAX_SERIAL_BYTES} bytes")
    if certificate.not_after < certificate.not_before:
        raise ValueError("it ends before it begins")
    tbs = der.decode_all(der.decode_one(certificate.tbs, der.SEQUENCE))
    _check_algorithm(tbs[2][1])
    check_name(certificate.issuer)
    check_name(certificate.subject)
    if der.decode_one(certificate.issuer, der.SEQUENCE) == b"":
        raise ValueError("its issuer has no name")
    if der.decode_one(certificate.subject, der.SEQUENCE) == b"" and not certificate.names:
        raise ValueError("its subject has no name")
    if tbs[-1][0] != der.context(3):
        return
    found = der.decode_all(der.decode_one(tbs[-1][1], der.SEQUENCE))
    if not found:
        raise ValueError("its list of extensions is empty")
    for _, extension in found:
        parts = der.decode_all(extension)
        decode_oid(parts[0][1])
        if parts[0][1] == _OID_KEY_USAGE:
            _check_key_usage(parts[-1][1], is_leaf)
        else:
            check_extension(parts[0][1], parts[-1][1])


def _check_algorithm(content: bytes) -> None:
    """Raise ValueError unless *content* is an algorithm's, with at most one parameter."""
    oid, offset = der.decode_next(content, der.OBJECT_IDENTIFIER, 0)
    decode_oid(oid)
    if len(check_tree(content[offset:])) > 1:
        raise ValueError("its signature algorithm has too many parameters")


def _check_key_usage(value: bytes, is_leaf: bool) -> None:
    """RFC 5280, 4.2.1.3: one bit or more of nine. Those unused are zero (X.690, 11.2.1)."""
    content = der.decode_one(value, der.BIT_STRING)
    check_bits(content)
    if not 2 <= len(content) <= 3 or not any(content[1:]):
        raise ValueError("its keyUsage names no use")
    # decipherOnly has a byte of its own.
    if (content[1] & _ENCIPHER_ONLY or any(content[2:])) and not content[1] & _KEY_AGREEMENT:
        raise ValueError("its keyUsage limits a missing keyAgreement")
    if is_leaf and content[1] & _KEY_CERT_SIGN:
        raise ValueError(
            "its keyUsage has keyCertSign, which is for CAs; leave that out of the board's own"
        )
