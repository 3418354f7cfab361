"""The certificates of a board, judged by others: cryptography, OpenSSL and pkilint."""

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
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_MAKE = """
import json, sys
import boardcert
me = boardcert.identity(directory=sys.argv[1], hostname="pump-7",
    names=["pump.example", "192.168.4.1", "fe80::1"])
with open(sys.argv[2], "wb") as file:
    file.write(me.certificate)
with open(sys.argv[3], "wb") as file:
    file.write(me.csr())
print(json.dumps(me.report()))
"""


class Made:
    """What one board made: paths of PEM files, and its report."""

    def __init__(self, directory: Path) -> None:
        certificate, request = directory / "certificate.der", directory / "request.der"
        output = micropython_server.run(
            _MAKE, str(directory / "identity"), str(certificate), str(request)
        )
        self.report = json.loads(output)
        self.certificate = x509.load_der_x509_certificate(certificate.read_bytes())
        self.request = x509.load_der_x509_csr(request.read_bytes())
        self.pem = directory / "certificate.pem"
        self.pem.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        self.request_pem = directory / "request.pem"
        self.request_pem.write_bytes(self.request.public_bytes(Encoding.PEM))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A board's certificate and request."""
    return Made(tmp_path_factory.mktemp("made"))


def _run(*arguments: str | Path) -> str:
    completed = subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, timeout=60
    )
    output = completed.stdout + completed.stderr
    assert completed.returncode == 0, output
    return output


def test_the_profile(made: Made) -> None:
    """Version 3, P-384, SHA-384, a serial number of 16 bytes, issuer and subject alike."""
    certificate = made.certificate
    assert certificate.version is x509.Version.v3
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert certificate.public_key().curve.name == "secp384r1"
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA384)
    assert certificate.serial_number.bit_length() == 127
    assert certificate.issuer == certificate.subject
    common_name, number = list(certificate.subject)
    assert (common_name.oid, common_name.value) == (NameOID.COMMON_NAME, "pump-7")
    assert (number.oid, number.value) == (NameOID.SERIAL_NUMBER, made.report["unique_id"])
    certificate.verify_directly_issued_by(certificate)


def test_the_extensions(made: Made) -> None:
    """Exactly those of the profile, critical where they must be."""
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
    """Valid now, from yesterday's midnight, for 3,650 days."""
    begin = made.certificate.not_valid_before_utc
    midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    assert begin in (midnight - timedelta(days=1), midnight - timedelta(days=2))
    lifetime = made.certificate.not_valid_after_utc - begin
    assert timedelta(days=3651) <= lifetime < timedelta(days=3652)  # 3650 from now on.


def test_the_report(made: Made) -> None:
    """It tells the same as the certificate."""
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
    assert report["hostname"] == "pump-7" and report["key_type"] == "p384"


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("option", [[], ["-x509_strict"], ["-purpose", "sslserver"]])
def test_openssl_verifies_it_as_its_own_trust_anchor(made: Made, option: list[str]) -> None:
    """Also strictly."""
    output = _run("openssl", "verify", *option, "-CAfile", made.pem, made.pem)
    assert output.strip().endswith("OK")


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("name", ["pump-7.local", "pump.example"])
def test_openssl_finds_the_names(made: Made, name: str) -> None:
    """The names are covered, others are not."""
    _run("openssl", "verify", "-verify_hostname", name, "-CAfile", made.pem, made.pem)
    _run("openssl", "verify", "-verify_ip", "fe80::1", "-CAfile", made.pem, made.pem)
    with pytest.raises(AssertionError):
        _run("openssl", "verify", "-verify_hostname", "x." + name, "-CAfile", made.pem, made.pem)


def test_pkilint_finds_nothing(made: Made) -> None:
    """No finding of warning or above; the linter looks at it at all."""
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
    """Signed by the same key, with the same subject and names."""
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
