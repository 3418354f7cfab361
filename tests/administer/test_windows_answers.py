"""The answers of a Windows CA (AD CS), as they are saved there, to a board's own request.

openssl acts as the CA: RSA, two levels, the template WebServer, extensions as AD CS writes them.
Each file has the form that certsrv, certreq and the MMC write.
"""

import base64
import json
import subprocess

import known_board
import pytest
from boardcert_host.certificates.certificate import find_extension
from boardcert_host.cli import main
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

pytestmark = pytest.mark.needs("openssl")

client = known_board.client
host = known_board.host

_LDAP = "ldap:///CN=Corp%20Issuing%20CA,CN={},CN=Public%20Key%20Services,DC=corp,DC=example?{}?base"
_ROOT = """\
basicConstraints=critical,CA:TRUE
keyUsage=digitalSignature,keyCertSign,cRLSign
subjectKeyIdentifier=hash
1.3.6.1.4.1.311.21.1=ASN1:INTEGER:0
"""
_ISSUING = f"{_ROOT}authorityKeyIdentifier=keyid\n1.3.6.1.4.1.311.20.2=ASN1:BMP:SubCA\n"
# The template sets no basicConstraints, and keyEncipherment even for an EC key.
_LEAF = f"""\
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
1.3.6.1.4.1.311.20.2=ASN1:BMP:WebServer
crlDistributionPoints=@crl
authorityInfoAccess=@aia
[crl]
URI.0={_LDAP.format("CDP", "certificateRevocationList")}
[aia]
caIssuers;URI.0={_LDAP.format("AIA", "cACertificate")}
"""


class _WindowsCA:
    """A root, and an issuing CA that signs requests with the names in them."""

    def __init__(self, directory):
        self._directory = directory
        self._make_root()
        self._sign("issuing", self._request(), "root", _ISSUING)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self._directory)

    def _make_root(self):
        (self._directory / "root.cnf").write_text(
            f"[req]\ndistinguished_name=dn\n[dn]\n[x]\n{_ROOT}"
        )
        subject = ["-subj", "/DC=example/DC=corp/CN=Corp Root CA", "-days", "3650"]
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "root.key"]
        config = ["-config", "root.cnf", "-extensions", "x"]
        self._openssl("req", "-x509", *key, *subject, *config, "-out", "root.pem")

    def _request(self):
        subject = ["-subj", "/DC=example/DC=corp/CN=Corp Issuing CA"]
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "issuing.key"]
        self._openssl("req", *key, *subject, "-out", "issuing.csr")
        return (self._directory / "issuing.csr").read_bytes()

    def _sign(self, name, request, issuer, extensions):
        (self._directory / f"{name}.csr").write_bytes(request)
        (self._directory / f"{name}.cnf").write_text(extensions)
        by = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-days", "730"]
        names = ["-extfile", f"{name}.cnf", "-copy_extensions", "copy"]
        serial = ["-set_serial", "0x6100000002d3f1b6a5f0c8e7a4000000000002"]
        out = ["-out", f"{name}.pem"]
        self._openssl("x509", "-req", "-in", f"{name}.csr", *by, *serial, *names, *out)
        return self.certificate(name)

    def certificate(self, name):
        """Return a certificate as cryptography reads it."""
        return x509.load_pem_x509_certificate((self._directory / f"{name}.pem").read_bytes())

    def answer(self, request):
        """Return the certificate for *request*, PEM or DER, and certnew.p7b, DER.

        The root is first, as in Windows.
        """
        leaf = self._sign("leaf", request, "issuing", _LEAF)
        files = [
            word for name in ("root", "issuing", "leaf") for word in ("-certfile", f"{name}.pem")
        ]
        self._openssl("crl2pkcs7", "-nocrl", *files, "-outform", "DER", "-out", "chain.p7b")
        return leaf, (self._directory / "chain.p7b").read_bytes()


def windows_pem(der, title):
    """Return base64 as CryptBinaryToString writes it: lines of 64 characters, and CR LF."""
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\r\n".join([f"-----BEGIN {title}-----", *lines, f"-----END {title}-----", ""]).encode()


_FORMS = {
    "certnew.cer, DER": lambda der, p7b: der,
    "certnew.cer, base 64": lambda der, p7b: windows_pem(der, "CERTIFICATE"),
    "through a pipe of PowerShell": lambda der, p7b: (
        b"\xff\xfe" + windows_pem(der, "CERTIFICATE").decode().encode("utf-16-le")
    ),
    "certnew.p7b, DER": lambda der, p7b: p7b,
    "certnew.p7b, base 64": lambda der, p7b: windows_pem(p7b, "CERTIFICATE"),
    "exported by the MMC, base 64": lambda der, p7b: windows_pem(p7b, "PKCS7"),
    "a chain through PowerShell": lambda der, p7b: (
        b"\xff\xfe" + windows_pem(p7b, "PKCS7").decode().encode("utf-16-le")
    ),
}


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """Return the CA of all these tests."""
    return _WindowsCA(tmp_path_factory.mktemp("windows"))


@pytest.mark.parametrize("form", _FORMS)
def test_each_form_is_installed_as_it_is(form, ca, client, host, tmp_path, capsys):
    """Each form of answer is installed for the board's own key, in order, without the root."""
    request = tmp_path / "kitchen.csr"
    assert main(["csr", host, "-o", str(request)]) == 0
    assert request.read_text().startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
    leaf, p7b = ca.answer(request.read_bytes())
    path = tmp_path / "certnew"
    path.write_bytes(_FORMS[form](leaf.public_bytes(Encoding.DER), p7b))
    capsys.readouterr()
    code = main(["install", host, str(path), "--json"])
    output = capsys.readouterr()
    told = json.loads(output.out)
    assert (code, told.get("key_changed")) == (0, False), (told, output.err)
    assert client.served_certificate() == leaf.public_bytes(Encoding.DER)
    sent = json.loads(client.get("/api/identity"))
    assert sent["source"] == "installed"
    chain = x509.load_pem_x509_certificates(client.get("/certificate.pem"))
    is_chain = "chain" in form or "p7b" in form or "MMC" in form
    assert chain == ([leaf, ca.certificate("issuing")] if is_chain else [leaf])
    # Clients must trust the root; without the chain, they lack the issuing CA.
    ends_with = "CHAIN ends with what CN=Corp {} CA,DC=corp,DC=example has issued"
    assert ends_with.format("Root" if is_chain else "Issuing") in output.err
    assert ("it is at ldap:///CN=Corp%20Issuing%20CA" in output.err) is not is_chain


def test_what_a_template_decides_is_no_harm(ca, host, tmp_path, capsys):
    """keyEncipherment for an EC key, no basicConstraints, and a BMP template name are accepted."""
    request = tmp_path / "kitchen.csr"
    assert main(["csr", host, "-o", str(request)]) == 0
    leaf, p7b = ca.answer(request.read_bytes())
    assert find_extension(leaf, x509.KeyUsage).value.key_encipherment
    assert find_extension(leaf, x509.BasicConstraints) is None
    path = tmp_path / "certnew.p7b"
    path.write_bytes(windows_pem(p7b, "CERTIFICATE"))
    capsys.readouterr()
    assert main(["install", host, str(path)]) == 0
    assert "some clients refuse it" not in capsys.readouterr().err
    assert main(["show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "Corp Root CA" in shown and "Corp Issuing CA" in shown


def test_a_certificate_from_the_directory_instead_of_the_request_is_refused(
    ca, host, tmp_path, capsys
):
    """A template without "Supply in the request" yields the user's names: it is refused."""
    request = tmp_path / "kitchen.csr"
    assert main(["csr", host, "--san", "admin-pc.corp.example", "-o", str(request)]) == 0
    _, p7b = ca.answer(request.read_bytes())
    path = tmp_path / "certnew.p7b"
    path.write_bytes(p7b)
    capsys.readouterr()
    assert main(["install", host, str(path), "--json"]) == 1
    message = json.loads(capsys.readouterr().out)["error"]["message"]
    assert "localhost is not among admin-pc.corp.example" in message
