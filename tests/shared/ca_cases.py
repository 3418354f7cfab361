"""Helpers for tests of the CA, of `show` and of trust: requests, keys, files, NSS databases."""

import datetime
import subprocess

import run_command
from boardcert_host.ca.csr import Request
from boardcert_host.ca.names import parse_name
from certificates import name
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

NOW = datetime.datetime(2027, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP384R1())


def run(capsys, *arguments):
    """Run a command with --json; return its exit code and its object."""
    return run_command.run(capsys, *arguments)[:2]


def request(common_name="kitchen", number="e6614103e7174b21", names=("kitchen.local",), key=None):
    """Return the contents of a request."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    found = tuple(parse_name(name) for name in names)
    return Request(key.public_key(), common_name, number, found)


def issue(authority, wanted, days=825, now=NOW):
    """Have the CA sign a certificate with the request's names."""
    return authority.issue(wanted, list(wanted.names), days, now)


def make_request(*extensions, key=KEY, subject=None, encoding=Encoding.DER, hash=None):
    """Return a request with these extensions."""
    builder = x509.CertificateSigningRequestBuilder(subject or name("kitchen"))
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    signing_hash = None if isinstance(key, ed25519.Ed25519PrivateKey) else hash or hashes.SHA384()
    return builder.sign(key, signing_hash).public_bytes(encoding)


def names(*entries):
    """Return a subjectAltName."""
    return x509.SubjectAlternativeName(entries)


def extension(certificate, kind):
    """Return (value, critical)."""
    found = certificate.extensions.get_extension_for_class(kind)
    return found.value, found.critical


def kitchen_request(**more):
    """Return a request for kitchen.local. *more*: as make_request."""
    return make_request(names(x509.DNSName("kitchen.local")), **more)


def pem(identity):
    """Return the certificate as PEM."""
    return x509.load_der_x509_certificate(identity.der).public_bytes(Encoding.PEM)


def private(key, encoding=Encoding.PEM, form=PrivateFormat.PKCS8, secret=None):
    """Return a private key in one of its forms."""
    encryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    return key.private_bytes(encoding, form, encryption)


def make_nss(*places):
    """Make empty NSS databases."""
    for place in places:
        place.mkdir(parents=True)
        command = ["certutil", "-N", "-d", f"sql:{place}", "--empty-password"]
        subprocess.run(command, check=True)


def listed(place):
    """Return certutil's list without its two title lines."""
    command = ["certutil", "-L", "-d", f"sql:{place}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in output.splitlines() if line and "Trust" not in line][1:]


def show(capsys, *sources):
    """Show *sources*; return (exit code, items)."""
    code, content = run(capsys, "show", *sources)
    return code, content["items"]
