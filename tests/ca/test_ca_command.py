"""`boardcert ca init | sign | list`: files, passphrases, messages and exit codes."""

import errno
import io
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from boardcert_host.ca import store
from boardcert_host.ca.store import Store
from boardcert_host.cli import main
from ca_cases import run
from certificates import NAME, Identity
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from servers import tls_server

_ACTIONS = ["init", "sign", "list", "trust", "untrust"]


@pytest.mark.parametrize("action", _ACTIONS)
def test_help_of_every_action_begins_with_examples(action, capsys):
    """The help of every action begins with examples and ends with the exit codes."""
    with pytest.raises(SystemExit) as leaving:
        main(["ca", action, "--help"])
    assert leaving.value.code == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0] == "examples:" and lines[1].startswith(f"  boardcert ca {action}")
    assert any(line.startswith("exit codes:") for line in lines[-2:])


def test_init_says_what_was_made(workplace, capsys):
    """`init` prints the CA's location, its end, its fingerprint, and the next steps."""
    assert main(["ca", "init"]) == 0
    output = capsys.readouterr()
    certificate = Store(workplace / "ca").certificates()[0]
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    assert fingerprint[:23] in output.out and fingerprint[-23:] in output.out
    assert str(workplace / "ca" / "ca.crt") in output.out
    assert str(workplace / "ca" / "ca.key") in output.out
    assert f"{certificate.not_valid_after_utc:%Y-%m-%d}" in output.out
    assert "any name" in output.out and "not encrypted" in output.out
    assert "next: boardcert ca sign" in output.err


def test_the_key_is_its_owners_and_is_not_printed(workplace, capsys):
    """The key is PKCS#8 of mode 0600 whatever the umask, in a directory of mode 0700."""
    before = os.umask(0)
    try:
        code, answer = run(capsys, "ca", "init", workplace / "deep" / "ca", "--permit", "local")
    finally:
        os.umask(before)
    assert code == 0 and answer["permits"] == ["local"] and answer["encrypted"] is False
    key_file = Path(answer["key_file"])
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    pem = key_file.read_bytes()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert load_pem_private_key(pem, None).curve.name == "secp384r1"
    assert "PRIVATE" not in json.dumps(answer)


def test_clients_that_refuse_a_ca_with_limits_are_named(workplace, capsys):
    """For a CA with limits, `init` and its help say which clients refuse it."""
    assert main(["ca", "init", "one"]) == 0
    assert "BoringSSL" not in capsys.readouterr().err
    assert main(["ca", "init", "two", "--permit", "192.168.4.0/24"]) == 0
    answer = " ".join(capsys.readouterr().err.split())
    assert '"unsupported name constraint type"' in answer and "mbedTLS" in answer
    with pytest.raises(SystemExit):
        main(["ca", "init", "--help"])
    assert "BoringSSL" in capsys.readouterr().out


@pytest.mark.parametrize("left", ["ca.key", "ca.crt"])
def test_a_ca_is_never_overwritten(workplace, capsys, left):
    """An existing CA, or a part of one, is never overwritten."""
    assert main(["ca", "init"]) == 0
    before = (workplace / "ca" / left).read_bytes()
    other = ({"ca.key", "ca.crt"} - {left}).pop()
    (workplace / "ca" / other).unlink()
    capsys.readouterr()
    assert main(["ca", "init"]) == 3
    assert f"{left} exists already" in capsys.readouterr().err
    assert (workplace / "ca" / left).read_bytes() == before
    assert not (workplace / "ca" / other).exists()


@pytest.mark.parametrize("how", ["file", "environment"])
def test_a_passphrase_protects_the_key(workplace, request_file, capsys, monkeypatch, how):
    """A passphrase comes from a file or the environment; a wrong or missing one is not shown."""
    given = []
    if how == "file":
        (workplace / "secret").write_text("correct horse\n")
        given = ["--passphrase-file", "secret"]
    else:
        monkeypatch.setenv("BOARDCERT_CA_PASSPHRASE", "correct horse")
    code, answer = run(capsys, "ca", "init", *given)
    assert code == 0 and answer["encrypted"] is True
    pem = Path(answer["key_file"]).read_bytes()
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load_pem_private_key(pem, b"correct horse")
    assert run(capsys, "ca", "sign", request_file, *given)[0] == 0

    monkeypatch.delenv("BOARDCERT_CA_PASSPHRASE", raising=False)
    (workplace / "wrong").write_text("battery staple")
    code, answer = run(capsys, "ca", "sign", request_file, "--passphrase-file", "wrong")
    assert code == 1 and "wrong passphrase, or damaged" in answer["error"]["message"]
    assert "battery" not in json.dumps(answer)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, answer = run(capsys, "ca", "sign", request_file)
    assert code == 2 and "no terminal to ask" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (["correct horse"] * 2, None),
        (["correct horse", "other"], "the two entries of the passphrase of the CA differ"),
        (["7 chars"] * 2, "the passphrase of the CA has fewer than 8 characters"),
        (["", ""], "the passphrase of the CA has fewer than 8 characters"),
    ],
)
def test_a_new_passphrase_is_typed_twice(workplace, capsys, monkeypatch, answers, message):
    """At a terminal the passphrase is typed twice, hidden; if the two differ, nothing is made."""
    monkeypatch.setattr("getpass.getpass", lambda prompt: answers.pop(0))
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    assert main(["ca", "init", "--encrypt"]) == (2 if message else 0)
    assert (message or "") in capsys.readouterr().err
    assert (workplace / "ca").exists() is (message is None)


def test_a_terminal_that_ends_gives_no_passphrase(workplace, capsys, monkeypatch):
    """Ctrl-D, or an environment variable that is not text, provides no passphrase."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)

    def end(prompt):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", end)
    assert main(["ca", "init", "--encrypt"]) == 2
    assert "no passphrase of the CA was given" in capsys.readouterr().err
    monkeypatch.setenv("BOARDCERT_CA_PASSPHRASE", "correct horse\udcff")
    assert main(["ca", "init"]) == 3
    assert "BOARDCERT_CA_PASSPHRASE is not UTF-8" in capsys.readouterr().err
    assert not (workplace / "ca").exists()


def test_half_a_ca_is_not_left(workplace, capsys, monkeypatch):
    """If the certificate cannot be written, the key is removed, so that a retry can succeed."""
    write_new = store.write_new

    def write(path, *data):
        if path.name == "ca.crt":
            raise OSError(errno.ENOSPC, "no space left on device", str(path))
        write_new(path, *data)

    monkeypatch.setattr(store, "write_new", write)
    assert main(["ca", "init"]) == 3
    assert "no space left on device" in capsys.readouterr().err
    assert not list((workplace / "ca").iterdir())


def test_a_passphrase_is_no_argument(workplace, capsys):
    """A passphrase cannot be an argument, which other users of the computer would see."""
    assert main(["ca", "init", "--passphrase", "hunter2"]) == 2
    output = capsys.readouterr()
    assert "hunter2" not in output.out + output.err


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
def test_usage_errors(workplace, capsys, arguments, message):
    """Usage errors have exit code 2, and nothing is made."""
    Path("kitchen.csr").write_bytes(b"")
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (workplace / "ca").exists() and not Path("k").exists()


def test_sign_without_a_ca_or_a_file_says_so(workplace, capsys):
    """`sign` without a CA or a file says what is missing and how to make a CA."""
    assert main(["ca", "sign", "no-such.csr"]) == 3
    assert "no such file: no-such.csr" in capsys.readouterr().err
    for arguments in (["sign", "--new-key", "k"], ["list"]):
        assert main(["ca", *arguments]) == 3
        assert "`boardcert ca init` makes one" in capsys.readouterr().err


def test_a_ca_is_named_by_its_directory_or_its_certificate(workplace, request_file, capsys):
    """--ca takes the CA's directory or its certificate, for signing and verifying alike."""
    assert main(["ca", "init", "shop"]) == 0
    for place in ("shop", "shop/ca.crt"):
        assert main(["ca", "sign", str(request_file), "--ca", place, "--force"]) == 0
        assert main(["ca", "list", "--ca", place]) == 0
    assert capsys.readouterr().out.count("kitchen.local") >= 4
    sign = ["ca", "sign", "--ca", "shop", "--new-key", "new.key", "--san", NAME, "-o", "new.crt"]
    assert main(sign) == 0
    key = load_pem_private_key(Path("new.key").read_bytes(), None)
    (leaf,) = x509.load_pem_x509_certificates(Path("new.crt").read_bytes())[:1]
    with tls_server(Identity(key, leaf.public_bytes(Encoding.DER)), workplace) as port:
        for place in ("shop", "shop/ca.crt"):
            verify = ["verify", f"127.0.0.1:{port}", "--name", NAME, "--ca", place]
            assert main(verify) == 0, capsys.readouterr().out
