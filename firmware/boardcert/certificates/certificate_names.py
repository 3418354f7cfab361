"""The names in certificates from elsewhere: of issuers and subjects, and in subjectAltName.

What clients read differently is refused, with a ValueError that names it (RFC 5280, 4.1.2.4 and
4.2.1.6).
"""

from ..asn1 import der
from ..asn1.der_checks import check_tree, some
from ..asn1.oids import decode_oid
from . import fields

_MAX_TEXT = 256  # What mbedTLS takes of a name (MBEDTLS_X509_MAX_DN_NAME_SIZE).
_PRINTABLE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
_DIGITS = b"0123456789 "
_COUNTRY = b"\x55\x04\x06"  # 2.5.4.6
_NUMERIC_STRING, _PRINTABLE_STRING, _TELETEX_STRING, IA5_STRING = 0x12, 0x13, 0x14, 0x16
_UNIVERSAL_STRING, BMP_STRING = 0x1C, 0x1E
_RFC822_NAME, URI, _REGISTERED_ID = 0x81, 0x86, 0x88
_OTHER_NAME, _DIRECTORY_NAME = der.context(0), der.context(4)
DNS_NAME, IP_ADDRESS = 0x82, 0x87


def check_name(name: bytes) -> None:
    """Raise ValueError unless *name* is a Name: strings of a known type, and text in them."""
    for tag, relative in der.decode_all(der.decode_one(name, der.SEQUENCE)):
        if tag != der.SET:
            raise ValueError("a part of a name is not a set")
        check_relative(relative)


def check_relative(relative: bytes) -> None:
    """Check a RelativeDistinguishedName: DER wants its attributes in order."""
    attributes = der.decode_all(relative)
    contents = [der.encode(tag, content) for tag, content in attributes]
    if not attributes or contents != sorted(contents):
        raise ValueError("a part of a name is empty, or out of order")
    kinds = []
    for tag, attribute in attributes:
        parts = der.decode_all(attribute)
        if tag != der.SEQUENCE or len(parts) != 2 or parts[0][0] != der.OBJECT_IDENTIFIER:
            raise ValueError("a name has an attribute that is not valid")
        decode_oid(parts[0][1])
        check_text(*parts[1])
        if parts[0][1] == _COUNTRY and not _is_country(*parts[1]):
            raise ValueError("a name has a country that is not two letters")
        if parts[0][1] in kinds:
            raise ValueError("a part of a name has an attribute twice")
        kinds.append(parts[0][1])


def _is_country(tag: int, content: bytes) -> bool:
    """Return whether it is two letters; in a BMPString, two bytes are one character."""
    return tag != BMP_STRING and len(content) == 2 and content.isalpha()


def check_text(tag: int, content: bytes) -> None:
    """Check a string of a name: of a type that is read alike everywhere, printable, 1 to 256."""
    if tag == der.UTF8_STRING:
        points = _utf8_points(content)
    elif tag == BMP_STRING and not len(content) % 2:  # BMPString
        points = [int.from_bytes(content[i : i + 2], "big") for i in range(0, len(content), 2)]
    elif tag == _UNIVERSAL_STRING and not len(content) % 4:  # UniversalString
        points = [int.from_bytes(content[i : i + 4], "big") for i in range(0, len(content), 4)]
    elif tag in (_TELETEX_STRING, IA5_STRING):  # Of the former, readers agree on ASCII only.
        points = [byte if byte < 0x80 else 0 for byte in content]
    elif tag in (_NUMERIC_STRING, _PRINTABLE_STRING):
        allowed = _PRINTABLE if tag == _PRINTABLE_STRING else _DIGITS
        points = [byte if byte in allowed else 0 for byte in content]
    else:
        raise ValueError(f"a name has a string of a wrong length or type ({tag:#x})")
    if not 1 <= len(points) <= _MAX_TEXT:
        raise ValueError(f"a name has a string of {len(points)} characters; at most {_MAX_TEXT}")
    if not all(_is_character(point) for point in points):
        raise ValueError("a name has a character that its type of string does not allow")


def _is_character(point: int) -> bool:
    """Return whether a code point is a character, and none that controls a terminal."""
    return 0x20 <= point < 0x7F or 0xA0 <= point < 0xD800 or 0xE000 <= point <= 0x10FFFF


def _utf8_points(content: bytes) -> list:
    """Return the code points of UTF-8 (RFC 3629, section 4); MicroPython takes more than that."""
    points = []
    i = 0
    while i < len(content):
        size = _utf8_size(content[i])
        point = content[i] & (0x7F >> size if size > 1 else 0x7F)
        following = content[i + 1 : i + size]
        if not size or len(following) != size - 1:
            raise ValueError("a name has text that is not UTF-8")
        for byte in following:
            point = point << 6 | byte & 0x3F
        if any(byte & 0xC0 != 0x80 for byte in following) or point < (0, 0, 128, 2048, 65536)[size]:
            raise ValueError("a name has text that is not UTF-8")
        points.append(point)
        i += size
    return points


def _utf8_size(first: int) -> int:
    """Return the bytes of the character that begins with *first*; 0 for none."""
    for size, low, high in ((1, 0, 0x80), (2, 0xC2, 0xE0), (3, 0xE0, 0xF0), (4, 0xF0, 0xF5)):
        if low <= first < high:
            return size
    return 0


def check_general_names(content: bytes) -> None:
    for tag, name in some(content):
        check_general_name(tag, name)


def check_general_name(tag: int, content: bytes, is_constraint: bool = False) -> None:
    """Check a GeneralName; *is_constraint*: a base of nameConstraints."""
    if tag == DNS_NAME:
        _check_dns_name(content, is_constraint)
    elif tag in (_RFC822_NAME, URI):
        if not all(0x20 < byte < 0x7F for byte in content):
            raise ValueError("a name that is not printable ASCII")
    elif tag == IP_ADDRESS:
        if len(content) not in ((8, 32) if is_constraint else (4, 16)):
            raise ValueError(f"an IP address of {len(content)} bytes")
        if is_constraint:
            _check_network(content)
    elif tag == _REGISTERED_ID:
        decode_oid(content)
    elif tag == _DIRECTORY_NAME:
        check_name(content)
    elif tag == _OTHER_NAME:
        oid, offset = der.decode_next(content, der.OBJECT_IDENTIFIER, 0)
        decode_oid(oid)
        if len(check_tree(der.decode_one(content[offset:], der.context(0)))) != 1:
            raise ValueError("a name of its own kind is not one element")
    else:
        raise ValueError(f"a name of a kind that is not used ({tag:#x})")


def _check_dns_name(content: bytes, is_constraint: bool) -> None:
    """RFC 5280, 4.2.1.6: letters, digits, hyphens; "*." in front, and "." in constraints."""
    text = "".join([chr(byte) for byte in content])
    bare = text[2:] if text[:2] == "*." and not is_constraint else text
    if is_constraint:
        bare = text[1:] if text[:1] == "." else text or "every"
    if len(bare) > 253:
        raise ValueError(f"a DNS name of {len(bare)} characters; at most 253")
    fields.normalize(bare)


def _check_network(content: bytes) -> None:
    """Check an address and a mask, of which the latter is ones and then zeros."""
    half = len(content) // 2
    address = int.from_bytes(content[:half], "big")
    host = int.from_bytes(content[half:], "big") ^ (1 << 8 * half) - 1
    if host & host + 1 or address & host:
        raise ValueError("a network that is not an address and its mask")
