"""`boardcert show`: descriptions of certificates, requests and keys, from files and servers."""

import datetime
import ipaddress
import subprocess

import certificates
import pytest
from boardcert_host.certificates.items import read_items
from boardcert_host.cli import main
from boardcert_host.show.describe import show_items
from ca_cases import kitchen_request, make_request, pem, show
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_KEY = ec.generate_private_key(ec.SECP384R1())
_NOW = datetime.datetime.now(datetime.timezone.utc)


def words(data, now=_NOW):
    """Return what is shown for each item in *data*: {title: words}."""
    return [dict(one.rows) for one in show_items(read_items(data), now)]


def test_a_certificate_is_told_in_words():
    """A certificate's names, dates, key, purposes and digests are shown."""
    identity = certificates.make(key=_KEY)
    (row_words,) = words(identity.der)
    assert row_words["subject"] == row_words["issuer"] == "CN=kitchen.local"
    assert row_words["names"] == "kitchen.local, *.boards.example, 127.0.0.1, fd00::7"
    assert row_words["key"] == "ECC P-384 (secp384r1)"
    assert row_words["signed with"] == "ECDSA with SHA-384"
    assert row_words["signature"] == "valid: self-signed"
    assert row_words["is a CA"] == "no (critical)"
    assert row_words["key usage"] == "digitalSignature (critical)"
    assert row_words["purposes"] == "TLS server"
    assert row_words["valid"].endswith(("UTC: 3648 days left", "UTC: 3649 days left"))
    certificate = x509.load_der_x509_certificate(identity.der)
    assert row_words["fingerprint"] == certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert row_words["serial number"] == f"{certificate.serial_number:x}"


@pytest.mark.needs("openssl")
def test_openssl_says_the_same(tmp_path, capsys):
    """Serial number, fingerprint, dates and pin are those that openssl prints."""
    path = tmp_path / "a.pem"
    path.write_bytes(pem(certificates.make()))
    _, (item,) = show(capsys, path)
    command = ["openssl", "x509", "-in", path, "-noout", "-serial", "-fingerprint", "-sha256"]
    row_words = subprocess.run([*command, "-dates", "-dateopt", "iso_8601"], capture_output=True)
    lines = row_words.stdout.decode().splitlines()
    assert int(lines[0].removeprefix("serial="), 16) == int(item["serial_number"], 16)
    assert lines[1].endswith(f"={item['fingerprint']}")
    assert [line.partition("=")[2] for line in lines[2:]] == [
        item[name].replace("T", " ") for name in ("not_before", "not_after")
    ]


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ({"days": -10, "hours": -5}, ": 10 days left"),
        ({"days": -1}, ": 1 day left"),
        ({"hours": -12}, ": 12 hours left"),
        ({"minutes": -43}, ": 43 minutes left"),
        ({"seconds": -9}, ": less than a minute left"),
        ({"hours": 12}, ": EXPIRED 12 hours ago"),
        ({"minutes": 3}, ": EXPIRED 3 minutes ago"),
        ({"days": 1, "hours": 23}, ": EXPIRED 1 day ago"),
        ({"days": 2}, ": EXPIRED 2 days ago"),
    ],
)
def test_the_time_that_is_left_is_counted(end, state):
    """The remaining time is shown in days, hours or minutes, and the time since expiry."""
    der = certificates.make(key=_KEY).der
    now = x509.load_der_x509_certificate(der).not_valid_after_utc + datetime.timedelta(**end)
    (row_words,) = words(der, now)
    assert row_words["valid"].endswith(state)


def test_the_parts_of_a_name_are_called_as_openssl_calls_them():
    """Attributes are named as by openssl (e-mail, surname, title), in requests and issuers too."""
    attributes = [
        (NameOID.EMAIL_ADDRESS, "a@b.example"),
        (NameOID.SURNAME, "Roe"),
        (NameOID.GIVEN_NAME, "Jo"),
        (NameOID.TITLE, "Dr"),
    ]
    subject = x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])
    (row_words,) = words(make_request(subject=subject))
    assert row_words["subject"] == "title=Dr,GN=Jo,SN=Roe,emailAddress=a@b.example"
    directory = x509.SubjectAlternativeName([x509.DirectoryName(subject)])
    leaf = certificates.make(change=lambda found: found.update(subject_alt_name=(directory, False)))
    (row_words,) = words(leaf.der)
    assert row_words["names"].startswith("directory name title=Dr,GN=Jo")


def test_a_certificate_of_the_future_says_so():
    """A certificate that is not yet valid is reported, as a clock may be wrong."""
    (row_words,) = words(certificates.make(key=_KEY, days=(5, 10)).der)
    assert ": not valid before " in row_words["valid"]


def test_a_chain_is_linked(tmp_path, capsys):
    """Each certificate is shown with its issuer, in any order; a foreign one has none."""
    ca = certificates.make_ca()
    leaf = certificates.make(key=_KEY, issuer=ca)
    path = tmp_path / "chain.pem"
    path.write_bytes(pem(leaf) + pem(ca))
    code, items = show(capsys, path)
    assert code == 0
    assert [item["signature"] for item in items] == ["valid", "self-signed"]
    assert [item["signed_by"] for item in items] == [2, 2]
    path.write_bytes(ca.der + leaf.der)
    code, items = show(capsys, path)
    assert (code, items[1]["signed_by"]) == (0, 1)
    (alone,) = words(leaf.der)
    assert alone["signature"] == "not checked: its issuer is not among these"
    stranger = certificates.make_ca()
    path.write_bytes(pem(leaf) + pem(stranger))  # As of a CA that was renewed with a new key.
    code, items = show(capsys, path)
    assert (code, items[0]["signature"]) == (0, "unchecked")
    leaf = certificates.make(
        issuer=ca, change=lambda extensions: extensions.pop("authority_key_identifier")
    )
    path.write_bytes(pem(leaf) + pem(stranger))
    code, items = show(capsys, path)
    assert (code, items[0]["signature"]) == (1, "bad")


def test_an_altered_certificate_is_told(tmp_path, capsys):
    """A certificate whose own signature is wrong is reported."""
    der = bytearray(certificates.make(key=_KEY).der)
    der[-1] ^= 1
    path = tmp_path / "a.der"
    path.write_bytes(der)
    code, (item,) = show(capsys, path)
    assert (code, item["signature"]) == (1, "bad")


def test_a_ca_with_limits_is_told():
    """A CA's limits are shown."""
    network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    constraints = x509.NameConstraints([network], [x509.DNSName("")])
    (row_words,) = words(certificates.make_ca({"limits": (constraints, True)}).der)
    assert row_words["is a CA"] == "yes, with any number of CAs below it (critical)"
    assert row_words["vouches for"] == "only 10.0.0.0/8; not every DNS name (critical)"
    assert "keyCertSign (signs certificates)" in row_words["key usage"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("*.xn--kche-0ra.example", "*.xn--kche-0ra.example (*.küche.example)"),
        ("xn--zzzzz--.example", "xn--zzzzz--.example"),
        ("a" * 64 + ".example", "a" * 64 + ".example"),
    ],
)
def test_an_international_name_is_shown_in_both_forms(name, shown):
    """An international name is shown in both forms; an invalid encoding is shown as it is."""

    def change(extensions):
        found = x509.SubjectAlternativeName([x509.DNSName(name)])
        extensions["subject_alt_name"] = (found, False)

    (row_words,) = words(certificates.make(key=_KEY, change=change).der)
    assert row_words["names"] == shown


def test_what_is_not_known_is_told_by_its_number(tmp_path, capsys):
    """Unknown extensions, purposes and name types are shown by number."""

    def change(extensions):
        oid = x509.ObjectIdentifier("1.2.3.4")
        extensions["new"] = (x509.UnrecognizedExtension(oid, bytes(30)), True)
        extensions["extended_key_usage"] = (x509.ExtendedKeyUsage([oid]), False)
        others = [x509.RFC822Name("a@b.example"), x509.RegisteredID(oid)]
        others += [x509.DirectoryName(certificates.name("x")), x509.OtherName(oid, b"\5\0")]
        extensions["subject_alt_name"] = (x509.SubjectAlternativeName(others), False)

    identity = certificates.make(key=_KEY, change=change)
    (row_words,) = words(identity.der)
    assert row_words["extension 1.2.3.4"] == "30 bytes: " + "00 " * 23 + "00... (critical)"
    assert row_words["purposes"] == "1.2.3.4"
    expected = "e-mail a@b.example, registered id 1.2.3.4, directory name CN=x"
    assert row_words["names"] == f"{expected}, name of type 1.2.3.4"
    path = tmp_path / "a.der"
    path.write_bytes(identity.der)
    _, (item,) = show(capsys, path)
    oids = {extension["oid"]: extension["critical"] for extension in item["extensions"]}
    assert oids["1.2.3.4"] is True and oids["2.5.29.17"] is False


def test_hostile_text_is_neutralised(tmp_path, capsys):
    """Text that would control a terminal, or change the text direction, is escaped."""
    evil = "a\x1b]0;owned\x07b\u202ec\nd"
    path = tmp_path / "evil.pem"
    path.write_bytes(pem(certificates.make(key=_KEY, common_name=evil)))
    assert main(["show", str(path)]) == 0
    output = capsys.readouterr().out
    assert r"CN=a\x1b]0\;owned\x07b\u202ec" in output
    assert all(character.isprintable() or character == "\n" for character in output)
    assert main(["show", str(path), "--json"]) == 0
    assert capsys.readouterr().out.isascii()


def test_a_request_is_told(tmp_path, capsys):
    """A request's contents are shown, and whether its signature proves possession of the key."""
    path = tmp_path / "a.csr"
    data = kitchen_request()
    path.write_bytes(data)
    code, (item,) = show(capsys, path)
    assert code == 0 and item["names"] == ["kitchen.local"] and item["is_signature_valid"]
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    code, (item,) = show(capsys, path)
    assert code == 1 and item["is_signature_valid"] is False
