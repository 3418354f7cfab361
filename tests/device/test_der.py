"""DER is encoded, and decoded strictly."""

import vectors
from boardcert.asn1 import der, oids
from helpers import raises

_LENGTHS = (
    (0, b"\x04\x00"),
    (1, b"\x04\x01"),
    (127, b"\x04\x7f"),
    (128, b"\x04\x81\x80"),
    (255, b"\x04\x81\xff"),
    (256, b"\x04\x82\x01\x00"),
    (65535, b"\x04\x82\xff\xff"),
    (65536, b"\x04\x83\x01\x00\x00"),
)


def test_lengths_at_their_bounds():
    """Lengths up to 127 use the short form, others the shortest long form, and read back."""
    for length, header in _LENGTHS[: 3 * vectors.LIMIT]:  # A board has no room for 64 KB.
        content = b"x" * length
        encoded = der.encode_octet_string(content)
        assert encoded[: len(header)] == header, length
        assert der.decode_one(encoded, der.OCTET_STRING) == content, length


def test_lengths_in_other_forms():
    """Indefinite, overlong, and non-minimal lengths, and those beyond the data, are refused."""
    for data in (
        b"",
        b"\x04",
        b"\x04\x01",
        b"\x04\x80\x00\x00",
        b"\x04\x81\x01x",
        b"\x04\x81\x7f" + b"x" * 127,
        b"\x04\x82\x00\x80" + b"x" * 128,
        b"\x04\x84\x00\x00\x00\x01x",
        b"\x04\x81",
        b"\x04\x82\x01",
        b"\x04\xff",
        b"\x1f\x01x",
        b"\xbf\x22\x00",
    ):
        assert raises(ValueError, der.decode, data), data


def test_one_element_and_no_more():
    """Another tag, or a byte after the element, is refused."""
    encoded = der.encode_octet_string(b"abc")
    assert raises(ValueError, der.decode_one, encoded, der.INTEGER)
    assert raises(ValueError, der.decode_one, encoded + b"\0", der.OCTET_STRING)
    for length in range(len(encoded)):
        assert raises(ValueError, der.decode_one, encoded[:length], der.OCTET_STRING), length


def test_integers():
    """Integers are not negative, and minimal."""
    for value, content in (
        (0, b"\x00"),
        (1, b"\x01"),
        (127, b"\x7f"),
        (128, b"\x00\x80"),
        (255, b"\x00\xff"),
        (256, b"\x01\x00"),
        (1 << 383, b"\x00\x80" + bytes(47)),
        ((1 << 383) - 1, b"\x7f" + b"\xff" * 47),
    ):
        encoded = der.encode_integer(value)
        assert encoded == bytes((2, len(content))) + content, value
        assert der.decode_integer(content) == value
    for content in (b"", b"\x80", b"\xff\xff", b"\x00\x00", b"\x00\x7f"):
        assert raises(ValueError, der.decode_integer, content), content
    assert raises(ValueError, der.encode_integer, -1)


def test_bit_strings():
    """Bit strings are read as whole bytes, and written with padding bits."""
    assert der.encode_bit_string(b"\x80", 7) == b"\x03\x02\x07\x80"
    assert der.encode_bit_string(b"ab") == b"\x03\x03\x00ab"
    assert der.decode_bit_string(b"\x00ab") == b"ab"
    assert raises(ValueError, der.decode_bit_string, b"")
    assert raises(ValueError, der.decode_bit_string, b"\x07\x80")


def test_object_identifiers():
    """Arcs of one, two and five bytes; the first two share one."""
    for dotted, content in (
        ("1.2.840.10045.2.1", "2a8648ce3d0201"),
        ("1.3.132.0.34", "2b81040022"),
        ("2.5.29.17", "551d11"),
        ("0.0", "00"),
        ("2.39.127.128.16383.16384.4294967295", "777f8100ff7f8180008fffffff7f"),
        ("2.999", "8837"),
    ):
        encoded = oids.encode_oid(dotted)
        assert encoded == bytes((6, len(content) // 2)) + bytes.fromhex(content), dotted
        assert oids.decode_oid(bytes.fromhex(content)) == dotted
    for content in (b"", b"\x80\x01", b"\x2a\x80\x01", b"\x2a\x86"):
        assert raises(ValueError, oids.decode_oid, content), content


def test_nested_elements():
    """A SEQUENCE is read element by element, or all at once."""
    encoded = der.encode_sequence(
        der.encode_integer(5),
        der.encode(der.SET, der.encode(der.UTF8_STRING, "\u00e4".encode())),
        der.encode(der.context(0), b"\x01\x01\xff"),
        der.encode(0x82, b"name"),
    )
    content = der.decode_one(encoded, der.SEQUENCE)
    elements = [(2, b"\x05"), (0x31, b"\x0c\x02\xc3\xa4"), (0xA0, b"\x01\x01\xff"), (0x82, b"name")]
    assert der.decode_all(content) == elements
    offset = 0
    for tag, inner in elements:
        found, offset = der.decode_next(content, tag, offset)
        assert found == inner
    assert offset == len(content)
    assert der.decode_all(b"") == []
    assert raises(ValueError, der.decode_all, content[:-1])
