"""Encode, and strictly decode, the DER that keys, signatures and certificates need (X.690).

Decoding takes DER only: definite lengths in their shortest form, nothing left over.
Everything else raises ValueError.
"""

from micropython import const

BOOLEAN = const(0x01)
INTEGER = const(0x02)
BIT_STRING = const(0x03)
OCTET_STRING = const(0x04)
OBJECT_IDENTIFIER = const(0x06)
UTF8_STRING = const(0x0C)
SEQUENCE = const(0x30)
SET = const(0x31)

_LONG_LENGTH = const(0x80)
_MAX_LENGTH_BYTES = const(3)


def context(number: int) -> int:
    """Return the context-specific tag [number] of what is constructed."""
    return 0xA0 | number


def encode(tag: int, *contents: bytes) -> bytes:
    """Return one element whose content is the concatenated *contents*."""
    content = b"".join(contents)
    length = len(content)
    if length < _LONG_LENGTH:
        return bytes((tag, length)) + content
    length_bytes = 1 if length < 0x100 else 2 if length < 0x10000 else 3
    header = bytes((tag, _LONG_LENGTH | length_bytes))
    return header + length.to_bytes(length_bytes, "big") + content


def encode_sequence(*contents: bytes) -> bytes:
    """Return a SEQUENCE of the encoded *contents*."""
    return encode(SEQUENCE, *contents)


def encode_integer(value: int) -> bytes:
    """Return an INTEGER; *value* is not negative."""
    if value < 0:
        raise ValueError("negative integer")
    size = 1
    while value >> 8 * size - 1:
        size *= 2  # Few shifts: each takes as long as the number is.
    content = value.to_bytes(size, "big").lstrip(b"\x00")
    if not content or content[0] & 0x80:
        content = b"\x00" + content
    return encode(INTEGER, content)


def encode_octet_string(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return encode(OCTET_STRING, content)


def encode_bit_string(content: bytes, unused_bits: int = 0) -> bytes:
    """Return a BIT STRING whose last byte has *unused_bits* bits of padding."""
    return encode(BIT_STRING, bytes((unused_bits,)), content)


def decode(data: bytes, offset: int = 0) -> tuple:
    """Return (tag, content, offset after it) of the element at *offset*."""
    if offset + 2 > len(data):
        raise ValueError("DER: truncated")
    tag, length = data[offset], data[offset + 1]
    if tag & 0x1F == 0x1F:
        raise ValueError("DER: tag of several bytes")
    offset += 2
    if length >= _LONG_LENGTH:
        length_bytes = length - _LONG_LENGTH
        if not 1 <= length_bytes <= _MAX_LENGTH_BYTES:
            raise ValueError("DER: length of a form not accepted")
        length = int.from_bytes(data[offset : offset + length_bytes], "big")
        offset += length_bytes
        if length < _LONG_LENGTH or length >> 8 * (length_bytes - 1) == 0:
            raise ValueError("DER: length not in its shortest form")
    if offset + length > len(data):
        raise ValueError("DER: truncated")
    return tag, data[offset : offset + length], offset + length


def decode_one(data: bytes, tag: int) -> bytes:
    """Return the content of the only element of *data*, which must have this *tag*."""
    found, content, offset = decode(data)  # As decode_next does: one call less on a small stack.
    if found != tag:
        raise ValueError(f"DER: tag {found:#x} where {tag:#x} belongs")
    if offset != len(data):
        raise ValueError("DER: bytes left over")
    return content


def decode_next(data: bytes, tag: int, offset: int) -> tuple:
    """Return (content, offset after it) of the element at *offset*, of this *tag*."""
    found, content, offset = decode(data, offset)
    if found != tag:
        raise ValueError(f"DER: tag {found:#x} where {tag:#x} belongs")
    return content, offset


def decode_all(content: bytes) -> list:
    """Return the elements of a SEQUENCE's or SET's *content* as (tag, content) pairs."""
    elements = []
    offset = 0
    while offset < len(content):
        tag, inner, offset = decode(content, offset)
        elements.append((tag, inner))
    return elements


def decode_integer(content: bytes) -> int:
    """Return the value of an INTEGER's *content*; negative ones are refused."""
    if not content or content[0] & 0x80:
        raise ValueError("DER: empty or negative integer")
    if len(content) > 1 and content[0] == 0 and not content[1] & 0x80:
        raise ValueError("DER: integer not in its shortest form")
    return int.from_bytes(content, "big")


def decode_bit_string(content: bytes) -> bytes:
    """Return the bytes of a BIT STRING's *content*, which must be whole bytes."""
    if not content or content[0]:
        raise ValueError("DER: bit string not of whole bytes")
    return content[1:]
