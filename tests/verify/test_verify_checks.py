"""Every check of `boardcert verify`, with real TLS servers: right values pass, wrong ones fail."""

import datetime
import ssl
import subprocess

import pytest
from boardcert_host.certificates import certificate
from boardcert_host.verify.checks import certificate_checks
from boardcert_host.verify.extension_checks import dns_name_covers, name_covers
from boardcert_host.verify.hosts import HostResult, Options, Target, verify_hosts
from boardcert_host.verify.outcomes import Expected
from certificates import DAY, NAME, Identity, key_usage, make, make_ca, rewrite, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from issued import pem
from rsa_keys import rsa_2048
from servers import tls_server

_ECDSA_WITH_SHA1 = bytes.fromhex("300906072a8648ce3d0401")


def check(
    identity: Identity, tmp_path: object, ca_file: str | None = None, **server: object
) -> HostResult:
    """Serve *identity* and verify it."""
    with tls_server(identity, tmp_path, **server) as port:
        options = Options(name=NAME, ca_file=ca_file)
        (result,) = verify_hosts([Target("127.0.0.1", port)], options)
    return result


def failures(result: HostResult) -> dict[str, str]:
    """Return the checks that failed, with their reasons."""
    assert result.error is None
    return {check.id: check.detail for check in result.checks if check.status == "fail"}


def warnings(result: HostResult) -> dict[str, str]:
    """Return the checks that warn, with their reasons; no check may have failed."""
    assert failures(result) == {} and result.ok
    return {check.id: check.detail for check in result.checks if check.status == "warn"}


def test_a_certificate_of_the_profile_passes_every_check(tmp_path):
    """No check fails, and only those that were not requested are skipped."""
    result = check(make(), tmp_path)
    assert failures(result) == {}
    assert result.ok
    skipped = {check.id for check in result.checks if check.status == "skip"}
    assert skipped == {"chain", "pin", "known", "usb"}


@pytest.mark.parametrize("what", ["x400", "edi", "subject", "issuer"])
def test_a_certificate_that_cannot_be_read_in_part_fails_its_check(what, tmp_path):
    """Unknown name types and invalid UTF-8 fail a check, without a traceback."""

    def edit(elements: list[bytes]) -> None:
        if what in ("x400", "edi"):
            # The DNSName kitchen.local gets another tag.
            tag = b"\xa3" if what == "x400" else b"\xa5"
            old, new = (start + b"\x0dkitchen.local" for start in (b"\x82", tag))
            assert old in elements[7]
            elements[7] = elements[7].replace(old, new)
        else:
            at = 3 if what == "issuer" else 5
            elements[at] = elements[at].replace(b"kitchen.local", b"\xff\xfetchen.local")

    damaged = rewrite(make(), edit)
    with pytest.raises(ValueError):
        certificate.parse(damaged.der)
    if what == "x400":  # OpenSSL serves no other of these.
        assert "certificate_parses" in failures(check(damaged, tmp_path))


_CLIENT_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
_OTHER_NAME = x509.SubjectAlternativeName([x509.DNSName("hall.local")])
_NO_SIGNATURE = key_usage(digital_signature=False, key_agreement=True)
_SIGNS_CERTIFICATES = key_usage(key_cert_sign=True)
EXTENSIONS = [
    ("basic_constraints", x509.BasicConstraints(True, None), True, "CA:TRUE"),
    ("key_usage", _NO_SIGNATURE, True, "digitalSignature"),
    ("key_usage", _SIGNS_CERTIFICATES, True, "sign certificates"),
    ("extended_key_usage", None, False, "missing"),
    ("extended_key_usage", _CLIENT_ONLY, False, "serverAuth"),
    ("subject_alt_name", None, False, "missing"),
    ("subject_alt_name", _OTHER_NAME, False, "kitchen.local is not among hall.local"),
    (
        "authority_key_identifier",
        x509.AuthorityKeyIdentifier(bytes(20), None, None),
        False,
        "differs",
    ),
]


@pytest.mark.parametrize(("id", "value", "critical", "reason"), EXTENSIONS)
def test_a_wrong_extension_fails_its_own_check_alone(id, value, critical, reason, tmp_path):
    """Each deviation from the profile fails exactly one check, with its reason."""

    def change(extensions: dict) -> None:
        del extensions[id]
        if value:
            extensions[id] = (value, critical)

    # In TLS 1.2, OpenSSL itself does not serve without digitalSignature.
    found = failures(check(make(change=change), tmp_path, version=ssl.TLSVersion.TLSv1_3))
    assert list(found) == [id]
    assert reason in found[id]


STYLE = [
    ("basic_constraints", None, "missing"),
    ("basic_constraints", x509.BasicConstraints(False, None), "not marked critical"),
    ("key_usage", None, "missing"),
    ("key_usage", key_usage(), "not marked critical"),
    ("subject_key_identifier", None, "missing"),
    ("authority_key_identifier", None, "missing"),
]


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(("id", "value", "reason"), STYLE)
def test_what_no_client_refuses_is_a_warning(id, value, reason, tmp_path):
    """What causes a warning only is accepted by a strict client that trusts the certificate."""

    def change(extensions: dict) -> None:
        del extensions[id]
        if value:
            extensions[id] = (value, False)

    identity = make(change=change)
    found = warnings(check(identity, tmp_path))
    assert list(found) == [id]
    assert reason in found[id] and "linters" in found[id]
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(pem(identity))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"]
    subprocess.run([*command, trusted, trusted], check=True, capture_output=True)


def test_a_missing_authority_key_identifier_fails_where_a_ca_has_issued(tmp_path):
    """OpenSSL's strict check, which Python does since 3.13, refuses such an issued certificate."""
    ca = make_ca()

    def change(extensions: dict) -> None:
        del extensions["authority_key_identifier"]

    (tmp_path / "ca.pem").write_bytes(pem(ca))
    issued = make(issuer=ca, change=change)
    found = failures(check(issued, tmp_path, ca_file=str(tmp_path / "ca.pem")))
    assert list(found) == ["authority_key_identifier"]
    assert "Python 3.13" in found["authority_key_identifier"]


FIELDS = [
    ("validity_now", lambda: make(days=(-20, -10)), "expired"),
    ("validity_now", lambda: make(days=(2, 3650)), "not valid before"),
    ("serial_number", lambda: with_serial(b"\0"), "not positive"),
    ("serial_number", lambda: with_serial(b"\x81" * 16), "not positive"),
    ("serial_number", lambda: with_serial(b"\x71" * 21), "20 bytes"),
]


def with_serial(contents: bytes) -> Identity:
    """Make a certificate with this content of its serial number."""

    def edit(tbs: list[bytes]) -> None:
        tbs[1] = tlv(2, contents)

    return rewrite(make(), edit)


@pytest.mark.parametrize(("id", "identity", "reason"), FIELDS)
def test_a_wrong_field_fails_its_own_check_alone(id, identity, reason, tmp_path):
    """Key, signature algorithm, dates and serial number each have their own check."""
    found = failures(check(identity(), tmp_path))
    assert list(found) == [id]
    assert reason in found[id]


def test_a_sha1_signature_is_refused(tmp_path):
    """SHA-1 is named, and does not count as a valid self-signature."""
    identity = rewrite(make(), lambda tbs: None, hashes.SHA1(), _ECDSA_WITH_SHA1)
    found = failures(check(identity, tmp_path))
    assert list(found) == ["signature_algorithm"]
    assert found["signature_algorithm"] == "SHA-1 is broken"


def test_a_lifetime_of_ten_years_with_leap_days_passes(tmp_path):
    """Ten years including leap days, the longest accepted lifetime, pass."""
    assert failures(check(make(days=(-1, 3652)), tmp_path)) == {}


@pytest.mark.parametrize(
    ("more", "id", "reason"),
    [
        ({"days": (-1, 3653)}, "lifetime", "3654 days"),
        ({"serial_number": 7}, "serial_number", "3 bits"),
    ],
)
def test_what_some_clients_refuse_in_some_places_is_a_warning(more, id, reason, tmp_path):
    """A repeated serial number, and a lifetime too long for Apple's clients, are warnings."""
    found = warnings(check(make(**more), tmp_path))
    assert list(found) == [id]
    assert reason in found[id]


@pytest.mark.parametrize(
    ("more", "type"),
    [
        ({"key": ec.generate_private_key(ec.SECP256R1()), "hash": hashes.SHA256()}, "ECC P-256"),
        ({"key": rsa_2048(), "hash": hashes.SHA256()}, "RSA, 2048 bits"),
    ],
)
def test_each_key_type_that_a_board_makes_passes(more, type, tmp_path):
    """Each key type that a board can generate passes."""
    result = check(make(**more), tmp_path)
    assert warnings(result) == {}
    assert type in next(one.detail for one in result.checks if one.id == "key_type")


def test_a_key_that_clients_do_not_take_fails(tmp_path):
    """RSA of 1024 bits fails."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    found = failures(check(make(key=key, hash=hashes.SHA256()), tmp_path))
    assert list(found) == ["key_type", "key_strength"]
    assert "rsa1024" in found["key_type"]


def test_a_version_1_certificate_fails(tmp_path):
    """Version 1 is named first, since all extensions are missing."""

    def edit(tbs: list[bytes]) -> None:
        del tbs[0], tbs[-1]

    found = failures(check(rewrite(make(), edit), tmp_path))
    assert next(iter(found)) == "version"
    assert "version 1" in found["version"]


def test_an_altered_certificate_fails_its_self_signature(tmp_path):
    """A flipped bit in a DNS name fails the self-signature, although the handshake works."""
    identity = make()
    altered = identity.der.replace(b"boards.example", b"boards.exampld")
    assert altered != identity.der
    found = failures(check(Identity(identity.key, altered), tmp_path))
    assert list(found) == ["self_signature"]
    assert "altered" in found["self_signature"]


def test_a_certificate_of_a_ca_is_not_self_signed(tmp_path):
    """A CA's certificate fails without --ca, with what to do."""
    found = failures(check(make(issuer=make_ca()), tmp_path))
    assert list(found) == ["self_signature"]
    assert "--ca FILE" in found["self_signature"]


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        (NAME, True),
        ("KITCHEN.local.", True),
        ("127.0.0.1", True),
        ("fd00:0:0::7", True),
        ("a.boards.example", True),
        ("boards.example", False),
        ("a.b.boards.example", False),
        (".boards.example", False),
        ("127.0.0.2", False),
        ("kitchen", False),
    ],
)
def test_names_are_covered_as_clients_cover_them(name, covered):
    """Names match completely, addresses numerically, and a star matches one label."""
    certificate = x509.load_der_x509_certificate(make().der)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert any(name_covers(entry, name) for entry in names) is covered


def test_an_address_in_a_dns_entry_covers_nothing():
    """RFC 9525: an address is matched against iPAddress entries only."""
    assert not name_covers(x509.DNSName("127.0.0.1"), "127.0.0.1")


def test_a_name_that_is_not_ascii_covers_nothing():
    """The Kelvin sign is a k in lower case; a report may have such a name, a dNSName cannot."""
    assert dns_name_covers("Kitchen.local", "kitchen.local")
    assert not dns_name_covers("\u212aitchen.local", "kitchen.local")
    assert not dns_name_covers("*.k\xfcche.local", "a.k\xfcche.local")


def test_the_clock_decides_at_the_ends_of_validity():
    """The first and the last second are valid, the adjacent ones are not."""
    certificate = x509.load_der_x509_certificate(make().der)
    second = datetime.timedelta(seconds=1)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    good = {first: "pass", last: "pass"}
    for now, status in {first - second: "fail", **good, last + second: "fail"}.items():
        checks = certificate_checks(certificate, Expected(NAME, False, now))
        assert [check.status for check in checks if check.id == "validity_now"] == [status]
    assert last - first == 3650 * DAY
