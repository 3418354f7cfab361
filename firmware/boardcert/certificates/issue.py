"""Build certificates (RFC 5280) and certificate requests (RFC 2986), up to their signatures.

The profile is one that OpenSSL, GnuTLS, Go, Java, NSS and pkilint all accept of a server
certificate, self-signed or not: version 3, no CA, digitalSignature, SAN, and both key identifiers.
The certificate of a board's own authority is in authority_certificate.
"""

import hashlib

from ..asn1 import der
from . import fields

SERIAL_BYTES = 16

# Object identifiers, in DER.
_OID_COMMON_NAME = b"\x06\x03\x55\x04\x03"  # 2.5.4.3
_OID_SERIAL_NUMBER = b"\x06\x03\x55\x04\x05"  # 2.5.4.5
_OID_SUBJECT_KEY_IDENTIFIER = b"\x06\x03\x55\x1d\x0e"  # 2.5.29.14
OID_KEY_USAGE = b"\x06\x03\x55\x1d\x0f"  # 2.5.29.15
_OID_SUBJECT_ALT_NAME = b"\x06\x03\x55\x1d\x11"  # 2.5.29.17
OID_BASIC_CONSTRAINTS = b"\x06\x03\x55\x1d\x13"  # 2.5.29.19
_OID_AUTHORITY_KEY_IDENTIFIER = b"\x06\x03\x55\x1d\x23"  # 2.5.29.35
_OID_EXTENDED_KEY_USAGE = b"\x06\x03\x55\x1d\x25"  # 2.5.29.37
_OID_SERVER_AUTH = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"  # 1.3.6.1.5.5.7.3.1
_OID_CLIENT_AUTH = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"  # 1.3.6.1.5.5.7.3.2
# 1.2.840.113549.1.9.14
_OID_EXTENSION_REQUEST = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"

_PRINTABLE_STRING = 0x13
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
DNS_NAME = 0x82
_IP_ADDRESS = 0x87
_KEY_IDENTIFIER = 0x80  # [0] in an AuthorityKeyIdentifier, primitive.


def tbs_certificate(
    holder: tuple,
    alt_names: list,
    validity: tuple,
    random_bytes: bytes,
    issuer: tuple | None = None,
) -> bytes:
    """Return the DER of what is to be signed to be the certificate of *holder*.

    *holder*: (Name, see encode_subject; key, see keys); *alt_names*: host names and addresses as
    text, at least one; *validity*: (not_before, not_after), see fields; *random_bytes*: 16, of
    which 126 bits make the serial number. *issuer*: as *holder*; None: that itself.
    """
    extensions = (
        encode_extension(OID_BASIC_CONSTRAINTS, der.encode_sequence(), True),  # CA:FALSE
        _encode_key_usage(),
        encode_extended_key_usage(),
        _encode_alt_names(alt_names),
    )
    return assemble(holder, issuer or holder, validity, random_bytes, extensions)


def assemble(
    holder: tuple, issuer: tuple, validity: tuple, random_bytes: bytes, extensions: tuple
) -> bytes:
    """Return a tbsCertificate with these *extensions*, and both key identifiers.

    The other arguments: as of tbs_certificate.
    """
    not_before, not_after = validity
    if not_after < not_before:
        raise ValueError("the certificate would end before it begins")
    subject, key = holder
    issuer_name, issuer_key = issuer
    public_key_der = key.public_key_der
    identifier = issuers = key_identifier(public_key_der)
    if issuer_key is not key:
        issuers = key_identifier(issuer_key.public_key_der)
    identifiers = (
        encode_extension(_OID_SUBJECT_KEY_IDENTIFIER, der.encode_octet_string(identifier)),
        encode_extension(
            _OID_AUTHORITY_KEY_IDENTIFIER,
            der.encode_sequence(der.encode(_KEY_IDENTIFIER, issuers)),
        ),
    )
    return der.encode_sequence(
        der.encode(der.context(0), der.encode_integer(2)),  # version 3
        der.encode(der.INTEGER, encode_serial_number(random_bytes)),
        issuer_key.signature_algorithm,
        issuer_name,
        der.encode_sequence(encode_time(not_before), encode_time(not_after)),
        subject,
        public_key_der,
        der.encode(der.context(3), der.encode_sequence(*extensions + identifiers)),
    )


def request_info(key, subject: bytes, alt_names: list) -> bytes:
    """Return the DER of what *key* is to sign to be a PKCS#10 request for *alt_names*."""
    extensions = der.encode_sequence(
        _encode_key_usage(), encode_extended_key_usage(), _encode_alt_names(alt_names)
    )
    attribute = der.encode_sequence(_OID_EXTENSION_REQUEST, der.encode(der.SET, extensions))
    return der.encode_sequence(
        der.encode_integer(0),  # version 1
        subject,
        key.public_key_der,
        der.encode(der.context(0), attribute),
    )


def empty_subject() -> bytes:
    """Return a Name that says nothing: a CA would certify a common name, too."""
    return der.encode_sequence()


def encode_subject(common_name: str, unique_id: str) -> bytes:
    """Return a Name of common name and serial number: no two boards share it.

    *common_name*: 1 to 64 characters; *unique_id*: hexadecimal digits, 1 to 64 (RFC 5280, A.1).
    """
    if not (1 <= len(common_name) <= 64 and 1 <= len(unique_id) <= 64):
        raise ValueError("common name and unique id have 1 to 64 characters")
    # Each character of a text becomes a name, if a loop takes them one by one.
    if unique_id.strip("0123456789abcdef"):
        raise ValueError("the unique id must be lower-case hexadecimal digits")
    common = (der.UTF8_STRING, common_name.encode(), _OID_COMMON_NAME)
    serial = (_PRINTABLE_STRING, unique_id.encode(), _OID_SERIAL_NUMBER)
    parts = []
    for tag, value, oid in (common, serial):
        attribute = der.encode_sequence(oid, der.encode(tag, value))
        parts.append(der.encode(der.SET, attribute))
    return der.encode_sequence(*parts)


def encode_serial_number(random_bytes: bytes) -> bytes:
    """Return INTEGER content of 16 bytes: positive, and never shorter (RFC 5280, 4.1.2.2)."""
    if len(random_bytes) != SERIAL_BYTES:
        raise ValueError("a serial number is made of 16 random bytes")
    return bytes([random_bytes[0] & 0x3F | 0x40]) + random_bytes[1:]


def encode_time(date: tuple) -> bytes:
    """Return a Time: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5)."""
    if not fields.is_valid_date(date) or date[0] < 1950:
        raise ValueError(f"not a date that a certificate can have: {date}")
    text = "{:04d}{:02d}{:02d}{:02d}{:02d}{:02d}Z".format(*date)
    if date[0] < 2050:
        return der.encode(_UTC_TIME, text[2:].encode())
    return der.encode(_GENERALIZED_TIME, text.encode())


def key_identifier(public_key_der: bytes) -> bytes:
    """Return the 20-byte key identifier of a SubjectPublicKeyInfo (RFC 5280, 4.2.1.2, method 1).

    SHA-1 serves as a name here; nothing depends on its collision resistance. On builds without
    it, the first 160 bits of SHA-256 stand in (RFC 7093, section 2, method 1).
    """
    spki = der.decode_all(der.decode_one(public_key_der, der.SEQUENCE))
    public_key = der.decode_bit_string(spki[1][1])
    digest = getattr(hashlib, "sha1", hashlib.sha256)(public_key).digest()
    return digest[:20]


def _encode_key_usage() -> bytes:
    digital_signature = der.encode_bit_string(b"\x80", 7)
    return encode_extension(OID_KEY_USAGE, digital_signature, True)


def encode_extended_key_usage() -> bytes:
    """Return the extension for TLS alone, as a server and as a client."""
    purposes = der.encode_sequence(_OID_SERVER_AUTH, _OID_CLIENT_AUTH)
    return encode_extension(_OID_EXTENDED_KEY_USAGE, purposes)


def _encode_alt_names(alt_names: list) -> bytes:
    """Return the subjectAltName extension; ValueError for a bad name, or none at all."""
    if not alt_names:
        raise ValueError("a certificate needs at least one name")
    parts = [_encode_alt_name(name) for name in alt_names]
    return encode_extension(_OID_SUBJECT_ALT_NAME, der.encode_sequence(*parts))


def _encode_alt_name(name: str) -> bytes:
    """Return a GeneralName; a DNS name may begin with "*.", which a CA can be asked for."""
    is_wildcard = name[:2] == "*."
    kind, value = fields.parse_name(name[2:] if is_wildcard else name)
    if is_wildcard and kind == "ip":
        raise ValueError(f"not a host name or address: {name!r}")
    if is_wildcard:
        value = b"*." + value
    return der.encode(DNS_NAME if kind == "dns" else _IP_ADDRESS, value)


def encode_extension(oid: bytes, value: bytes, is_critical: bool = False) -> bytes:
    """Return an Extension; critical is left out when false, as DER wants of a default."""
    critical = b"\x01\x01\xff" if is_critical else b""  # TRUE
    return der.encode_sequence(oid, critical, der.encode_octet_string(value))
