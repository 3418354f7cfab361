"""`boardcert step` against a real step-ca, for a board's real page."""

import base64
import errno
import hashlib
import json
import socket
import ssl
from unittest import mock

import pytest
from board_answers import answer, https_server
from boardcert_host.certificates.certificate import alternative_names
from boardcert_host.cli import main
from boardcert_host.enrolment import delivery
from boardcert_host.errors import Error
from boardcert_host.trust import pins
from certificates import make, make_ca
from cryptography import x509
from issued import pem, write

_NAMES = ["localhost", "kitchen.local", "192.168.4.1"]


@pytest.fixture
def step(host, tmp_path, monkeypatch, capsys):
    """Return a function that runs the command with a token: exit code, object, messages."""
    monkeypatch.chdir(tmp_path)

    def run(token, *more):
        file = write(tmp_path / "ott", f"{token}\n".encode())
        code = main(["step", host, "--ott-file", str(file), *map(str, more), "--json"])
        output = capsys.readouterr()
        assert token not in output.out + output.err
        return code, json.loads(output.out), output.err

    return run


def test_a_token_is_all_it_needs(ca, client, step):
    """The token contains the CA's address, its root, and the names; the key is the board's."""
    before = pins.load_pins()[0].public_key_pin
    code, told, messages = step(ca.token(_NAMES))
    assert code == 0, messages
    assert set(told["certificate"]["names"]) == set(_NAMES)
    assert told["certificate"]["public_key_pin"] == pins.load_pins()[0].public_key_pin == before
    leaf, issuer = x509.load_pem_x509_certificates(told["chain"].encode())
    assert x509.load_der_x509_certificate(client.served_certificate()) == leaf
    assert issuer.subject.rfc4514_string() == "CN=Smallstep intermediate"
    context = ssl.create_default_context(cafile=str(ca.root_file))
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as raw:
        context.wrap_socket(raw, server_hostname="localhost").close()


def test_a_token_is_good_once(ca, step):
    """A used token is refused with the CA's message, and a hint."""
    token = ca.token(["localhost"])
    assert step(token)[0] == 0
    code, told, _ = step(token)
    assert code == 1 and "answers /1.0/sign with 401: " in told["error"]["message"]
    assert "step ca token makes another" in told["error"]["hint"]


def test_a_token_of_another_is_refused(ca, step):
    """A token signed by another key is refused by the CA, which alone checks it."""
    head, claims, signature = ca.token(["localhost"]).split(".")
    code, told, _ = step(f"{head}.{claims}.{signature[::-1]}")
    assert code == 1 and "with 401: " in told["error"]["message"]


def test_the_root_is_that_of_the_token(ca, step, tmp_path):
    """Another root digest or file sends nothing; the right file suffices without a digest."""
    other = make_ca()
    digest = hashlib.sha256(other.der).hexdigest()
    code, told, _ = step(ca.token(["localhost"], sha=digest))
    assert code == 1 and "answers /root with 404: " in told["error"]["message"]
    wrong = write(tmp_path / "wrong.pem", pem(other))
    code, told, _ = step(ca.token(["localhost"]), "--root", wrong)
    assert code == 3 and "no certificate that is trusted here" in told["error"]["message"]
    code, told, _ = step(ca.token(["localhost"], sha=None))
    assert code == 3 and "--root FILE" in told["error"]["hint"]
    assert step(ca.token(["localhost"], sha=None), "--root", ca.root_file)[0] == 0


def test_a_root_that_is_not_the_tokens_is_not_believed(step, tmp_path):
    """A server with another root gets neither a request nor the token."""
    other, received = make(), []
    lie = answer(200, {"ca": pem(other).decode()})
    with https_server(other, tmp_path, [lie], received) as port:
        url = f"https://127.0.0.1:{port}/1.0/sign"
        code, told, _ = step(claims(aud=url, sub="localhost", sha="ab" * 32))
    assert code == 1 and "is not that of the token; nothing was sent" in told["error"]["message"]
    assert len(received) == 1 and received[0].startswith(b"GET /root/abab")


def test_an_answer_without_end_is_not_read_to_its_end(step, tmp_path):
    """An endless answer of an unauthenticated server is not read to its end."""
    with https_server(make(), tmp_path, [answer(200, {"ca": "x" * (2 << 20)})], []) as port:
        url = f"https://127.0.0.1:{port}/1.0/sign"
        code, told, _ = step(claims(aud=url, sub="localhost", sha="ab" * 32))
    assert code == 3 and told["error"]["message"].endswith("sent too long an answer")


def test_what_a_board_was_not_given_is_in_a_file(ca, step, host, tmp_path):
    """A certificate that could not be installed is in a file, as the token is used up."""
    away = Error("kitchen is away")
    with mock.patch.object(delivery, "install", side_effect=away):
        code, told, _ = step(ca.token(["localhost"]))
    (file,) = tmp_path.glob("*-chain.pem")
    assert code == 3 and told["error"]["message"] == away.message
    assert told["error"]["hint"] == (
        f"what was issued is in {file.name}: boardcert install {host} {file.name}"
    )
    assert main(["install", host, str(file)]) == 0


def test_what_was_issued_is_kept_though_its_file_is_there(ca, step, host, tmp_path):
    """It does not overwrite the file of an earlier token."""
    with mock.patch.object(delivery, "install", side_effect=Error("kitchen is away")):
        hints = [step(ca.token(["localhost"]))[1]["error"]["hint"] for _ in range(2)]
    files = sorted(tmp_path.glob("*-chain*.pem"))
    assert len(files) == 2 and all(file.name in "".join(hints) for file in files)
    assert files[0].read_text() != files[1].read_text()


def test_what_was_issued_is_kept_after_an_interruption(ca, step, host, tmp_path):
    """After Ctrl-C during the installation, the certificate is in a file."""
    with mock.patch.object(delivery, "install", side_effect=KeyboardInterrupt):
        code, _, messages = step(ca.token(["localhost"]))
    (file,) = tmp_path.glob("*-chain.pem")
    assert code == 130 and f"boardcert install {host} {file.name}" in messages


def test_what_was_issued_is_printed_where_no_file_can_be(ca, step, host, tmp_path):
    """If no file can be written, as on a full disk, it is printed, even with --quiet."""
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        mock.patch.object(delivery, "install", side_effect=Error("kitchen is away")),
        mock.patch("boardcert_host.step.obtain.write_new", side_effect=full),
    ):
        code, told, messages = step(ca.token(["localhost"]), "--quiet")
    assert code == 3 and "printed above" in told["error"]["hint"]
    leaf, *_ = x509.load_pem_x509_certificates(messages.encode())
    assert alternative_names(leaf) == ["localhost"]
    assert not list(tmp_path.glob("*-chain*.pem"))


def claims(**changes):
    """Return an unsigned token."""
    content = {"aud": "https://ca.example/1.0/sign", "sub": "kitchen.local", **changes}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(content).encode()).decode()}.x"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "this is not a token of step-ca"),
        ("a.b", "this is not a token of step-ca"),
        ("e30.!!!.x", "this is not a token of step-ca"),
        ("e30.W10.x", "this is not a token of step-ca"),
        (claims(exp=1_700_000_000), "the token has ended at 2023-11-14 22:13 UTC"),
        (claims(aud="https://ca.example/1.0/revoke"), "not one to sign a certificate with"),
        (claims(aud=["http://ca.example/1.0/sign"]), "not one to sign a certificate with"),
        (claims(sans=[7]), "the token names no host"),
        (claims(sub=None), "the token names no host"),
    ],
)
def test_an_invalid_token_is_refused(token, reason, host, tmp_path, capsys):
    """An invalid token is refused before any contact, without showing it."""
    file = write(tmp_path / "ott", token.encode())
    assert main(["step", host, "--ott-file", str(file)]) == 2
    message = capsys.readouterr().err
    assert reason in message and "step ca token kitchen.local" in message
    assert not token or token not in message
