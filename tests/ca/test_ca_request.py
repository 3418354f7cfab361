"""Requests for certificates, good and hostile."""

import contextlib
import ipaddress

import pytest
from boardcert_host.ca.csr import read_request, request_pem
from boardcert_host.certificates import der
from boardcert_host.errors import CHECKED_AND_BAD, Error
from ca_cases import KEY, names, private
from ca_cases import make_request as make
from certificates import key_usage, name, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rsa_keys import rsa_2048

_RSA = rsa_2048()


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_request_is_read_in_both_forms(encoding):
    """PEM and DER requests yield the key, short name, number, and names in one spelling."""
    attributes = [(NameOID.COMMON_NAME, "kitchen"), (NameOID.SERIAL_NUMBER, "e661")]
    attributes += [(NameOID.ORGANIZATION_NAME, "A Bank")]
    subject = x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])
    address = ipaddress.ip_address("192.168.4.1")
    wanted = names(x509.DNSName("Kitchen.LOCAL"), x509.IPAddress(address))
    request = read_request(make(wanted, subject=subject, encoding=encoding))
    assert request.public_key == KEY.public_key()
    assert (request.common_name, request.number) == ("kitchen", "e661")
    assert request.names == (x509.DNSName("kitchen.local"), x509.IPAddress(address))


@pytest.mark.parametrize(
    "key",
    [
        *(ec.generate_private_key(curve()) for curve in (ec.SECP256R1, ec.SECP521R1)),
        _RSA,
    ],
)
def test_the_keys_that_boards_make_are_accepted(key):
    """P-256, P-521 and RSA keys are accepted; a request need not ask for any name."""
    request = read_request(make(key=key))
    assert request.public_key == key.public_key() and request.names == ()


def test_what_a_device_may_ask_for_is_accepted():
    """TLS usages and purposes, and CA:FALSE, are accepted."""
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    identifier = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    constraints = x509.BasicConstraints(False, None)
    assert read_request(make(constraints, key_usage(), purposes, identifier))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (make(x509.BasicConstraints(True, None)), "asks to be a CA"),
        (make(x509.BasicConstraints(True, 0)), "asks to be a CA"),
        (make(key_usage(key_cert_sign=True)), "key usage that is for CAs"),
        (make(key_usage(crl_sign=True)), "key usage that is for CAs"),
        (make(x509.NameConstraints([x509.DNSName("a")], None)), "which are for CAs"),
        (make(encoding=Encoding.PEM) * 2, "holds 2 requests; sign one at a time"),
        (make(names(x509.RFC822Name("a@b.example"))), "a@b.example"),
        (make(names(x509.UniformResourceIdentifier("https://a"))), "https://a"),
        (make(names(x509.DirectoryName(name("a")))), "not a host name or address"),
        (make(names(x509.DNSName("*.local"))), "only --san grants that"),
        (make(names(x509.DNSName("a\x1b[31m.local"))), r"a\\x1b"),
        (make(names(x509.DNSName("a..b"))), "not a host name or address"),
        (make(names(*(x509.DNSName(f"n{i}.local") for i in range(101)))), "more than 100 names"),
        (make(key=ed25519.Ed25519PrivateKey.generate()), "Ed25519"),
        (make(key=ec.generate_private_key(ec.SECP256K1())), "type p256k1"),
        (make(key=rsa.generate_private_key(public_exponent=3, key_size=2048)), "exponent"),
        (make(key=rsa.generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits"),  # noqa: S505
        (make(key=dsa.generate_private_key(1024), hash=hashes.SHA256()), "a key of type"),  # noqa: S505
        (b"\x30\x03\x02\x01\x00", "cannot be read"),
        (make() + b"\0", "cannot be read"),
        (make()[:-1], "cannot be read"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "read"),
    ],
)
def test_other_requests_are_refused(data, reason):
    """Other requests are refused with the reason, and exit code 1."""
    with pytest.raises(Error, match=reason) as refusal:
        read_request(data)
    assert refusal.value.code == CHECKED_AND_BAD
    assert refusal.value.message.startswith("the request is refused: ")


def test_a_file_without_a_request_is_told_by_what_it_holds():
    """The error for a file without a request says what it contains."""
    for data, found in ((b"", "the file is empty"), (private(KEY), "the file holds a private key")):
        with pytest.raises(Error, match=f"there is no request to sign: {found}") as caught:
            read_request(data)
        assert caught.value.code == CHECKED_AND_BAD


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        (
            key_usage(content_commitment=True, key_encipherment=True),
            ("key usage nonRepudiation", "key usage keyEncipherment"),
        ),
        (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]),
            ("purpose codeSigning (1.3.6.1.5.5.7.3.3)",),
        ),
        (
            x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.1"), b"\3\2\6@"),
            ("extension nsCertType (2.16.840.1.113730.1.1)",),
        ),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), ("extension 1.2.3",)),
        (
            x509.TLSFeature([x509.TLSFeatureType.status_request]),
            ("extension TLSFeature (1.3.6.1.5.5.7.1.24)",),
        ),
    ],
)
def test_what_the_ca_does_not_write_is_left_out_and_reported(asked, reported):
    """Requested extensions that the CA does not issue are left out and reported."""
    request = read_request(make(asked, names(x509.DNSName("kitchen.local"))))
    assert request.left_out == reported and request.names == (x509.DNSName("kitchen.local"),)


def test_a_request_beside_its_key_is_read():
    """A request in one file with its key is read."""
    assert read_request(private(KEY) + make(encoding=Encoding.PEM)).public_key == KEY.public_key()


def test_what_stands_around_a_request_is_left_out():
    """Text around a request, which could control a terminal, is left out."""
    request = make(encoding=Encoding.PEM)
    around = b"\x1b]0;title\x07\xff\n" + request + b"\x1b[31m"
    assert request_pem(around) == request.decode()


def test_a_request_for_somebody_elses_key_is_refused():
    """A request whose signature does not prove the possession of the key is refused."""
    own, other = make(), make(key=ec.generate_private_key(ec.SECP384R1()))
    spki = slice(own.index(b"\x30\x76\x30\x10"), own.index(b"\x30\x76\x30\x10") + 0x78)
    place = other.index(b"\x30\x76\x30\x10")
    forged = own[: spki.start] + other[place : place + 0x78] + own[spki.stop :]
    assert read_request(own) and forged != own
    with pytest.raises(Error, match="not signed by its own key"):
        read_request(forged)


def test_a_request_signed_with_sha1_is_refused_for_that():
    """A request signed with SHA-1 is refused for that, not as altered."""
    info = der.element(*der.children(make())[0])
    signature = KEY.sign(info, ec.ECDSA(hashes.SHA1()))
    algorithm = tlv(0x30, bytes.fromhex("06072a8648ce3d0401"))
    data = tlv(0x30, info + algorithm + tlv(3, b"\0" + signature))
    with pytest.raises(Error, match="not checked: SHA-1 is broken; sign it with SHA-256"):
        read_request(data)


def test_every_changed_byte_of_a_request_is_noticed():
    """A change of any byte is detected, except in the count of unused bits before the signature."""
    data = make(names(x509.DNSName("kitchen.local")))
    good, passed = read_request(data), []
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with contextlib.suppress(Error):
            passed.append(read_request(bytes(changed)))
    assert passed in ([], [good])


@pytest.mark.parametrize(
    ("common_name", "number", "expected"),
    [
        ("kit\x1bchen", "e661", (None, "e661")),
        ("kitchen", "e6@1", ("kitchen", None)),
    ],
)
def test_attributes_that_cannot_be_shown_are_left_out(common_name, number, expected):
    """Attributes with control characters or invalid PrintableString characters are left out."""
    attributes = [
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, number, x509.name._ASN1Type.UTF8String),
    ]
    request = read_request(make(subject=x509.Name(attributes)))
    assert (request.common_name, request.number) == expected
