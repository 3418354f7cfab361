"""A file whose passphrase would take hours to try is not opened."""

import pytest
from boardcert_host.certificates import items, rounds
from certificates import make, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

_SECRET = "correct horse"  # noqa: S105 (of a test)
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_AES256_CBC = tlv(0x30, bytes.fromhex("060960864801650304012a") + tlv(4, bytes(16)))
_SALT = tlv(4, bytes(8))


def integer(number):
    """Return an INTEGER."""
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def encrypted(function, *numbers):
    """Return an EncryptedPrivateKeyInfo that requires this work; its content is not a key."""
    parameters = tlv(0x30, _SALT + b"".join(map(integer, numbers)))
    derivation = tlv(0x30, function + parameters)
    return tlv(0x30, tlv(0x30, _PBES2 + tlv(0x30, derivation + _AES256_CBC)) + tlv(4, bytes(48)))


def reason(data):
    """Return why the one item in *data* cannot be read, with a wrong passphrase."""
    (item,) = items.read_items(data, lambda: _SECRET)
    return item.reason


def test_a_key_that_asks_for_too_much_is_not_opened():
    """Excessive rounds, even an absurd number, and excessive scrypt memory are refused."""
    for count in (50_000_000, 1 << 20_000):
        assert reason(encrypted(_PBKDF2, count)) == rounds.TOO_MANY
    for numbers in ((1 << 20, 16, 1), (1 << 14, 8, 1 << 10)):
        assert reason(encrypted(_SCRYPT, *numbers)) == rounds.TOO_LARGE
    for usual in (encrypted(_PBKDF2, 2048), encrypted(_SCRYPT, 1 << 10, 8, 1)):
        assert reason(usual) == "wrong passphrase, or damaged"


def test_the_limit_is_above_what_programs_write():
    """The limit permits three times OWASP's maximum, for PKCS#12, and the error states it."""
    assert rounds.why_too_many(encrypted(_PBKDF2, 3 * 1_300_000)) is None
    assert rounds.why_too_many(encrypted(_PBKDF2, 10_000_001)) == rounds.TOO_MANY
    assert "10,000,000 rounds" in rounds.TOO_MANY


def p12(each):
    """Return PKCS#12 in which each of three derivations has that many rounds."""
    encryption = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(each)
    encryption = encryption.hmac_hash(hashes.SHA256()).build(_SECRET.encode())
    made = make()
    certificate = x509.load_der_x509_certificate(made.der)
    return pkcs12.serialize_key_and_certificates(b"a", made.key, certificate, None, encryption)


def in_ber(data):
    """Return PKCS#12 as NSS writes it: indefinite lengths, and the content in pieces."""
    _, body = data[0], data[4:]
    version, rest = body[:3], body[3:]
    size = 4 + int.from_bytes(rest[2:4], "big")
    oid_end = 4 + 11
    content = rest[oid_end:size][8:]  # This is within [0] and the OCTET STRING.
    pieces = tlv(4, content[:100]) + tlv(4, content[100:])
    opened = b"\xa0\x80\x24\x80" + pieces + bytes(4)
    return (
        b"\x30\x80"
        + version
        + b"\x30\x80"
        + rest[4:oid_end]
        + opened
        + b"\0\0"
        + rest[size:]
        + b"\0\0"
    )


@pytest.mark.parametrize("form", [bytes, in_ber])
def test_the_rounds_of_pkcs12_are_added_up(form, monkeypatch):
    """The rounds for key, certificates and MAC are added, in BER as in DER."""
    data = form(p12(2000))
    assert len(items.read_items(data, lambda: _SECRET)) == 2
    monkeypatch.setattr(rounds, "_MOST_ROUNDS", 5999)
    assert reason(data) == rounds.TOO_MANY


def test_what_is_nested_without_end_is_not_opened():
    """Endless nesting is refused without a traceback."""
    deep = tlv(4, b"")
    for _ in range(3000):
        deep = tlv(0x30, deep)
    data = tlv(0x30, b"\2\1\3" + tlv(0x30, deep))
    assert reason(data) == rounds.TOO_DEEP


def test_what_is_damaged_is_left_to_who_opens_it():
    """A truncated or extended file with too many rounds is still refused."""
    data = encrypted(_PBKDF2, 50_000_000)
    assert rounds.why_too_many(data[:-1]) is None
    assert rounds.why_too_many(data + b"\4\x7f") == rounds.TOO_MANY
