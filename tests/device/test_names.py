"""Names and addresses that a certificate may or may not contain."""

from boardcert.certificates import fields


def _refused(name):
    try:
        fields.parse_name(name)
    except ValueError:
        return True
    return False


def test_host_names():
    """Host names: letters, digits, inner hyphens, lower case, and length limits."""
    assert fields.parse_name("board-12ab.LOCAL") == ("dns", b"board-12ab.local")
    assert fields.parse_name("a") == ("dns", b"a")
    assert fields.parse_name("xn--bcher-kva.example") == ("dns", b"xn--bcher-kva.example")
    assert fields.parse_name("a" * 63)[0] == "dns"
    assert fields.parse_name(".".join(["a" * 63] * 3) + "." + "a" * 61)[0] == "dns"
    assert _refused(".".join(["a" * 63] * 3) + "." + "a" * 62)
    for name in (
        "",
        "a" * 64,
        "-a",
        "a-",
        "a..b",
        ".a",
        "a.",
        "a_b",
        "a b",
        "*.a",
        "b\u00fccher",
        "a/b",
    ):
        assert _refused(name), name
    assert _refused(None) and _refused(5) and _refused(b"board")


def test_ipv4_addresses():
    """IPv4: four decimal numbers without leading zeros, and nothing else."""
    assert fields.parse_name("192.168.4.1") == ("ip", b"\xc0\xa8\x04\x01")
    assert fields.parse_name("255.255.255.255") == ("ip", b"\xff" * 4)
    for name in (
        "256.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.",
        "1..3.4",
        "a.b.c.4",
        "-1.2.3.4",
    ):
        assert _refused(name), name


def test_ipv6_addresses():
    """IPv6: full and shortened forms; zones and embedded IPv4 are refused."""
    for text, value in (
        ("::", bytes(16)),
        ("::1", bytes(15) + b"\x01"),
        ("fe80::", b"\xfe\x80" + bytes(14)),
        (
            "2001:db8::8:800:200C:417A",
            bytes([32, 1, 13, 184, 0, 0, 0, 0, 0, 8, 8, 0, 32, 12, 65, 122]),
        ),
        ("1:2:3:4:5:6:7:8", bytes([0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8])),
    ):
        assert fields.parse_name(text) == ("ip", value), text
    for name in (
        ":",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "12345::",
        "g::",
        ":1",
        "1:",
        "fe80::1%eth0",
        "::ffff:1.2.3.4",
        "-1::",
    ):
        assert _refused(name), name


def test_addresses_as_text():
    """RFC 5952: lower case, the longest run of zeros shortened, the first of equals."""
    for value, text in (
        (b"\xc0\xa8\x04\x01", "192.168.4.1"),
        (bytes(16), "::"),
        (bytes(15) + b"\x01", "::1"),
        (fields.parse_name("2001:db8:0:0:1:0:0:1")[1], "2001:db8::1:0:0:1"),
        (fields.parse_name("2001:db8:0:1:1:1:1:1")[1], "2001:db8:0:1:1:1:1:1"),
        (fields.parse_name("1:0:0:2:0:0:0:3")[1], "1:0:0:2::3"),
        (fields.parse_name("1:2:3:4:5:6:0:0")[1], "1:2:3:4:5:6::"),
    ):
        assert fields.format_address(value) == text, text
    for length in (0, 3, 5, 15, 17):
        try:
            fields.format_address(bytes(length))
            raise AssertionError(length)
        except ValueError:
            pass


def test_telling_addresses_from_names():
    """Only a valid address counts as an address."""
    assert fields.is_address("10.0.0.1") and fields.is_address("fe80::1")
    assert not fields.is_address("board.local") and not fields.is_address("10.0.0.a")
