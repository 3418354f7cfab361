"""Check a chain of certificates as a client will (RFC 5280 section 6.1), before it is served.

Name constraints are left to the clients. Certificates are certificate.Certificate objects, the
board's own first; each ValueError says which one is meant, counted from 1, and what is wrong.
"""

from ..asn1 import der
from ..asn1.oids import decode_oid

_OID_KEY_USAGE = b"\x55\x1d\x0f"  # 2.5.29.15
_OID_BASIC_CONSTRAINTS = b"\x55\x1d\x13"  # 2.5.29.19
_OID_EXTENDED_KEY_USAGE = b"\x55\x1d\x25"  # 2.5.29.37
_OID_SERVER_AUTH = b"\x2b\x06\x01\x05\x05\x07\x03\x01"  # 1.3.6.1.5.5.7.3.1
_OID_ANY_PURPOSE = b"\x55\x1d\x25\x00"  # 2.5.29.37.0
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
_BYTES_PER_CHARACTER = {0x1C: 4, 0x1E: 2}  # UniversalString, BMPString
_DIGITAL_SIGNATURE = 0x80
_KEY_CERT_SIGN = 0x04


def check(chain: list, now: tuple | None) -> None:
    """Raise ValueError unless *chain* can be served. *now*: the date, or None if not known."""
    extensions = []
    for i in range(len(chain)):
        _check_algorithm(chain[i], i + 1)
        extensions.append(_read_extensions(chain[i], i + 1))
    for i in range(len(chain)):
        _check_dates(chain[i], i + 1, now)
    if _authority(extensions[0])[0] and not all(_authority(found)[0] for found in extensions):
        raise ValueError("the order is wrong: the board's own certificate comes first")
    _check_server(extensions[0])
    for i in range(1, len(chain)):
        if chain[i - 1].issuer != chain[i].subject:
            raise ValueError(_broken_link(chain, i))
        below = [one for one in chain[1:i] if one.issuer != one.subject]
        _check_authority(extensions[i], i + 1, len(below))


def signatures(chain: list) -> list:
    """Return (number, SPKI of the signer, algorithm in DER, data, signature) of all to verify.

    The last certificate is among them if it is self-signed; else its signer is not here.
    """
    signers = chain[1:]
    if _is_self_signed(chain[-1]):
        signers = signers + [chain[-1]]
    return [
        (i + 1, signers[i].public_key_der, _algorithm(chain[i]), chain[i].tbs, chain[i].signature)
        for i in range(len(signers))
        if not broken_hash(chain[i])
    ]


def broken_hash(certificate) -> str | None:
    """Return "SHA-1" or "MD5" when it is signed by that: whether it holds, says nothing."""
    return _BROKEN.get(_algorithm_oid(certificate))


def common_name(name: bytes) -> str:
    """Return what people call a Name (DER): its common name, or else its last part."""
    text = "?"
    for _, relative in der.decode_all(der.decode_one(name, der.SEQUENCE)):
        for _, attribute in der.decode_all(relative):
            oid, offset = der.decode_next(attribute, der.OBJECT_IDENTIFIER, 0)
            text = _ascii(*der.decode(attribute, offset)[:2])
            if oid == b"\x55\x04\x03":  # 2.5.4.3
                return text
    return text


def _ascii(tag: int, value: bytes) -> str:
    """Return a string of a Name with "?" for what is not ASCII, once for each character."""
    size = _BYTES_PER_CHARACTER.get(tag, 1)
    points = [int.from_bytes(value[i : i + size], "big") for i in range(0, len(value), size)]
    if tag == der.UTF8_STRING:  # Only the first byte of a character counts.
        points = [point for point in points if point & 0xC0 != 0x80]
    return "".join([chr(point) if 32 <= point < 127 else "?" for point in points])


def _check_algorithm(certificate, number: int) -> None:
    """Raise ValueError for a signature algorithm that mbedTLS does not read."""
    oid = _algorithm_oid(certificate)
    if oid not in _ALGORITHMS and oid not in _BROKEN:
        name = "RSASSA-PSS" if oid == _RSA + b"\x0a" else decode_oid(oid)
        raise ValueError(
            f"certificate {number} is signed with {name}, which the board's TLS cannot read; let "
            "the CA sign with ECDSA or PKCS#1 v1.5, and SHA-256"
        )


def _read_extensions(certificate, number: int) -> dict:
    """Return {content of the OID: value} of a certificate's extensions."""
    found = {}
    tag, content = _tbs(certificate)[-1]
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
    try:  # What is asked for later can be read.
        _authority(found)
        _usage(found, 0)
        _has_purpose(found)
    except ValueError as error:
        raise ValueError(f"certificate {number} cannot be read: {error}") from error
    return found


def _check_dates(certificate, number: int, now: tuple | None) -> None:
    if now is None:
        return
    if now > certificate.not_after:
        raise ValueError(f"certificate {number} has expired, on {_day(certificate.not_after)}")
    if now < certificate.not_before:
        raise ValueError(
            f"certificate {number} is not valid before {_day(certificate.not_before)}; "
            f"by the board's clock it is {_day(now)}"
        )


def _day(date: tuple) -> str:
    return "{:04d}-{:02d}-{:02d} {:02d}:{:02d} UTC".format(*date[:5])


def _check_server(extensions: dict) -> None:
    """Raise ValueError unless browsers take a leaf with these for a server's, by ECDHE suites."""
    if _authority(extensions)[0]:
        raise ValueError(
            "the board's own certificate must not be a CA's; with openssl, add "
            "-addext basicConstraints=critical,CA:FALSE"
        )
    if not _usage(extensions, _DIGITAL_SIGNATURE) & _DIGITAL_SIGNATURE:
        raise ValueError("the board's own certificate lacks digitalSignature in its keyUsage")
    if not _has_purpose(extensions, _OID_SERVER_AUTH):
        raise ValueError("the board's own certificate lacks serverAuth in extendedKeyUsage")
    if _OID_TLS_FEATURE in extensions:
        raise ValueError("the certificate demands OCSP must-staple, which boards lack")


def _check_authority(extensions: dict, number: int, below: int) -> None:
    """Raise ValueError unless a CA with these may sign, with *below* other CAs in between."""
    is_authority, path_length = _authority(extensions)
    if not is_authority or not _usage(extensions, _KEY_CERT_SIGN) & _KEY_CERT_SIGN:
        raise ValueError(f"certificate {number} is not a CA's: it must not sign others")
    if not _has_purpose(extensions, _OID_SERVER_AUTH, _OID_ANY_PURPOSE):
        raise ValueError(f"certificate {number} is of a CA that is not for servers' certificates")
    if path_length is not None and path_length < below:
        raise ValueError(
            f"certificate {number} allows {path_length} more CAs below it; there are {below}"
        )


def _broken_link(chain: list, i: int) -> str:
    issuer = common_name(chain[i - 1].issuer)
    if any(one.subject == chain[i - 1].issuer for one in chain[i + 1 :]):
        return f"the order is wrong: after certificate {i} comes its issuer, {issuer}"
    return (
        f"certificate {i} was issued by {issuer}, but certificate {i + 1} belongs to "
        + common_name(chain[i].subject)
    )


def _authority(extensions: dict) -> tuple:
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


def _has_purpose(extensions: dict, *purposes: bytes) -> bool:
    """Return whether extendedKeyUsage, if there is one, names one of these *purposes*."""
    value = extensions.get(_OID_EXTENDED_KEY_USAGE)
    if value is None:
        return True
    named = der.decode_all(der.decode_one(value, der.SEQUENCE))
    return any((der.OBJECT_IDENTIFIER, purpose) in named for purpose in purposes)


def _usage(extensions: dict, default: int) -> int:
    """Return the first byte of keyUsage, *default* without one: then all uses are allowed."""
    value = extensions.get(_OID_KEY_USAGE)
    if value is None:
        return default
    content = der.decode_one(value, der.BIT_STRING)
    return content[1] if len(content) > 1 else 0


def _is_self_signed(certificate) -> bool:
    """Return whether its own key has signed it: a CA with a new key may name itself, too."""
    extensions = _read_extensions(certificate, 0)
    own = extensions.get(_OID_KEY_IDENTIFIER)
    issuers = extensions.get(_OID_ISSUERS_KEY_IDENTIFIER)
    if certificate.issuer != certificate.subject or not own or not issuers:
        return certificate.issuer == certificate.subject
    parts = der.decode_all(der.decode_one(issuers, der.SEQUENCE))
    return dict(parts).get(0x80, own[2:]) == own[2:]


def _algorithm(certificate) -> bytes:
    return der.encode(der.SEQUENCE, _tbs(certificate)[2][1])


def _algorithm_oid(certificate) -> bytes:
    return der.decode_next(_tbs(certificate)[2][1], der.OBJECT_IDENTIFIER, 0)[0]


def _tbs(certificate) -> list:
    return der.decode_all(der.decode_one(certificate.tbs, der.SEQUENCE))
