"""`boardcert show` for keys, damaged files and live servers: nothing private is ever shown."""

import io
import sys

import certificates
import pytest
from boardcert_host.certificates.items import read_items
from boardcert_host.cli import main
from ca_cases import pem, private, show
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from rsa_keys import rsa_2048
from servers import refusing_port, tls_server

_KEY = ec.generate_private_key(ec.SECP384R1())
_RSA = rsa_2048()
_ED25519 = ed25519.Ed25519PrivateKey.generate()
_TRADITIONAL = PrivateFormat.TraditionalOpenSSL
_DER, _PEM = Encoding.DER, Encoding.PEM
_SPKI = PublicFormat.SubjectPublicKeyInfo


@pytest.mark.parametrize(
    ("data", "key_type"),
    [
        *(
            (private(_KEY, form, kind), "p384")
            for form in (_DER, _PEM)
            for kind in (PrivateFormat.PKCS8, _TRADITIONAL)
        ),
        *(
            (private(_RSA, form, kind), "rsa2048")
            for form in (_DER, _PEM)
            for kind in (PrivateFormat.PKCS8, _TRADITIONAL)
        ),
        (private(_ED25519), "Ed25519PublicKey"),
    ],
)
def test_a_private_key_shows_its_public_side(tmp_path, capsys, data, key_type):
    """Of a private key, type and pin are shown, and no private byte, in words or JSON."""
    path = tmp_path / "a.key"
    path.write_bytes(data)
    code, (item,) = show(capsys, path)
    assert code == 0
    assert set(item) == {"kind", "key_type", "public_key_pin", "is_encrypted"}
    assert (item["kind"], item["key_type"], item["is_encrypted"]) == (
        "private key",
        key_type,
        False,
    )
    assert main(["show", str(path)]) == 0
    output = capsys.readouterr().out
    assert item["public_key_pin"] in output
    # Title, key, pin and encryption: no line could contain a scalar.
    assert len(output.splitlines()) == 4 and max(map(len, output.splitlines())) < 80


def test_no_representation_shows_a_key():
    """Representations, as in a traceback, do not show the key."""
    (item,) = read_items(private(_KEY))
    assert repr(item) == "Item(kind='private key', reason=None, is_encrypted=False)"


@pytest.mark.parametrize("form", [_PEM, _DER])
def test_an_encrypted_key_is_opened_only_on_request(tmp_path, capsys, monkeypatch, form):
    """An encrypted key is opened without a prompt, by file or environment only."""
    path = tmp_path / "a.key"
    path.write_bytes(private(_KEY, form, secret=b"correct horse"))
    monkeypatch.delenv("BOARDCERT_PASSPHRASE", raising=False)
    code, (item,) = show(capsys, path)
    assert (code, item) == (0, {"kind": "private key", "is_encrypted": True})
    monkeypatch.setenv("BOARDCERT_PASSPHRASE", "correct horse")
    code, (item,) = show(capsys, path)
    assert (code, item["key_type"], item["is_encrypted"]) == (0, "p384", True)
    secret = tmp_path / "secret"
    secret.write_text("battery staple\n")
    code, (item,) = show(capsys, path, "--passphrase-file", secret)
    assert code == 1 and item["error"] == "wrong passphrase, or damaged"


def test_a_key_is_compared_with_the_certificates_beside_it(tmp_path, capsys):
    """A key is compared with certificates and requests beside it; a fault if it fits none."""
    both, key, other = tmp_path / "both.pem", tmp_path / "a.key", tmp_path / "other.key"
    identity = certificates.make(key=_KEY)
    both.write_bytes(private(_KEY) + pem(identity))
    code, (first, _) = show(capsys, both)
    assert (code, first["belongs_to"]) == (0, [2])
    key.write_bytes(private(_KEY))
    code, items = show(capsys, both, key)
    assert (code, items[2]["belongs_to"]) == (0, [2])
    other.write_bytes(private(_RSA))
    code, items = show(capsys, both, other)
    assert (code, items[2]["belongs_to"]) == (1, [])
    assert main(["show", str(both), str(other)]) == 1
    output = capsys.readouterr().out
    assert "private key 3 of 3" in output and "NONE of these certificates" in output


@pytest.mark.parametrize("form", [_PEM, _DER])
def test_a_public_key_shows_its_pin(tmp_path, capsys, form):
    """The pin of a public key has curl's form."""
    path = tmp_path / "a.pub"
    path.write_bytes(_KEY.public_key().public_bytes(form, _SPKI))
    code, (item,) = show(capsys, path)
    assert code == 0 and item["kind"] == "public key" and item["key_type"] == "p384"
    path.write_bytes(private(_KEY))
    assert show(capsys, path)[1][0]["public_key_pin"] == item["public_key_pin"]


_BLOCK = b"-----BEGIN %b-----\n%b\n-----END %b-----\n"


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"garbage", "unknown", "neither PEM, nor the DER of"),
        (b"# boardcert\n\nText has the form of many elements of DER.\n" * 9, "unknown", "neither"),
        (b"\x30\x82", "unknown", "neither PEM, nor the DER of"),
        (b"\x30\x03\x02\x01\x00", "unknown", "neither PEM, nor the DER of"),
        (_BLOCK % (b"CERTIFICATE", b"AAAA", b"CERTIFICATE"), "certificate", "not a certificate"),
        (_BLOCK % (b"CERTIFICATE", b"A", b"CERTIFICATE"), "certificate", "base64 is damaged"),
        (_BLOCK % (b"PRIVATE KEY", b"AAAA", b"PRIVATE KEY"), "private key", "cannot be read"),
        (
            _BLOCK % (b"CERTIFICATE REQUEST", b"AAAA", b"CERTIFICATE REQUEST"),
            "request",
            "not a request",
        ),
        (_BLOCK % (b"PKCS7", b"AAAA", b"PKCS7"), "PKCS#7 file", "damaged, or without"),
        (_BLOCK % (b"X509 CRL", b"AAAA", b"X509 CRL"), "unknown", "type X509 CRL are not"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_reason(tmp_path, capsys, data, kind, reason):
    """What cannot be read is reported with exit code 1; the rest of the file is shown."""
    path = tmp_path / "file"
    path.write_bytes(data)
    code, (item,) = show(capsys, path)
    assert (code, item["kind"]) == (1, kind) and reason in item["error"]
    if data.startswith(b"-----"):
        path.write_bytes(data + pem(certificates.make(key=_KEY)))
        code, items = show(capsys, path)
        assert code == 1 and items[1]["key_type"] == "p384"


def test_every_truncation_of_a_certificate_is_told(tmp_path, capsys):
    """Every truncation of a certificate is reported, and none stops the command."""
    der = certificates.make(key=_KEY).der
    for length in range(1, len(der), 7):
        (item,) = read_items(der[:length])
        assert item.value is None and item.reason


def test_missing_and_unreadable_files_are_reported(tmp_path, capsys, monkeypatch):
    """Missing, empty and oversized files are reported; a file's suffix is not taken for a host."""
    for name in ("missing.pem", "missing.p12", "missing.p7b", str(tmp_path / "missing")):
        assert main(["show", name]) == 3
        told = capsys.readouterr().err
        assert f"no such file: {name}" in told and "hint: check the spelling" in told
    empty, large = tmp_path / "empty", tmp_path / "large"
    empty.touch()
    assert main(["show", str(empty)]) == 3
    assert "is empty" in capsys.readouterr().err
    large.write_bytes(bytes((1 << 20) + 1))
    assert main(["show", str(large)]) == 3
    assert "too large" in capsys.readouterr().err
    assert main(["show", str(tmp_path)]) == 3
    assert main(["show", "the kitchen"]) == 2


def test_standard_input_is_read(capsys, monkeypatch):
    """A hyphen names standard input."""
    data = certificates.make(key=_KEY).der
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    code, (item,) = show(capsys, "-")
    assert (code, item["names"][0]) == (0, "kitchen.local")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_server_shows_all_that_it_sends(tmp_path, capsys, host):
    """A server's whole chain is shown, leaf first, with its issuers, without trusting it."""
    ca = certificates.make_ca()
    leaf = certificates.make(issuer=ca)
    with tls_server(leaf, tmp_path, chain=(ca,), host=host) as port:
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        code, items = show(capsys, target)
    assert code == 0
    assert [item["subject"] for item in items] == ["CN=kitchen.local", "CN=Test CA"]
    assert [item["signed_by"] for item in items] == [2, 2]


def test_a_host_that_does_not_answer_is_told(capsys):
    """A host that does not answer is reported with the message of `verify`."""
    assert main(["show", f"127.0.0.1:{refusing_port()}"]) == 3
    assert "refused the connection" in capsys.readouterr().err
