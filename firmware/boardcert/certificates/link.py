"""One certificate of a chain: what decides whether a client accepts it (RFC 5280, section 4)."""

from ..asn1 import der
from ..asn1.oids import decode_oid

_OID_KEY_USAGE = b"\x55\x1d\x0f"  # 2.5.29.15
_OID_BASIC_CONSTRAINTS = b"\x55\x1d\x13"  # 2.5.29.19
_OID_EXTENDED_KEY_USAGE = b"\x55\x1d\x25"  # 2.5.29.37
OID_SERVER_AUTH = b"\x2b\x06\x01\x05\x05\x07\x03\x01"  # 1.3.6.1.5.5.7.3.1
OID_ANY_PURPOSE = b"\x55\x1d\x25\x00"  # 2.5.29.37.0
_OID_TLS_FEATURE = b"\x2b\x06\x01\x05\x05\x07\x01\x18"  # 1.3.6.1.5.5.7.1.24
_OID_KEY_IDENTIFIER = b"\x55\x1d\x0e"  # 2.5.29.14
_OID_ISSUERS_KEY_IDENTIFIER = b"\x55\x1d\x23"  # 2.5.29.35
_OID_NAME_CONSTRAINTS = b"\x55\x1d\x1e"  # 2.5.29.30
# Those that mbedTLS reads when they are critical: the first three, subjectAltName, and policies.
_KNOWN = (_OID_KEY_USAGE, _OID_BASIC_CONSTRAINTS, _OID_EXTENDED_KEY_USAGE)
_KNOWN += (b"\x55\x1d\x11", b"\x55\x1d\x20")
# The signature algorithms that it reads: ECDSA (1.2.840.10045.4), PKCS#1 v1.5
# (1.2.840.113549.1.1), and what their last numbers stand for that anybody could forge.
_ECDSA, _RSA = b"\x2a\x86\x48\xce\x3d\x04", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01"
_ALGORITHMS = [_ECDSA + bytes([3, number]) for number in range(1, 5)]
_ALGORITHMS += [_RSA + bytes([number]) for number in range(11, 15)]
_BROKEN = {_ECDSA + b"\1": "SHA-1", _RSA + b"\5": "SHA-1", _RSA + b"\4": "MD5"}
DIGITAL_SIGNATURE = 0x80
KEY_CERT_SIGN = 0x04


class Link:
    """The facts of a *certificate* in a chain, the *number*th; ValueError for an invalid one.

    *certificate*: a certificate.Certificate. `algorithm`: of its signature, in DER. `broken_hash`:
    "SHA-1" or "MD5" when it is signed by that: whether it holds, says nothing. `is_authority`,
    `path_length`: see basicConstraints; the latter may be None. `usage`: the first byte of
    keyUsage; `purposes`: what extendedKeyUsage names; both None without one: all is allowed.
    """

    def __init__(self, certificate, number: int) -> None:
        self.certificate = certificate
        self.number = number
        tbs = der.decode_all(der.decode_one(certificate.tbs, der.SEQUENCE))
        self.algorithm = der.encode(der.SEQUENCE, tbs[2][1])
        oid, _ = der.decode_next(tbs[2][1], der.OBJECT_IDENTIFIER, 0)
        self.broken_hash = _BROKEN.get(oid)
        if oid not in _ALGORITHMS and not self.broken_hash:
            name = "RSASSA-PSS" if oid == _RSA + b"\x0a" else decode_oid(oid)
            raise ValueError(
                f"certificate {number} is signed with {name}, which the board's TLS cannot read; "
                "let the CA sign with ECDSA or PKCS#1 v1.5, and SHA-256"
            )
        found = _read_extensions(tbs[-1], number)
        try:
            self.is_authority, self.path_length = _read_authority(found)
            self.usage = _read_usage(found)
            self.purposes = _read_purposes(found)
        except ValueError as error:
            raise ValueError(f"certificate {number} cannot be read: {error}") from error
        self.is_to_be_stapled = _OID_TLS_FEATURE in found
        self._identifiers = found.get(_OID_KEY_IDENTIFIER), found.get(_OID_ISSUERS_KEY_IDENTIFIER)

    def is_self_signed(self) -> bool:
        """Return whether its own key has signed it: a CA with a new key may name itself, too."""
        own, issuers = self._identifiers
        is_same = self.certificate.issuer == self.certificate.subject
        if not is_same or not own or not issuers:
            return is_same
        parts = der.decode_all(der.decode_one(issuers, der.SEQUENCE))
        return dict(parts).get(0x80, own[2:]) == own[2:]

    def may(self, usage: int) -> bool:
        """Return whether keyUsage allows it this *usage*, one bit."""
        return self.usage is None or bool(self.usage & usage)

    def is_for(self, *purposes: bytes) -> bool:
        """Return whether extendedKeyUsage allows it one of these *purposes*."""
        named = self.purposes
        return named is None or any([purpose in named for purpose in purposes])


def _read_extensions(last: tuple, number: int) -> dict:
    """Return {content of the OID: value}. *last*: the last element of what is signed."""
    tag, content = last
    found = {}
    elements = []
    if tag == der.context(3):
        elements = der.decode_all(der.decode_one(content, der.SEQUENCE))
    for _, extension in elements:
        parts = der.decode_all(extension)
        oid = parts[0][1]
        if oid in found:
            raise ValueError(f"certificate {number} has an extension twice: {decode_oid(oid)}")
        if len(parts) == 3 and oid not in _KNOWN:
            name = "nameConstraints, " if oid == _OID_NAME_CONSTRAINTS else ""
            raise ValueError(
                f"certificate {number} has a critical extension that the board's TLS cannot read: "
                + name
                + decode_oid(oid)
            )
        found[oid] = parts[-1][1]
    return found


def _read_authority(extensions: dict) -> tuple:
    """Return (whether basicConstraints say CA, the path length or None)."""
    value = extensions.get(_OID_BASIC_CONSTRAINTS)
    parts = [] if value is None else der.decode_all(der.decode_one(value, der.SEQUENCE))
    if parts in ([], [(der.BOOLEAN, b"\x00")]):  # DER leaves out FALSE; some do not.
        return False, None
    tags = [tag for tag, _ in parts]
    if parts[0][1] != b"\xff" or tags not in ([der.BOOLEAN], [der.BOOLEAN, der.INTEGER]):
        raise ValueError("basicConstraints")
    path_length = der.decode_integer(parts[1][1]) if len(parts) > 1 else None
    if path_length and path_length > 127:  # Readers that have no such number take it for none.
        raise ValueError("basicConstraints")
    return True, path_length


def _read_usage(extensions: dict) -> int | None:
    """Return the first byte of keyUsage, None without one."""
    value = extensions.get(_OID_KEY_USAGE)
    if value is None:
        return None
    content = der.decode_one(value, der.BIT_STRING)
    return content[1] if len(content) > 1 else 0


def _read_purposes(extensions: dict) -> list | None:
    """Return the contents of the OIDs in extendedKeyUsage, None without one."""
    value = extensions.get(_OID_EXTENDED_KEY_USAGE)
    if value is None:
        return None
    named = der.decode_all(der.decode_one(value, der.SEQUENCE))
    return [purpose for tag, purpose in named if tag == der.OBJECT_IDENTIFIER]
