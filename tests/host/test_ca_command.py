"""`boardcert ca init | sign | list`: files, passphrases, messages and exit codes."""

import io
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from boardcert_host.ca_store import Store
from boardcert_host.cli import main
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from test_ca_request import make, names

_ACTIONS = ["init", "sign", "list", "trust", "untrust"]
_KITCHEN = names(x509.DNSName("kitchen.local"))


def run(capsys, *arguments):
    """Run a command with --json; return its exit code and its object."""
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Work in an empty directory; the CA is in `ca` there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOARDCERT_CA_PASSPHRASE", raising=False)
    return tmp_path


@pytest.fixture
def request_file(directory):
    """A request in a file."""
    path = directory / "kitchen.csr"
    path.write_bytes(make(_KITCHEN, encoding=Encoding.PEM))
    return path


@pytest.mark.parametrize("action", _ACTIONS)
def test_help_of_every_action_begins_with_examples(action, capsys):
    """As that of every command; and ends with the exit codes."""
    with pytest.raises(SystemExit) as leaving:
        main(["ca", action, "--help"])
    assert leaving.value.code == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0] == "examples:" and lines[1].startswith(f"  boardcert ca {action}")
    assert lines[-1].startswith("exit codes:")


def test_init_says_what_was_made(directory, capsys):
    """Where, until when, its fingerprint, and what to do next."""
    assert main(["ca", "init"]) == 0
    output = capsys.readouterr()
    certificate = Store(directory / "ca").certificates()[0]
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert fingerprint[:23] in output.out and fingerprint[-23:] in output.out
    assert str(directory / "ca" / "ca.crt") in output.out
    assert str(directory / "ca" / "ca.key") in output.out
    assert f"{certificate.not_valid_after_utc:%Y-%m-%d}" in output.out
    assert "any name" in output.out and "not encrypted" in output.out
    assert "next: boardcert ca sign" in output.err


def test_the_key_is_its_owners_and_is_not_printed(directory, capsys):
    """Mode 0600 whatever the umask, in a directory of mode 0700; PKCS#8."""
    before = os.umask(0)
    try:
        code, told = run(capsys, "ca", "init", directory / "deep" / "ca", "--permit", "local")
    finally:
        os.umask(before)
    assert code == 0 and told["permits"] == ["local"] and told["encrypted"] is False
    key_file = Path(told["key_file"])
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    pem = key_file.read_bytes()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert load_pem_private_key(pem, None).curve.name == "secp384r1"
    assert "PRIVATE" not in json.dumps(told)


@pytest.mark.parametrize("left", ["ca.key", "ca.crt"])
def test_a_ca_is_never_overwritten(directory, capsys, left):
    """Nor half of one."""
    assert main(["ca", "init"]) == 0
    before = (directory / "ca" / left).read_bytes()
    other = ({"ca.key", "ca.crt"} - {left}).pop()
    (directory / "ca" / other).unlink()
    capsys.readouterr()
    assert main(["ca", "init"]) == 3
    assert f"{left} exists already" in capsys.readouterr().err
    assert (directory / "ca" / left).read_bytes() == before
    assert not (directory / "ca" / other).exists()


@pytest.mark.parametrize("how", ["file", "environment"])
def test_a_passphrase_protects_the_key(directory, request_file, capsys, monkeypatch, how):
    """Given by a file or the environment; a wrong one, and none, open nothing and are not shown."""
    given = []
    if how == "file":
        (directory / "secret").write_text("correct horse\n")
        given = ["--passphrase-file", "secret"]
    else:
        monkeypatch.setenv("BOARDCERT_CA_PASSPHRASE", "correct horse")
    code, told = run(capsys, "ca", "init", *given)
    assert code == 0 and told["encrypted"] is True
    pem = Path(told["key_file"]).read_bytes()
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load_pem_private_key(pem, b"correct horse")
    assert run(capsys, "ca", "sign", request_file, *given)[0] == 0

    monkeypatch.delenv("BOARDCERT_CA_PASSPHRASE", raising=False)
    (directory / "wrong").write_text("battery staple")
    code, told = run(capsys, "ca", "sign", request_file, "--passphrase-file", "wrong")
    assert code == 1 and "wrong passphrase, or damaged" in told["error"]["message"]
    assert "battery" not in json.dumps(told)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, told = run(capsys, "ca", "sign", request_file)
    assert code == 2 and "nobody to ask" in told["error"]["message"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["good", "good"], None),
        (["good", "other"], "the two answers for the passphrase of the CA differ"),
        (["", ""], "the passphrase of the CA is empty"),
    ],
)
def test_a_new_passphrase_is_typed_twice(directory, capsys, monkeypatch, answers, message):
    """At a terminal, unseen; without agreement nothing is made."""
    monkeypatch.setattr("getpass.getpass", lambda prompt: answers.pop(0))
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    assert main(["ca", "init", "--encrypt"]) == (2 if message else 0)
    assert (message or "") in capsys.readouterr().err
    assert (directory / "ca").exists() is (message is None)


def test_a_passphrase_is_no_argument(directory, capsys):
    """Other users of the computer see the arguments."""
    assert main(["ca", "init", "--passphrase", "hunter2"]) == 2
    output = capsys.readouterr()
    assert "hunter2" not in output.out + output.err


def test_sign_answers_a_request_in_a_file(directory, request_file, capsys):
    """The answer is in NAME.crt, a copy is kept, and both are told."""
    assert main(["ca", "init"]) == 0
    capsys.readouterr()
    assert main(["ca", "sign", str(request_file), "--name", "192.168.4.1"]) == 0
    output = capsys.readouterr().out
    assert "kitchen.local, 192.168.4.1" in output and "kitchen.local.crt" in output
    leaf = x509.load_pem_x509_certificate((directory / "kitchen.local.crt").read_bytes())
    leaf.verify_directly_issued_by(Store(directory / "ca").certificates()[0])
    code, told = run(capsys, "ca", "list")
    assert code == 0
    (issued,) = told["issued"]
    assert issued["serial_number"] == f"{leaf.serial_number:x}"
    assert issued["names"] == ["kitchen.local", "192.168.4.1"]
    assert main(["ca", "list"]) == 0
    line = (
        f"{leaf.not_valid_after_utc:%Y-%m-%d}  {leaf.serial_number:x}  kitchen.local, 192.168.4.1"
    )
    assert capsys.readouterr().out == line + "\n"


def test_names_of_the_request_can_be_left_out(directory, request_file, capsys):
    """An administrator decides which names a board has; a name twice stands there once."""
    main(["ca", "init"])
    capsys.readouterr()
    sign = ["ca", "sign", request_file]
    code, told = run(capsys, *sign, "--only-names", "--name", "*.boards.example")
    assert code == 0 and told["certificate"]["names"] == ["*.boards.example"]
    assert told["file"] == "_.boards.example.crt"
    code, told = run(capsys, *sign, "--name", "Kitchen.local", "-o", "two.crt")
    assert code == 0 and told["certificate"]["names"] == ["kitchen.local"]
    code, told = run(capsys, *sign, "--only-names")
    assert code == 2 and "no name" in told["error"]["message"]


def test_an_answer_is_not_written_over_a_file(directory, request_file, capsys):
    """Without --force."""
    main(["ca", "init"])
    (directory / "other.crt").write_text("precious")
    sign = ["ca", "sign", str(request_file), "-o", "other.crt"]
    assert main(sign) == 3
    assert (directory / "other.crt").read_text() == "precious"
    assert not (directory / "ca" / "issued").exists()
    assert main([*sign, "--force"]) == 0
    assert "BEGIN CERTIFICATE" in (directory / "other.crt").read_text()


def test_a_long_life_is_signed_with_a_note(directory, request_file, capsys):
    """Apple's clients refuse it; and no certificate outlives the CA."""
    main(["ca", "init"])
    capsys.readouterr()
    assert main(["ca", "sign", str(request_file), "--days", "99999"]) == 0
    messages = capsys.readouterr().err
    assert "Apple's clients refuse more than 825 days" in messages
    assert "it ends with the CA" in messages


def test_a_new_key_is_made_here(directory, capsys):
    """Its owner's only, never over another; none is left when nothing was signed."""
    main(["ca", "init", "--permit", "local"])
    capsys.readouterr()
    sign = ["ca", "sign", "--new-key", "hall.key", "--name"]
    code, told = run(capsys, *sign, "bank.example")
    assert code == 1 and not (directory / "hall.key").exists()
    code, told = run(capsys, *sign, "hall.local")
    assert code == 0 and told["key_file"] == "hall.key"
    pem = (directory / "hall.key").read_bytes()
    assert stat.S_IMODE((directory / "hall.key").stat().st_mode) == 0o600
    leaf = x509.load_pem_x509_certificate((directory / "hall.local.crt").read_bytes())
    assert leaf.public_key() == load_pem_private_key(pem, None).public_key()
    assert pem.decode() not in json.dumps(told)
    assert main(["ca", "sign", "--new-key", "hall.key", "--name", "a.local"]) == 3
    assert (directory / "hall.key").read_bytes() == pem and not (directory / "a.local.crt").exists()


def test_an_intermediate_ca_sends_itself_along(directory, request_file, capsys):
    """Where ca.crt is one that another CA has signed, with the root after it."""
    main(["ca", "init", "company"])
    capsys.readouterr()
    root = Store(directory / "company")
    issuer = root.load(lambda: "")
    key = ec.generate_private_key(ec.SECP384R1())
    store = Store(directory / "ca")
    one = issuer.certificate
    builder = x509.CertificateBuilder(
        one.subject,
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Boards")]),
        key.public_key(),
        one.serial_number + 1,
        one.not_valid_before_utc,
        one.not_valid_after_utc,
    )
    for extension in one.extensions:
        if isinstance(extension.value, x509.BasicConstraints | x509.KeyUsage):
            builder = builder.add_extension(extension.value, extension.critical)
    middle = builder.sign(issuer.key, hashes.SHA384())
    chain = [each.public_bytes(Encoding.PEM) for each in (middle, one)]
    store.directory.mkdir()
    store.certificate_file.write_bytes(b"".join(chain))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    store.key_file.write_bytes(pem)
    store.key_file.chmod(0o600)
    code, _ = run(capsys, "ca", "sign", request_file)
    assert code == 0
    leaf, sent = x509.load_pem_x509_certificates(Path("kitchen.local.crt").read_bytes())
    assert sent == middle
    leaf.verify_directly_issued_by(middle)


def test_a_ca_whose_key_others_can_read_is_not_used(directory, request_file, capsys):
    """As ssh does not use such a key."""
    main(["ca", "init"])
    (directory / "ca" / "ca.key").chmod(0o640)
    capsys.readouterr()
    assert main(["ca", "sign", str(request_file)]) == 3
    assert "others than its owner may read" in capsys.readouterr().err


def test_a_ca_that_is_damaged_is_told_as_such(directory, request_file, capsys):
    """Key and certificate of two CAs, a device's certificate, garbage."""
    main(["ca", "init"])
    main(["ca", "init", "other"])
    capsys.readouterr()
    ca, other = directory / "ca", directory / "other"
    key, certificate = (ca / "ca.key").read_bytes(), (ca / "ca.crt").read_bytes()
    sign = ["ca", "sign", str(request_file)]

    def refused(message, code=3):
        assert main(sign) == code
        assert message in capsys.readouterr().err

    (ca / "ca.key").write_bytes((other / "ca.key").read_bytes())
    refused("is not the key of")
    (ca / "ca.key").write_bytes(b"garbage")
    refused("ca.key: damaged", 1)
    (ca / "ca.key").write_bytes(key)
    (ca / "ca.crt").write_bytes(b"garbage")
    refused("holds no certificate that can be read")
    (ca / "ca.crt").write_bytes(certificate)
    assert main(sign) == 0
    leaf = Path("kitchen.local.crt").read_bytes()
    (ca / "ca.crt").write_bytes(leaf)
    refused("is no CA: its certificate may not sign others", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ca"], "required: ACTION"),
        (["ca", "nothing"], "invalid choice"),
        (["ca", "sign"], "one of CSR, HOST, --usb PORT and --new-key FILE is needed"),
        (["ca", "sign", "kitchen.csr", "--usb", "port"], "one of CSR, HOST"),
        (["ca", "sign", "--new-key", "k", "--install"], "--install needs a board"),
        (["ca", "sign", "kitchen.local", "--at", "hall"], "--at belongs to --usb PORT --install"),
        (["ca", "sign", "kitchen.local", "--days", "0"], "--days must be 1 or more"),
        (["ca", "sign", "kitchen.local", "--timeout", "0"], "--timeout must be more than 0"),
        (["ca", "init", "--permit", "a/b"], "not a name or network to permit: a/b"),
        (["ca", "init", "--name", "n" * 65], "the name of a CA"),
    ],
)
def test_usage_errors(directory, capsys, arguments, message):
    """Code 2, and nothing is made."""
    Path("kitchen.csr").write_bytes(b"")
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (directory / "ca").exists() and not Path("k").exists()


def test_sign_without_a_ca_or_a_file_says_so(directory, capsys):
    """And how to make one."""
    assert main(["ca", "sign", "no-such.csr"]) == 3
    assert "no such file: no-such.csr" in capsys.readouterr().err
    for arguments in (["sign", "--new-key", "k"], ["list"]):
        assert main(["ca", *arguments]) == 3
        assert "`boardcert ca init` makes one" in capsys.readouterr().err
