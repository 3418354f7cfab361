"""Issued certificates and requests read back; wrong input is refused."""

from boardcert.asn1 import der, oids
from boardcert.certificates import certificate, issue, keys
from boardcert.certificates.keys import PrivateKey
from helpers import raises, random_bytes

_FROM = (2026, 11, 20, 0, 0, 0)
_UNTIL = (2036, 11, 17, 0, 0, 0)
_NAMES = ["pump-7.local", "10.0.0.5", "fe80::1"]

# RFC 6979, A.2.6: a published key.
# ruff: noqa: E501 (a number is one line)
_D = 0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5
_Q = (
    0xEC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13,
    0x8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720,
)
_KEY = PrivateKey(_D, b"\x04" + _Q[0].to_bytes(48, "big") + _Q[1].to_bytes(48, "big"))


def _issue(names=_NAMES, not_before=_FROM, not_after=_UNTIL):
    subject = issue.encode_subject("pump-7", "0123456789abcdef")
    serial = random_bytes(issue.SERIAL_BYTES)
    tbs = issue.tbs_certificate((subject, _KEY), names, (not_before, not_after), serial)
    return keys.signed(_KEY, tbs, _KEY.sign(tbs, random_bytes))


_CERTIFICATE = _issue()


def _refused(data):
    return raises(ValueError, certificate.Certificate, data)


def test_a_certificate_reads_back():
    """Each field is as requested, and the signature verifies with the key."""
    leaf = certificate.Certificate(_CERTIFICATE)
    assert leaf.names == _NAMES
    assert (leaf.not_before, leaf.not_after) == (_FROM, _UNTIL)
    assert leaf.issuer == leaf.subject == issue.encode_subject("pump-7", "0123456789abcdef")
    assert leaf.public_key_der == _KEY.public_key_der
    assert len(leaf.serial_number) == 16 and 0x40 <= leaf.serial_number[0] <= 0x7F
    _KEY.check(leaf.tbs, leaf.signature, random_bytes)


def test_two_certificates_differ_in_serial_number():
    """Browsers refuse two with the same issuer and serial number."""
    serial_number = certificate.Certificate(_CERTIFICATE).serial_number
    assert certificate.Certificate(_issue()).serial_number != serial_number


def test_dates_at_the_turn_to_2050():
    """Dates through 2049 are UTCTime, from 2050 GeneralizedTime."""
    for date, text in (
        ((2049, 12, 31, 23, 59, 59), b"\x17\x0d491231235959Z"),
        ((2050, 1, 1, 0, 0, 0), b"\x18\x0f20500101000000Z"),
        ((1950, 1, 1, 0, 0, 0), b"\x17\x0d500101000000Z"),
    ):
        assert issue.encode_time(date) == text
    for date in ((1949, 12, 31, 0, 0, 0), (2026, 2, 29, 0, 0, 0), (10000, 1, 1, 0, 0, 0)):
        assert raises(ValueError, issue.encode_time, date), date
    leaf = certificate.Certificate(_issue(not_after=(2126, 10, 28, 0, 0, 0)))
    assert leaf.not_after == (2126, 10, 28, 0, 0, 0)


def test_impossible_certificates_are_not_issued():
    """A certificate without a name, with a bad name, or ending before it begins is not issued."""
    assert raises(ValueError, _issue, [])
    assert raises(ValueError, _issue, ["not a name"])
    assert raises(ValueError, _issue, _NAMES, _UNTIL, _FROM)


def test_subjects():
    """Common name and unique id have length limits."""
    assert issue.encode_subject("a" * 64, "0" * 64)
    for common_name, unique_id in (("", "00"), ("a" * 65, "00"), ("a", ""), ("a", "0" * 65)):
        assert raises(ValueError, issue.encode_subject, common_name, unique_id)
    for unique_id in ("AB", "0g0", "g0", "0g", "00\n"):
        assert raises(ValueError, issue.encode_subject, "a", unique_id)


def test_serial_numbers_are_positive_and_never_short():
    """Serial numbers are positive and not short, whatever the random bytes."""
    assert issue.encode_serial_number(bytes(16)) == b"\x40" + bytes(15)
    assert issue.encode_serial_number(b"\xff" * 16) == b"\x7f" + b"\xff" * 15
    assert raises(ValueError, issue.encode_serial_number, bytes(15))
    assert raises(ValueError, issue.encode_serial_number, bytes(17))


def test_every_truncation_of_a_certificate_is_refused():
    """Every truncation of a certificate, and every byte after its end, is refused."""
    for length in range(len(_CERTIFICATE)):
        assert _refused(_CERTIFICATE[:length]), length
    assert _refused(_CERTIFICATE + b"\0")


def _rebuilt(change):
    """Return the certificate with *change* applied to the list of tbsCertificate's elements."""
    parts = der.decode_all(der.decode_one(_CERTIFICATE, der.SEQUENCE))
    tbs = [der.encode(tag, content) for tag, content in der.decode_all(parts[0][1])]
    change(tbs)
    rest = [der.encode(tag, content) for tag, content in parts[1:]]
    return der.encode_sequence(der.encode_sequence(*tbs), *rest)


def _with_field(index, value):
    """Return the certificate with the tbsCertificate's element *index* replaced."""

    def change(tbs):
        tbs[index] = value

    return _rebuilt(change)


def test_wrong_fields_are_refused():
    """Another version, inner algorithm or date form, and a second SAN, are refused."""
    assert certificate.Certificate(_rebuilt(lambda tbs: None)).names == _NAMES
    version_1 = der.encode(der.context(0), der.encode_integer(0))
    sha256 = der.encode_sequence(oids.encode_oid("1.2.840.10045.4.3.2"))
    utc_2050 = der.encode(0x17, b"500101000000Z")
    early = der.encode(0x18, b"20490101000000Z")
    no_zone = der.encode(0x17, b"260101000000+")
    letters = der.encode(0x17, b"26010100000aZ")
    june_31 = der.encode(0x17, b"260631000000Z")
    good = issue.encode_time(_UNTIL)
    for index, value in (
        (0, version_1),
        (2, sha256),
        (4, der.encode_sequence(early, good)),
        (4, der.encode_sequence(no_zone, good)),
        (4, der.encode_sequence(letters, good)),
        (4, der.encode_sequence(june_31, good)),
        (4, der.encode_sequence(good)),
        (4, der.encode_sequence(good, good, good)),
        (7, der.encode(der.context(3), b"")),
    ):
        assert _refused(_with_field(index, value)), index
    earlier = _with_field(4, der.encode_sequence(utc_2050, good))
    assert certificate.Certificate(earlier).not_before == (1950, 1, 1, 0, 0, 0)
    names = issue._encode_alt_names(["a.example"])
    twice = der.encode(der.context(3), der.encode_sequence(names, names))
    assert _refused(_with_field(7, twice))
    assert certificate.Certificate(_rebuilt(lambda tbs: tbs.pop())).names == []


def _extension(*parts):
    extensions = der.encode_sequence(der.encode_sequence(*parts))
    return _with_field(7, der.encode(der.context(3), extensions))


def test_an_extension_is_an_oid_perhaps_true_and_an_octet_string():
    """An extension is an OID, perhaps TRUE, and an OCTET STRING, with nothing missing or added."""
    names = der.encode_octet_string(der.encode_sequence(der.encode(0x82, b"a.example")))
    true = b"\x01\x01\xff"
    for dotted, expected in (("2.5.29.17", ["a.example"]), ("2.5.29.99", [])):
        oid = oids.encode_oid(dotted)
        assert certificate.Certificate(_extension(oid, names)).names == expected
        assert certificate.Certificate(_extension(oid, true, names)).names == expected
        for parts in (
            (),
            (oid,),
            (oid, true),
            (oid, b"\x01\x01\x00", names),
            (oid, b"\x01\x01\x01", names),
            (oid, true, true, names),
            (oid, names, names),
            (names, oid),
        ):
            assert _refused(_extension(*parts)), parts


def _spki(oid, parameters, bits):
    return der.encode_sequence(
        der.encode_sequence(oids.encode_oid(oid), parameters), der.encode_bit_string(bits)
    )


def test_the_kind_of_key_is_told_or_refused():
    """A key's type follows from curve or modulus length; unknown and malformed keys are refused."""
    assert certificate.Certificate(_CERTIFICATE).key_type == "p384"
    rsa = "1.2.840.113549.1.1.1"
    cases = [
        (_spki("1.2.840.10045.2.1", oids.encode_oid("1.2.840.10045.3.1.7"), b"\4key"), "p256"),
        (_spki("1.2.840.10045.2.1", oids.encode_oid("1.3.132.0.35"), b"\4key"), "p521"),
        (_spki("1.2.840.10045.2.1", oids.encode_oid("1.3.132.0.35"), b"\2"), "p521, compressed"),
        (_spki("1.2.840.10045.2.1", oids.encode_oid("1.3.132.0.10"), b"key"), "unknown"),
        (_spki("1.3.101.112", b"", b"key"), "unknown"),
    ]
    for bits in (2048, 3072, 4096):
        numbers = der.encode_integer((1 << bits) - 1), der.encode_integer(65537)
        cases.append((_spki(rsa, b"\x05\x00", der.encode_sequence(*numbers)), f"rsa{bits}"))
    for spki, expected in cases:
        assert certificate.Certificate(_with_field(6, spki)).key_type == expected
    nothing = der.encode_sequence(der.encode_sequence(), der.encode_bit_string(b"key"))
    for spki in (nothing, der.encode_sequence(), _spki(rsa, b"\x05\x00", b"key")):
        leaf = certificate.Certificate(_with_field(6, spki))
        assert raises(ValueError, lambda leaf=leaf: leaf.key_type)


def test_key_and_certificate_of_different_boards_do_not_match():
    """Key and certificate are matched by the public point."""
    assert keys.key_matches(_KEY.to_der(), _KEY.public_key_der)
    other = PrivateKey(_D, b"\x04" + bytes(96))
    assert not keys.key_matches(other.to_der(), _KEY.public_key_der)
    assert not keys.key_matches(_KEY.to_der(), other.public_key_der)
    p256 = oids.encode_oid("1.2.840.10045.3.1.7")
    wrong_curve = der.encode_sequence(
        der.encode_sequence(oids.encode_oid("1.2.840.10045.2.1"), p256),
        der.encode_bit_string(_KEY.public_key_der[-97:]),
    )
    assert not keys.key_matches(_KEY.to_der(), wrong_curve)
    assert raises(ValueError, keys.key_matches, b"\x30\x00", _KEY.public_key_der)


def test_a_request_is_signed_and_names_the_board():
    """A request is PKCS#10 with the names in an extensionRequest."""
    subject = issue.encode_subject("pump-7", "00")
    info = issue.request_info(_KEY, subject, _NAMES)
    request = keys.signed(_KEY, info, _KEY.sign(info, random_bytes))
    parts = der.decode_all(der.decode_one(request, der.SEQUENCE))
    info = der.encode(*parts[0])
    _KEY.check(info, der.decode_bit_string(parts[2][1]), random_bytes)
    assert subject in info and _KEY.public_key_der in info
    assert b"pump-7.local" in info and b"\x87\x04\x0a\x00\x00\x05" in info
