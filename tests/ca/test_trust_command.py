"""`boardcert ca trust` and `untrust`: their question, refusals and output."""

import hashlib
import io
import json
import ssl
import sys

import certificates
import pytest
from boardcert_host.cli import main
from boardcert_host.trust import anchors
from ca_cases import listed, make_nss
from cryptography.hazmat.primitives.serialization import Encoding


@pytest.mark.needs("certutil")
def test_the_command_tells_each_store(home, anchor, capsys):
    """Each store is listed, in words or JSON; without a file, the CA is the user's own."""
    make_nss(home / ".pki/nssdb")
    assert main(["ca", "trust", "--only", "nss", "--yes"]) == 0
    assert capsys.readouterr().out == f"done     nss, {home}/.pki/nssdb: added\n"
    assert len(listed(home / ".pki/nssdb")) == 1
    assert main(["ca", "untrust", str(anchor.file), "--only", "nss", "--yes", "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["ca"] == anchor.title
    expected = {"store": f"nss, {home}/.pki/nssdb", "status": "done", "detail": "removed"}
    assert output["stores"] == [expected]
    assert listed(home / ".pki/nssdb") == []


def test_nothing_done_is_no_success(home, anchor, capsys):
    """If every store was skipped, the command fails."""
    assert main(["ca", "trust", "--only", "java", "--yes"]) == 3
    assert capsys.readouterr().out.startswith("skipped  java: no cacerts")


@pytest.mark.needs("certutil")
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_a_person_is_asked(home, anchor, capsys, monkeypatch, answer, code):
    """The question shows the fingerprint and the consequence; only yes changes anything."""
    make_nss(home / ".pki/nssdb")
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    assert main(["ca", "trust", "--only", "nss"]) == code
    messages = capsys.readouterr().err
    fingerprint = hashlib.sha256(anchor.der).digest()
    assert fingerprint.hex(":").upper() in messages
    assert "can then impersonate any server" in messages
    assert len(listed(home / ".pki/nssdb")) == (1 if code == 0 else 0)


def test_without_a_person_yes_is_needed(home, anchor, capsys, monkeypatch):
    """Without a terminal, --yes is needed, so that a script changes nothing by accident."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["ca", "trust", "--only", "java"]) == 2
    assert "--yes answers yes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        (certificates.make(), "is not a CA: its certificate may not sign others"),
        (certificates.make(issuer=certificates.make_ca()), "contains no root certificate"),
    ],
)
def test_a_certificate_that_is_no_ca_is_refused(home, tmp_path, capsys, identity, message):
    """A board's own certificate, and one issued by a CA, are refused."""
    path = tmp_path / "file.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(identity.der))
    assert main(["ca", "trust", str(path), "--yes"]) == 1
    assert message in capsys.readouterr().err


def test_a_missing_or_damaged_file_is_told(home, tmp_path, capsys):
    """A missing or damaged file is reported before any question."""
    assert main(["ca", "trust", "--yes"]) == 3
    assert "`boardcert ca init` makes a CA" in capsys.readouterr().err
    (tmp_path / "garbage").write_bytes(b"garbage")
    assert main(["ca", "trust", str(tmp_path / "garbage"), "--yes"]) == 1
    assert "holds no readable certificate" in capsys.readouterr().err


def test_a_ca_that_is_malformed_is_told(home, anchor, tmp_path, capsys):
    """Malformed extensions, version or curve are reported one by one, and nothing is changed."""
    curve = bytes.fromhex("2b81040022")
    for old, new, message in (
        (
            bytes.fromhex("0603551d13"),
            bytes.fromhex("0603551d0f"),
            "it has an extension twice: 2.5.29.15",
        ),
        (bytes.fromhex("a003020102"), bytes.fromhex("a003020109"), "it is of version 10"),
        (curve, curve[:-1] + b"\x63", "on a curve that is not supported: 1.3.132.0.99"),
    ):
        assert old in anchor.der
        path = tmp_path / "bad.crt"
        path.write_bytes(anchor.der.replace(old, new))
        assert main(["ca", "trust", str(path), "--yes", "--only", "nss"]) in (1, 3)
        assert message in capsys.readouterr().err


def test_of_a_chain_the_root_is_trusted(anchor, tmp_path):
    """Of a chain, the root is trusted; an intermediate before it is skipped."""
    middle = certificates.make(issuer=certificates.make_ca())
    path = tmp_path / "chain.pem"
    path.write_bytes(ssl.DER_cert_to_PEM_cert(middle.der).encode() + anchor.pem)
    found = anchors.read_anchor(path)
    assert found.certificate.public_bytes(Encoding.DER) == anchor.der
