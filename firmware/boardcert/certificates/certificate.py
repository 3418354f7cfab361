"""Read the few fields of a certificate that its owner needs; strictly, and nothing else.

Trust is not decided here: no signature is verified and no extension but the names is looked at.
"""

import hashlib
from binascii import b2a_base64

from ..asn1 import der
from . import fields
from .keys import CURVES, RSA_ENCRYPTION

_OID_SUBJECT_ALT_NAME = b"\x55\x1d\x11"  # 2.5.29.17
_CRITICAL = b"\x01\x01\xff"  # BOOLEAN TRUE; FALSE is the default, which DER leaves out.
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
_DNS_NAME = 0x82
_IP_ADDRESS = 0x87


class Certificate:
    """The fields of a DER certificate; ValueError when it is not one of version 3.

    serial_number: bytes, big-endian; issuer, subject, public_key_der: DER; not_before,
    not_after: see fields; names: SAN host names and addresses as text; tbs, signature: what was
    signed, and the signature's bytes.
    """

    def __init__(self, data: bytes) -> None:
        self.der = bytes(data)
        content = der.decode_one(self.der, der.SEQUENCE)
        tag, tbs, end = der.decode(content)
        if tag != der.SEQUENCE:
            raise ValueError("not a certificate; for PKCS#12 and PKCS#7, use boardcert install")
        self.tbs = content[:end]
        algorithm, offset = der.decode_next(content, der.SEQUENCE, end)
        self.signature = der.decode_bit_string(der.decode_one(content[offset:], der.BIT_STRING))
        # One after another, not one in another: signing again comes here with little of a Pico's
        # stack left.
        dates, extensions = self._read_tbs(tbs, algorithm)
        (first, begin), (second, end) = dates
        self.not_before, self.not_after = _read_time(first, begin), _read_time(second, end)
        alt_names = _find_alt_names(extensions)
        self.names = _read_alt_names(alt_names) if alt_names is not None else []

    def _read_tbs(self, tbs: bytes, outer_algorithm: bytes) -> tuple:
        """Read what stands before the extensions; return the two dates, and these, or nothing."""
        if tbs[:1] == b"\2":
            raise ValueError(
                "version 1, without names; with openssl, sign with -copy_extensions copyall"
            )
        version, offset = der.decode_next(tbs, der.context(0), 0)
        if der.decode_integer(der.decode_one(version, der.INTEGER)) != 2:
            raise ValueError("not a certificate of version 3")
        self.serial_number, offset = der.decode_next(tbs, der.INTEGER, offset)
        algorithm, offset = der.decode_next(tbs, der.SEQUENCE, offset)
        if algorithm != outer_algorithm:
            raise ValueError("the certificate names two signature algorithms")
        self.issuer, offset = _element(tbs, der.SEQUENCE, offset)
        validity, offset = der.decode_next(tbs, der.SEQUENCE, offset)
        dates = der.decode_all(validity)
        if len(dates) != 2:
            raise ValueError("validity has two dates")
        self.subject, offset = _element(tbs, der.SEQUENCE, offset)
        self.public_key_der, offset = _element(tbs, der.SEQUENCE, offset)
        return dates, tbs[offset:]

    @property
    def key_type(self) -> str:
        """The kind of key, in the words of settings; "unknown" for others."""
        content = der.decode_one(self.public_key_der, der.SEQUENCE)
        algorithm, end = der.decode_next(content, der.SEQUENCE, 0)
        oid, offset = der.decode_next(algorithm, der.OBJECT_IDENTIFIER, 0)
        numbers = der.decode_bit_string(der.decode_one(content[end:], der.BIT_STRING))
        if oid != RSA_ENCRYPTION:
            kind = CURVES.get(algorithm[offset:], "unknown")
            return kind if numbers[:1] == b"\4" or kind == "unknown" else f"{kind}, compressed"
        modulus, _ = der.decode_next(der.decode_one(numbers, der.SEQUENCE), der.INTEGER, 0)
        return f"rsa{8 * len(modulus) // 16 * 16}"  # Without the byte for the sign.

    @property
    def public_key_pin(self) -> str:
        """SHA-256 of the public key as curl's --pinnedpubkey takes it."""
        digest = hashlib.sha256(self.public_key_der).digest()
        return "sha256//" + b2a_base64(digest).decode().strip()


def _element(data: bytes, tag: int, offset: int) -> tuple:
    """Return (the whole element at *offset* with its header, the offset after it)."""
    _, end = der.decode_next(data, tag, offset)
    return data[offset:end], end


def _read_time(tag: int, content: bytes) -> tuple:
    """Return the date of a Time in the one form that RFC 5280, 4.1.2.5, allows."""
    if tag not in (_UTC_TIME, _GENERALIZED_TIME) or not 13 <= len(content) <= 15:
        raise ValueError("not a date of a certificate")
    text = content.decode()
    if tag == _UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    elif text[:4] < "2050":
        raise ValueError("not a date of a certificate")
    if len(text) != 15 or text[14] != "Z" or not text[:14].isdigit():
        raise ValueError("not a date of a certificate")
    parts = [int(text[:4])]
    for i in range(4, 14, 2):  # No comprehension, which is a call: see Certificate.
        parts.append(int(text[i : i + 2]))
    date = tuple(parts)
    if not fields.is_valid_date(date):
        raise ValueError("not a date of a certificate")
    return date


def _find_alt_names(rest: bytes) -> bytes | None:
    """Return the value of subjectAltName, if it is there; *rest*: the extensions, or nothing."""
    if not rest:
        return None
    extensions = der.decode_one(der.decode_one(rest, der.context(3)), der.SEQUENCE)
    found = None
    for tag, extension in der.decode_all(extensions):
        if tag != der.SEQUENCE:
            raise ValueError("not an extension")
        oid, offset = der.decode_next(extension, der.OBJECT_IDENTIFIER, 0)
        if extension[offset : offset + 3] == _CRITICAL:
            offset += 3
        value = der.decode_one(extension[offset:], der.OCTET_STRING)
        if oid == _OID_SUBJECT_ALT_NAME:
            if found is not None:
                raise ValueError("subjectAltName occurs twice")
            found = value
    return found


def _read_alt_names(value: bytes) -> list:
    """Return the host names and addresses; names of other kinds are passed over."""
    found = []
    for tag, content in der.decode_all(der.decode_one(value, der.SEQUENCE)):
        if tag == _DNS_NAME:
            found.append("".join([chr(byte) for byte in content]))  # Anything but ASCII is wrong.
        elif tag == _IP_ADDRESS:
            found.append(fields.format_address(content))
    return found
