"""A CA of your own: its profile, what it issues, and what it refuses."""

import datetime
import ipaddress

import pytest
from boardcert_host.ca import authorities
from boardcert_host.errors import Error
from boardcert_host.verify.checks import certificate_checks
from boardcert_host.verify.outcomes import Expected
from ca_cases import DAY, NOW, extension, issue, request
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@pytest.fixture(scope="module")
def authority():
    """Return a CA without name constraints."""
    return authorities.create(None, [], NOW)


def usages(certificate):
    """Return the names of the key usages."""
    usage, critical = extension(certificate, x509.KeyUsage)
    assert critical
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    names += ["key_agreement", "key_cert_sign", "crl_sign"]
    return {name for name in names if getattr(usage, name)}


def test_the_ca_has_the_profile_of_a_ca(authority):
    """The CA has P-384, ten years, pathlen 0, its own key identifier and a random serial number."""
    certificate = authority.certificate
    assert certificate.public_key().curve.name == "secp384r1"
    assert certificate.signature_hash_algorithm.name == "sha384"
    assert extension(certificate, x509.BasicConstraints) == (x509.BasicConstraints(True, 0), True)
    assert usages(certificate) == {"key_cert_sign", "crl_sign"}
    identifier = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    assert extension(certificate, x509.SubjectKeyIdentifier) == (identifier, False)
    assert certificate.serial_number.bit_length() == 127
    assert certificate.not_valid_before_utc <= NOW - DAY
    ten_years_on = NOW.replace(year=NOW.year + 10)
    assert DAY > certificate.not_valid_after_utc - ten_years_on > -DAY
    certificate.verify_directly_issued_by(certificate)
    assert len(list(certificate.extensions)) == 5 - 1  # It has no name constraints.


def test_two_cas_differ_in_their_names(authority):
    """Clients find issuers by name, so the default name contains a part of the key."""
    other = authorities.create(None, [], NOW)
    assert authority.name.startswith("boardcert CA ") and authority.name != other.name
    assert authority.certificate.serial_number != other.certificate.serial_number


@pytest.mark.parametrize("name", ["", "n" * 65, "a\x1b[31mb", "two\nlines"])
def test_a_ca_has_a_name_that_can_be_shown(name):
    """A CA name has 1 to 64 characters without control characters; "" is the default name."""
    if name:
        with pytest.raises(Error, match="the name of a CA"):
            authorities.create(name, [], NOW)
    else:
        assert authorities.create(name, [], NOW).name.startswith("boardcert CA ")


def test_no_representation_shows_the_private_key(authority):
    """Logs and tracebacks may contain the representation, so it does not show the private key."""
    assert "key=" not in repr(authority)


def test_a_device_certificate_has_the_profile(authority):
    """The certificate differs from a board's own by its issuer only; `verify` passes all checks."""
    wanted = request(names=("kitchen.local", "192.168.4.1", "fd00::7"))
    certificate = issue(authority, wanted)
    checks = certificate_checks(certificate, Expected("fd00::7", issued=True, now=NOW))
    assert [check for check in checks if check.status == "fail"] == []
    assert extension(certificate, x509.BasicConstraints) == (
        x509.BasicConstraints(False, None),
        True,
    )
    assert usages(certificate) == {"digital_signature"}
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    assert extension(certificate, x509.ExtendedKeyUsage) == (x509.ExtendedKeyUsage(purposes), False)
    names = [x509.DNSName("kitchen.local"), x509.IPAddress(ipaddress.ip_address("192.168.4.1"))]
    names.append(x509.IPAddress(ipaddress.ip_address("fd00::7")))
    assert extension(certificate, x509.SubjectAlternativeName)[0] == x509.SubjectAlternativeName(
        names
    )
    issuer_key = extension(authority.certificate, x509.SubjectKeyIdentifier)[0]
    assert (
        extension(certificate, x509.AuthorityKeyIdentifier)[0].key_identifier == issuer_key.digest
    )
    assert certificate.public_key() == wanted.public_key
    assert certificate.serial_number.bit_length() == 127
    certificate.verify_directly_issued_by(authority.certificate)


def test_the_subject_keeps_what_is_no_claim(authority):
    """The subject keeps short name and number; a full name only if it is among the names."""

    def subject(*arguments):
        attributes = issue(authority, request(*arguments)).subject
        return [(attribute.oid, attribute.value) for attribute in attributes]

    number = (NameOID.SERIAL_NUMBER, "e6614103e7174b21")
    assert subject() == [(NameOID.COMMON_NAME, "kitchen"), number]
    assert subject("kitchen.local") == [(NameOID.COMMON_NAME, "kitchen.local"), number]
    assert subject("bank.example") == [(NameOID.COMMON_NAME, "kitchen.local"), number]
    assert subject(authority.name) == [(NameOID.COMMON_NAME, "kitchen.local"), number]
    assert subject("10.0.0.1", None) == [(NameOID.COMMON_NAME, "kitchen.local")]
    assert subject(None, None) == [(NameOID.COMMON_NAME, "kitchen.local")]


def test_a_name_that_is_too_long_for_a_subject(authority):
    """Too long a name is in subjectAltName only; the subject is another name, or is refused."""
    long_name = ".".join(["kitchen" * 4] * 3)
    with pytest.raises(Error, match="longer than 64 characters"):
        issue(authority, request(None, names=(long_name,)))
    certificate = issue(authority, request(None, names=(long_name, "kitchen.local")))
    assert certificate.subject.rfc4514_string().endswith("CN=kitchen.local")


@pytest.mark.parametrize("days", [1, 90, 825, 3000])
def test_the_dates_lie_within_the_cas(authority, days):
    """Validity starts a day earlier, for clients with slow clocks, and lasts the given days."""
    certificate = issue(authority, request(), days)
    assert certificate.not_valid_before_utc == datetime.datetime(2027, 3, 3, tzinfo=NOW.tzinfo)
    length = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert length == days * DAY - datetime.timedelta(seconds=1)


def test_no_certificate_outlives_its_ca(authority):
    """The validity is cut at both ends to that of the CA."""
    end = authority.certificate.not_valid_after_utc
    assert issue(authority, request(), now=end - 30 * DAY).not_valid_after_utc == end
    for now in (end + DAY, NOW - 2 * DAY):
        with pytest.raises(Error, match="is valid from 2027-03-03 00:00 to 2037-03-"):
            issue(authority, request(), now=now)


def test_a_certificate_without_a_name_is_not_made(authority):
    """A certificate without a name is not made, since browsers refuse it."""
    with pytest.raises(Error, match="would have no name"):
        issue(authority, request(names=()))


def test_the_cas_own_key_is_no_devices(authority):
    """The CA's own key is refused, as the certificate would be its own issuer."""
    with pytest.raises(Error, match="the CA's own key"):
        issue(authority, request(key=authority.key))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.SECP521R1(), "sha512"),
        (ec.SECP256R1(), "sha256"),
        (None, "sha256"),
    ],
)
def test_a_ca_of_another_kind_of_key_signs_too(key, algorithm, authority):
    """A user's own CA with another key type signs, too: the hash follows the key."""
    made = (
        ec.generate_private_key(key)
        if key
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    other = authorities.Authority(authority.certificate, made)
    assert issue(other, request()).signature_hash_algorithm.name == algorithm
