"""A board's certificates, checked by cryptography, OpenSSL, GnuTLS and pkilint."""

import base64
import hashlib
import ipaddress
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import micropython_server
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_MAKE = """
import json, sys
import boardcert
me = boardcert.identity(directory=sys.argv[1], key_type=sys.argv[4], hostname="pump-7",
    names=["pump.example", "192.168.4.1", "fe80::1"])
with open(sys.argv[2], "wb") as file:
    file.write(me.certificate)
with open(sys.argv[3], "wb") as file:
    file.write(me.csr())
print(json.dumps(me.report()))
"""

# As in micropython_server, without a page and with the settings of _MAKE.
_SERVE = """
import asyncio, sys
import boardcert
from boardcert.serving.server import Server
me = boardcert.identity(directory=sys.argv[1], key_type=sys.argv[3], hostname="pump-7",
    names=["pump.example", "192.168.4.1", "fe80::1"])
async def answer(reader, writer):
    await reader.read(1)
asyncio.run(Server(me).run(answer, int(sys.argv[2]), "127.0.0.1"))
"""


class Made:
    """What one board made: paths of PEM files, and its report."""

    def __init__(self, directory: Path, key_type: str) -> None:
        self.key_type = key_type
        self.directory = directory / "identity"
        certificate, request = directory / "certificate.der", directory / "request.der"
        output = micropython_server.run(
            _MAKE, str(self.directory), str(certificate), str(request), key_type
        )
        self.report = json.loads(output)
        self.certificate = x509.load_der_x509_certificate(certificate.read_bytes())
        self.request = x509.load_der_x509_csr(request.read_bytes())
        self.pem = directory / "certificate.pem"
        self.pem.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        self.request_pem = directory / "request.pem"
        self.request_pem.write_bytes(self.request.public_bytes(Encoding.PEM))


_HASHES = {"p256": hashes.SHA256, "p384": hashes.SHA384, "p521": hashes.SHA512}
_CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}


@pytest.fixture(scope="module", params=["p384", "p256", "p521", "rsa2048"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a board's certificate and request, with a key of each type."""
    return Made(tmp_path_factory.mktemp("made"), request.param)


def _run(*arguments: str | Path) -> str:
    completed = subprocess.run(
        [str(argument) for argument in arguments],
        capture_output=True,
        text=True,
        timeout=60,
        input="",
    )
    output = completed.stdout + completed.stderr
    assert completed.returncode == 0, output
    return output


def test_the_profile(made: Made) -> None:
    """Version 3, the key and its hash, a serial number of 16 bytes; issuer equals subject."""
    certificate = made.certificate
    assert certificate.version is x509.Version.v3
    public_key = certificate.public_key()
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        assert isinstance(public_key.curve, _CURVES[made.key_type])
    else:
        assert isinstance(public_key, rsa.RSAPublicKey)
        assert made.key_type == f"rsa{public_key.key_size}"
    expected_hash = _HASHES.get(made.key_type, hashes.SHA256)
    assert isinstance(certificate.signature_hash_algorithm, expected_hash)
    assert certificate.serial_number.bit_length() == 127
    assert certificate.issuer == certificate.subject
    common_name, number = list(certificate.subject)
    assert (common_name.oid, common_name.value) == (NameOID.COMMON_NAME, "pump-7")
    assert (number.oid, number.value) == (NameOID.SERIAL_NUMBER, made.report["unique_id"])
    certificate.verify_directly_issued_by(certificate)


def test_the_extensions(made: Made) -> None:
    """The extensions are exactly those of the profile, critical where required."""
    extensions = made.certificate.extensions
    identifier = x509.SubjectKeyIdentifier.from_public_key(made.certificate.public_key())
    usage = {
        name: name == "digital_signature"
        for name in (
            *("digital_signature", "content_commitment", "key_encipherment", "key_cert_sign"),
            *("data_encipherment", "key_agreement", "crl_sign", "encipher_only", "decipher_only"),
        )
    }
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names: list[x509.GeneralName] = [
        *(x509.DNSName("pump-7.local"), x509.DNSName("pump.example")),
        *(x509.IPAddress(ipaddress.ip_address(text)) for text in ("192.168.4.1", "fe80::1")),
    ]
    assert [(extension.critical, extension.value) for extension in extensions] == [
        (True, x509.BasicConstraints(ca=False, path_length=None)),
        (True, x509.KeyUsage(**usage)),
        (False, x509.ExtendedKeyUsage(purposes)),
        (False, x509.SubjectAlternativeName(names)),
        (False, identifier),
        (False, x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)),
    ]


def test_the_dates(made: Made) -> None:
    """The certificate is valid from yesterday's midnight for 3,650 days."""
    begin = made.certificate.not_valid_before_utc
    midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    assert begin in (midnight - timedelta(days=1), midnight - timedelta(days=2))
    lifetime = made.certificate.not_valid_after_utc - begin
    assert timedelta(days=3651) <= lifetime < timedelta(days=3652)  # That is 3,650 days from now.


def test_the_report(made: Made) -> None:
    """The report agrees with the certificate."""
    der = made.certificate.public_bytes(Encoding.DER)
    spki = made.certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    report = made.report
    assert base64.b64decode(report["certificate"]) == der
    assert report["fingerprint"].replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    pin = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    assert report["public_key_pin"] == f"sha256//{pin}"
    assert int(report["serial_number"].replace(":", ""), 16) == made.certificate.serial_number
    assert report["not_before"] == made.certificate.not_valid_before_utc.strftime("%FT%TZ")
    assert report["not_after"] == made.certificate.not_valid_after_utc.strftime("%FT%TZ")
    assert report["names"] == ["pump-7.local", "pump.example", "192.168.4.1", "fe80::1"]
    assert report["hostname"] == "pump-7" and report["key_type"] == made.key_type


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("option", [[], ["-x509_strict"], ["-purpose", "sslserver"]])
def test_openssl_verifies_it_as_its_own_trust_anchor(made: Made, option: list[str]) -> None:
    """openssl accepts the certificate as its own trust anchor, in strict mode too."""
    output = _run("openssl", "verify", *option, "-CAfile", made.pem, made.pem)
    assert output.strip().endswith("OK")


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("name", ["pump-7.local", "pump.example"])
def test_openssl_finds_the_names(made: Made, name: str) -> None:
    """openssl finds the names in the certificate, and no others."""
    _run("openssl", "verify", "-verify_hostname", name, "-CAfile", made.pem, made.pem)
    _run("openssl", "verify", "-verify_ip", "fe80::1", "-CAfile", made.pem, made.pem)
    with pytest.raises(AssertionError):
        _run("openssl", "verify", "-verify_hostname", "x." + name, "-CAfile", made.pem, made.pem)


@pytest.mark.needs("certtool")
def test_gnutls_reads_it(made: Made) -> None:
    """GnuTLS reads the certificate, and verifies the request's signature."""
    assert "DNSname: pump.example" in _run("certtool", "--certificate-info", "--infile", made.pem)
    output = _run("certtool", "--crq-info", "--infile", made.request_pem)
    assert "Self signature: verified" in output


@pytest.mark.needs("gnutls-cli", "openssl")
def test_clients_that_trust_it_connect(made: Made) -> None:
    """GnuTLS and OpenSSL trust the served certificate, with each key type."""
    with micropython_server.serving(made.directory, made.key_type, code=_SERVE) as port:
        verify = ["--x509cafile", made.pem, "--verify-hostname", "pump-7.local"]
        output = _run("gnutls-cli", *verify, "--port", str(port), "127.0.0.1")
        assert "Status: The certificate is trusted" in output
        connect = ["-connect", f"127.0.0.1:{port}", "-verify_hostname", "pump-7.local"]
        strict = ["-verify_return_error", "-x509_strict", "-CAfile", made.pem]
        assert "Verify return code: 0 (ok)" in _run("openssl", "s_client", *connect, *strict)


def test_pkilint_finds_nothing(made: Made) -> None:
    """pkilint, which demonstrably ran, has no finding of warning or above."""
    linter = Path(sys.executable).parent / "lint_pkix_cert"
    completed = subprocess.run(
        [linter, "lint", "-s", "INFO", "-f", "JSON", made.pem], capture_output=True, timeout=60
    )
    findings = json.loads(completed.stdout)
    severities = {
        finding["severity"]
        for result in findings["results"]
        for finding in result["finding_descriptions"]
    }
    assert severities == {"INFO"}


@pytest.mark.needs("openssl")
def test_the_request(made: Made) -> None:
    """The request is signed by the same key, with the same subject and names."""
    request = made.request
    assert request.is_signature_valid
    assert request.subject == made.certificate.subject
    assert request.public_key() == made.certificate.public_key()
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert (
        names
        == made.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    )
    assert "verify OK" in _run("openssl", "req", "-verify", "-noout", "-in", made.request_pem)


_SERVE_UNKNOWN = """
from boardcert import Error
from boardcert.transport import tls
from boardcert.storage.store import Record
try:
    tls.server_context(Record(b"\\x30\\x00", [b"\\x30\\x00"], {"key_type": "p999"}))
except Error as error:
    print(error)
"""


def test_a_key_that_the_firmware_does_not_take_is_named() -> None:
    """A MicroPython build without a curve reports that for a key on it."""
    output = micropython_server.run(_SERVE_UNKNOWN)
    assert "this firmware's TLS does not accept this key, p999, or certificate 1: " in output
