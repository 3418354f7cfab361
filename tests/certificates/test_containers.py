"""PKCS#12, PKCS#7 and encrypted keys, as show, install and the CA read them."""

import subprocess

import pytest
from boardcert_host.board.installable import read_installable
from boardcert_host.ca.store import Store
from boardcert_host.cli import main
from boardcert_host.errors import USAGE, Error
from boardcert_host.verify.tls_probe import ca_context
from ca_cases import kitchen_request, private, show
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    pkcs7,
    pkcs12,
)
from issued import issue
from make_chains import authority

_KEY = ec.generate_private_key(ec.SECP384R1())
_ROOT = authority(name="Root")
_CA = authority(_ROOT, "Intermediate")
_LEAF = issue(_CA, _KEY)
_PARSED = [x509.load_der_x509_certificate(one.der) for one in (_LEAF, _CA, _ROOT)]
_SECRET = "correct horse"  # noqa: S105 (of a test)


def p12(secret=_SECRET, certificates=_PARSED):
    """Return PKCS#12 with the key, its certificate, and the root before the intermediate."""
    encryption = BestAvailableEncryption(secret.encode()) if secret else NoEncryption()
    others = certificates[:0:-1]
    return pkcs12.serialize_key_and_certificates(b"a", _KEY, certificates[0], others, encryption)


def p7b(encoding=Encoding.DER):
    """Return PKCS#7 with the certificates in the wrong order."""
    return pkcs7.serialize_certificates(_PARSED[::-1], encoding)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that writes a file of *data*; no passphrase is set."""
    monkeypatch.delenv("BOARDCERT_PASSPHRASE", raising=False)

    def write(data, name="file"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def test_a_pkcs12_file_is_shown_with_its_passphrase(written, capsys, monkeypatch):
    """Without its passphrase, only the file's kind is shown; a wrong one is a fault."""
    path = written(p12())
    assert show(capsys, path) == (0, [{"kind": "PKCS#12 file", "is_encrypted": True}])
    monkeypatch.setenv("BOARDCERT_PASSPHRASE", "battery staple")
    code, (item,) = show(capsys, path)
    assert (code, item["error"]) == (1, "wrong passphrase, or damaged")
    monkeypatch.setenv("BOARDCERT_PASSPHRASE", _SECRET)
    code, items = show(capsys, path)
    assert [item["kind"] for item in items] == ["certificate"] * 3 + ["private key"]
    assert (code, items[3]["belongs_to"]) == (0, [1])


@pytest.mark.parametrize("secret", ["", None])
def test_a_pkcs12_file_without_a_passphrase_needs_none(secret, written, capsys):
    """PKCS#12 with an empty passphrase, or none, needs none."""
    code, items = show(capsys, written(p12(secret)))
    assert code == 0 and items[-1]["kind"] == "private key"


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_pkcs7_file_is_shown(encoding, written, capsys):
    """The certificates in PKCS#7 are shown in their order."""
    code, items = show(capsys, written(p7b(encoding)))
    assert code == 0 and [item["subject"] for item in items] == [
        "CN=Root",
        "CN=Intermediate",
        "CN=localhost",
    ]
    assert [item["signed_by"] for item in items] == [1, 1, 2]


@pytest.mark.parametrize("data", [p12(), p12(""), p7b(), p7b(Encoding.PEM)])
def test_install_takes_the_chain_in_order(data, written):
    """install sorts the chain from the leaf, without the root, and takes a key from PKCS#12."""
    files = read_installable(written(data), None, lambda name: _SECRET)
    assert list(files.chain) == _PARSED[:2]
    assert bool(files.key) is (b"PKCS7" not in data and data[4:7] == b"\2\1\3")
    if files.key:
        assert files.key.private_numbers() == _KEY.private_numbers()
    with_key = read_installable(written(data), written(private(_KEY), "key"), lambda name: _SECRET)
    assert list(with_key.chain) == _PARSED[:2] and with_key.key


def test_the_file_of_ca_may_have_any_form(written):
    """--ca accepts DER, PKCS#7 and UTF-16, as Windows writes them, and trusts only their CAs."""
    text = x509.load_der_x509_certificate(_ROOT.der).public_bytes(Encoding.PEM)
    windows = b"\xff\xfe" + text.decode().replace("\n", "\r\n").encode("utf-16-le")
    for data, count in ((_ROOT.der, 1), (windows, 1), (b"\xef\xbb\xbf" + text, 1), (p7b(), 2)):
        found = ca_context(str(written(data))).get_ca_certs(True)
        assert len(found) == count and _ROOT.der in found
    for data in (private(_KEY), b"", _ROOT.der[:-1]):
        with pytest.raises(Error, match="cannot read the CA file") as caught:
            ca_context(str(written(data)))
        assert caught.value.code == USAGE


def test_install_says_what_a_container_lacks(written):
    """A wrong passphrase, no certificate, a truncated file are reported; nothing of a key is."""
    for data, words in (
        (p12("another"), "wrong passphrase, or damaged"),
        (p12()[:-9], "wrong passphrase, or damaged"),
        (p7b()[:-9], "damaged, or without certificates"),
        (pkcs12.serialize_key_and_certificates(b"a", _KEY, None, None, NoEncryption()), "no read"),
    ):
        with pytest.raises(Error, match=words) as caught:
            read_installable(written(data), None, lambda name: _SECRET)
        assert caught.value.code == 1


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("scheme", ["PBE-SHA1-3DES", "PBE-SHA1-RC2-40"])
@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_a_key_under_an_old_scheme_is_known_as_encrypted(scheme, form, tmp_path, capsys):
    """PBES1, as old tools wrote it, is reported as encrypted, not as unreadable."""
    plain, path = tmp_path / "plain", tmp_path / "a.key"
    plain.write_bytes(private(_KEY))
    command = ["openssl", "pkcs8", "-topk8", "-in", plain, "-v1", scheme, "-outform", form]
    command += ["-provider", "legacy", "-provider", "default", "-passout", f"pass:{_SECRET}"]
    subprocess.run([*command, "-out", path], check=True, capture_output=True)
    assert show(capsys, path) == (0, [{"kind": "private key", "is_encrypted": True}])


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("tool", ["mkcert", "easy-rsa", "cfssl"])
def test_a_ca_of_another_tool_signs(tool, tmp_path, capsys, monkeypatch):
    """Another tool's ca.crt and ca.key sign: RSA in PKCS#8, encrypted RSA, and SEC 1.

    They are like those of mkcert 1.4.4, easy-rsa 3.1.0 and cfssl 1.2.0. The second has no critical
    extension, so that strict clients refuse it: a message says so.
    """
    directory = tmp_path / "ca"
    directory.mkdir()
    key, subject = directory / "ca.key", "/O=Tool CA/CN=Tool CA"
    algorithm = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]
    commands = {
        "mkcert": [["genpkey", *algorithm, "-out", key]],
        "easy-rsa": [["genpkey", *algorithm, "-aes256", "-pass", "pass:secret", "-out", key]],
        "cfssl": [["ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key]],
    }[tool]
    critical = "" if tool == "easy-rsa" else "critical,"
    extensions = [f"basicConstraints={critical}CA:TRUE", f"keyUsage={critical}keyCertSign,cRLSign"]
    request = ["req", "-x509", "-new", "-key", key, "-subj", subject, "-days", "900"]
    request += ["-passin", "pass:secret", "-out", directory / "ca.crt"]
    for extension in extensions:
        request += ["-addext", extension]
    for command in (*commands, request):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    key.chmod(0o600)
    assert Store(directory).certificates()
    monkeypatch.setenv("BOARDCERT_CA_PASSPHRASE", "secret")
    monkeypatch.chdir(tmp_path)
    csr = tmp_path / "a.csr"
    csr.write_bytes(kitchen_request())
    words = ["ca", "sign", str(csr), "--ca", str(directory), "-o", str(tmp_path / "a.crt")]
    assert main(words) == 0
    output = capsys.readouterr()
    assert "signed by Tool CA" in output.out
    command = ["openssl", "verify", "-CAfile", directory / "ca.crt", tmp_path / "a.crt"]
    subprocess.run(command, check=True, capture_output=True)
    strict = subprocess.run([*command[:2], "-x509_strict", *command[2:]], capture_output=True)
    assert (strict.returncode == 0) is ("refuse this CA" not in output.err)
    assert ("its basicConstraints are not critical" in output.err) is (tool == "easy-rsa")
