"""`boardcert install`, `csr`, `remove`, `reset` and so on, against a board's real page."""

import json
import time
from unittest import mock

import portal_server
import pytest
from boardcert_host import console
from boardcert_host.board import tokens
from boardcert_host.cli import main
from boardcert_host.commands import change_identity
from boardcert_host.targets import Target
from boardcert_host.trust import pins
from boardcert_host.verify import tls_probe
from certificates import make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from issued import PublicKey, issue, pem, write
from rich.console import Console
from run_command import run

_WRONG_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Serve one board's page for all tests of this module."""
    with portal_server.serving_page(tmp_path_factory.mktemp("board") / "data") as found:
        yield found


@pytest.fixture
def host(client):
    """Store the board's key, number and token, as `boardcert flash` does."""
    report = json.loads(client.get("/api/identity"))
    pins.add_pin("localhost", report)
    pins.add_pin("kitchen.local", report)
    tokens.keep_token("kitchen.local", report["public_key_pin"], client.current_token())
    return f"localhost:{client.port}"


def known_keys():
    """Return the keys that are pinned."""
    return {pin.public_key_pin for pin in pins.load_pins()}


def test_a_request_of_the_board_becomes_its_certificate(client, host, tmp_path, capsys):
    """A certificate for the board's own request keeps key and pins; removing it undoes it."""
    own = client.served_certificate()
    code, answer, _ = run(capsys, "csr", host, "-o", tmp_path / "board.csr")
    assert code == 0
    request = x509.load_pem_x509_csr((tmp_path / "board.csr").read_bytes())
    assert request.is_signature_valid
    assert answer["request"] == (tmp_path / "board.csr").read_text()
    code, answer, _ = run(capsys, "csr", host, "-o", tmp_path / "board.csr")
    assert code == 3 and "exists already" in answer["error"]["message"]
    assert run(capsys, "csr", host, "-o", tmp_path / "board.csr", "--force")[0] == 0
    ca = make_ca()
    leaf = issue(ca, PublicKey(request.public_key()))
    chain, ca_file = write(tmp_path / "chain.pem", pem(leaf)), write(tmp_path / "ca.pem", pem(ca))
    before = known_keys()
    code, answer, _ = run(capsys, "install", host, chain, "--ca", ca_file)
    assert (code, answer["result"], answer["key_changed"]) == (0, "installed", False)
    assert (answer["report"]["source"], known_keys()) == ("installed", before)
    assert client.served_certificate() == leaf.der
    at = (Target("localhost", client.port), 20, "localhost", str(ca_file))
    assert json.loads(tls_probe.get(*at, "/api/identity"))["source"] == "installed"
    code, answer, _ = run(capsys, "remove", host)
    assert (code, answer["result"], answer["report"]["source"]) == (0, "removed", "generated")
    assert client.served_certificate() == own


def test_a_request_can_be_for_other_names(client, host, capsys):
    """A request for other names has exactly those, and no subject; a board refuses a wrong name."""
    names = ["--san", "Kitchen.example.org", "--san", "*.example.org"]
    code, answer, _ = run(capsys, "csr", host, *names)
    request = x509.load_pem_x509_csr(answer["request"].encode())
    found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert code == 0 and not list(request.subject)
    assert found.get_values_for_type(x509.DNSName) == ["kitchen.example.org", "*.example.org"]
    code, answer, _ = run(capsys, "csr", host, "--san", "a_b.example.org")
    assert code == 1 and "refuses the names: not a host name" in answer["error"]["message"]


def test_more_names_than_a_board_can_serve_are_refused_at_once(host, capsys):
    """Too many names are refused before the board is contacted, with the limit."""
    limit = "1 to 20 names and addresses, at most 1000 characters in all"
    long = [f"{'n' * 50}.{'n' * 50}.{number}.example.org" for number in range(10, 20)]
    for words in ([f"n{number}.example.org" for number in range(21)], long):
        names = [word for name in words for word in ("--san", name)]
        code, answer, _ = run(capsys, "csr", "nowhere.local", *names)
        assert code == 2 and answer["error"]["message"].endswith(limit)
        code, answer, _ = run(capsys, "set", "nowhere.local", f"names={','.join(words)}")
        assert code == 2 and answer["error"]["message"].endswith(limit)
        code, answer, _ = run(capsys, "est", "nowhere.local", "--server", "https://x", *names)
        assert code == 2 and answer["error"]["message"].endswith(limit)
    names = [word for name in long[:8] for word in ("--san", name)]
    assert run(capsys, "csr", host, *names)[0] == 0


@pytest.mark.parametrize("make_key", [ec.SECP256R1, ec.SECP521R1, None])
def test_a_key_from_elsewhere_is_installed_and_followed(make_key, client, host, tmp_path, capsys):
    """The pins of all the board's names follow an installed key; removing it restores the old."""
    own_key = known_keys()
    key = ec.generate_private_key(make_key()) if make_key else rsa.generate_private_key(65537, 2048)
    root = make_ca()
    between = make_intermediate(root)
    leaf = issue(between, key)
    chain = write(tmp_path / "chain.pem", pem(leaf, between))
    encryption = BestAvailableEncryption(b"correct horse")
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    key_file = write(tmp_path / "key.pem", encrypted)
    secret = write(tmp_path / "passphrase", b"correct horse\n")
    words = ("install", host, chain, key_file, "--passphrase-file", secret)
    code, answer, messages = run(capsys, *words, "--ca", write(tmp_path / "ca.pem", pem(root)))
    assert (code, answer["key_changed"], answer["report"]["chain"]) == (0, True, 2)
    assert client.served_certificate() == leaf.der
    assert known_keys() == {answer["report"]["public_key_pin"]} != own_key
    assert "the pin is updated" in messages
    assert "PRIVATE" not in json.dumps(answer) + messages
    code, answer, _ = run(capsys, "remove", host)
    assert (code, answer["key_changed"], known_keys()) == (0, True, own_key)


def make_intermediate(root):
    """Return a CA below *root*."""

    def change(extensions):
        from certificates import key_usage

        extensions["basic_constraints"] = (x509.BasicConstraints(True, 0), True)
        extensions["key_usage"] = (key_usage(key_cert_sign=True, crl_sign=True), True)
        del extensions["extended_key_usage"], extensions["subject_alt_name"]

    return make(issuer=root, change=change, common_name="Between")


def test_signing_again_keeps_the_key_and_a_new_key_does_not(client, host, capsys):
    """Pins and key ring follow what the board reports over the old connection."""
    before = client.served_certificate()
    keys = known_keys()
    code, answer, _ = run(capsys, "renew", host)
    assert (code, answer["result"], answer["key_changed"]) == (0, "renewed", False)
    assert client.served_certificate() != before
    assert known_keys() == keys
    code, answer, _ = run(capsys, "new-key", host, "--yes", "kitchen")
    assert (code, answer["result"], answer["key_changed"]) == (0, "new key", True)
    assert known_keys() == {answer["report"]["public_key_pin"]} != keys
    # The key ring knows the token by the new key only.
    assert (
        tokens.find_token(["unknown"], answer["report"]["public_key_pin"]) == client.current_token()
    )
    assert run(capsys, "csr", host)[0] == 0


def test_a_reset_makes_key_and_token_anew(client, host, tmp_path, capsys):
    """After a reset the pin follows; a message says that the token is available over USB only.

    While the board overwrites its flash, the terminal says so.
    """
    old_token, keys = client.current_token(), known_keys()
    with mock.patch.object(console._Console, "status", wraps=Console().status) as shown:
        code, answer, messages = run(capsys, "reset", host, "--yes", "kitchen")
    assert any("overwrites its free flash" in call.args[0] for call in shown.call_args_list)
    assert (code, answer["result"]) == (0, "reset")
    assert answer["report"]["wiped"]
    assert known_keys() == {answer["report"]["public_key_pin"]} != keys
    assert f"boardcert token {host} --usb PORT" in messages
    assert client.current_token() not in (old_token, json.dumps(answer) + messages)
    code, answer, _ = run(capsys, "csr", host)
    assert (code, answer["error"]["message"]) == (3, f"no token of {host} on the key ring")
    token_file = write(tmp_path / "token", f" {client.current_token().upper()}\n".encode())
    assert run(capsys, "csr", host, "--token-file", token_file)[0] == 0


@pytest.mark.parametrize("command", ["new-key", "reset"])
def test_what_loses_a_key_asks_for_the_host_name(command, client, host, capsys, monkeypatch):
    """A person types the host name, a script names it; anything else changes nothing."""
    before, token = client.served_certificate(), client.current_token()
    monkeypatch.setattr("sys.stdin", _Terminal("Kitchen\n", is_terminal=False))
    code, answer, _ = run(capsys, command, host)
    assert (code, answer["error"]["hint"][:13]) == (2, "--yes kitchen")
    assert run(capsys, command, host, "--yes", "hall")[0] == 2
    for typed in ("hall\n", "\n", "y\n", ""):
        monkeypatch.setattr("sys.stdin", _Terminal(typed))
        assert run(capsys, command, host)[0] == 2
    assert (client.served_certificate(), client.current_token()) == (before, token)
    monkeypatch.setattr("sys.stdin", _Terminal("kitchen\n"))
    code, _, messages = run(capsys, command, host)
    assert code == 0
    assert "Type its host name" in messages
    assert client.served_certificate() != before


class _Terminal:
    def __init__(self, answer, is_terminal=True):
        self._answer = answer
        self._is_terminal = is_terminal

    def isatty(self):
        return self._is_terminal

    def readline(self):
        return self._answer


def test_a_restart_is_waited_for(client, host, capsys, monkeypatch):
    """The command waits for a restart: the page answers first, and restarts a moment later."""
    monkeypatch.setattr(change_identity, "_RESTART_DELAY_S", 0)
    assert run(capsys, "restart", host)[1]["result"] == "restarted"
    restarted = client.directory.with_suffix(".restarted")
    deadline = time.monotonic() + 60
    while not restarted.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert restarted.exists()


def test_what_the_board_refuses_changes_nothing(client, host, tmp_path, capsys):
    """The board's reason for a refusal is shown: here, that it has no key for this certificate."""
    before, keys = client.served_certificate(), known_keys()
    chain = write(tmp_path / "chain.pem", pem(issue(make_ca())))
    code, answer, _ = run(capsys, "install", host, chain)
    assert code == 1
    assert "refuses the key: " in answer["error"]["message"]
    assert (client.served_certificate(), known_keys()) == (before, keys)


def test_a_chain_that_the_ca_does_not_vouch_for_is_told(client, host, tmp_path, capsys):
    """A chain that the given CA does not vouch for is served, and exit code 1 reports it."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = issue(make_ca(), key)
    chain = write(tmp_path / "chain.pem", pem(leaf))
    key_file = write(tmp_path / "key.pem", leaf.key_pem())
    ca_file = write(tmp_path / "ca.pem", pem(make_ca()))
    assert main(["install", host, str(chain), str(key_file), "--ca", str(ca_file)]) == 1
    assert f"a client that trusts {ca_file} refuses it" in capsys.readouterr().err
    assert client.served_certificate() == leaf.der
    assert main(["remove", host]) == 0
    assert "nothing is installed" in capsys.readouterr().out


def test_a_wrong_token_is_refused_and_slows_down(tmp_path, capsys, monkeypatch):
    """A wrong token is refused with a hint, and is not shown."""
    with portal_server.serving_page(tmp_path / "data", "first_delay_ms=20000") as client:
        host = f"localhost:{client.port}"
        pins.add_pin(host, json.loads(client.get("/api/identity")))
        monkeypatch.setenv("BOARDCERT_TOKEN", _WRONG_TOKEN)
        code, answer, messages = run(capsys, "remove", host)
        assert (code, "--usb PORT" in answer["error"]["hint"]) == (3, True)
        assert "401" in answer["error"]["message"]
        monkeypatch.setenv("BOARDCERT_TOKEN", client.current_token())
        code, later, more = run(capsys, "remove", host)
    assert code == 3
    assert "429" in later["error"]["message"]
    assert _WRONG_TOKEN not in f"{answer}{messages}{later}{more}"


def test_the_pinned_key_must_be_the_served_one(client, host, capsys, monkeypatch):
    """If another board answers at that address, the exit code is 1 and nothing is sent."""
    monkeypatch.setenv("BOARDCERT_TOKEN", client.current_token())
    pins.forget_pin("localhost")
    pins.add_pin("localhost", {"public_key_pin": "sha256//other", "fingerprint": "AB"})
    for words in (["csr", host], ["reset", host, "--yes", "kitchen"]):
        code, answer, _ = run(capsys, *words)
        assert code == 1
        assert "nothing was sent to it" in answer["error"]["message"]


def test_a_board_that_is_not_known_is_not_asked(capsys, monkeypatch):
    """An unknown board is not contacted, nor one without a token if no terminal can ask for it."""
    monkeypatch.setattr("sys.stdin", _Terminal("", is_terminal=False))
    code, answer, _ = run(capsys, "csr", "kitchen.local")
    assert (code, "pin add kitchen.local" in answer["error"]["hint"]) == (3, True)
    pins.add_pin("kitchen.local", {"public_key_pin": "sha256//x", "fingerprint": "AB"})
    code, answer, _ = run(capsys, "csr", "kitchen.local")
    assert (code, "token kitchen.local --usb" in answer["error"]["hint"]) == (3, True)
    monkeypatch.setenv("BOARDCERT_TOKEN", "short")
    code, answer, _ = run(capsys, "csr", "kitchen.local")
    assert (code, "short" in answer["error"]["message"]) == (3, False)


def test_settings_are_changed_over_https(client, host, capsys):
    """The page's own checks judge new settings, and the command waits for the restart."""
    code, answer, _ = run(capsys, "set", host, "validity_days=90")
    assert (code, answer["result"], answer["key_changed"]) == (0, "settings", False)
    assert json.loads((client.directory / "config.json").read_text()) == {"validity_days": 90}
    code, answer, _ = run(capsys, "set", host, "hostname=pantry")
    assert code == 1 and "refuses the hostname" in answer["error"]["message"]
    assert json.loads((client.directory / "config.json").read_text()) == {"validity_days": 90}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("hostname", "not a KEY=VALUE: hostname", "for example"),
        ("hostnme=x", "no such setting: hostnme", "did you mean hostname?"),
        ("colour=red", "no such setting: colour", "settings: key_type"),
        ("names=a names=b", "names is given twice", None),
        ("https=off", "that would end the administration over the network", "--usb PORT"),
        ("portal_port=0", "that would end the administration over the network", "--usb PORT"),
        ("validity_days=0", "validity_days must be a number from 1 to 36500: 0", "nothing was"),
        ("validity_days=many", "validity_days must be a number from 1 to 36500: 'many'", None),
        ("names=a.local,a_b", "not a host name or address: 'a_b'", None),
        ("key_type=p385", "key_type must be one of p256, p384", None),
    ],
)
def test_invalid_settings_are_refused_at_once(words, message, hint, capsys):
    """Invalid settings are refused before any board is contacted."""
    code, answer, _ = run(capsys, "set", "kitchen.local", *words.split())
    assert code == 2 and message in answer["error"]["message"]
    assert hint is None or hint in answer["error"]["hint"]


def test_a_board_that_is_pinned_with_a_port_is_found_by_its_host(client, host, tmp_path, capsys):
    """All commands use the port of a board's pin, and the pin of that port."""
    report = json.loads(client.get("/api/identity"))
    pins.forget_pin("localhost")
    pins.add_pin(f"localhost:{client.port}", report)
    code, answer, _ = run(capsys, "csr", "localhost")
    assert code == 0 and "CERTIFICATE REQUEST" in answer["request"]
    code, answer, _ = run(capsys, "label", "localhost", tmp_path / "k.svg")
    assert (code, answer["host"]) == (0, f"localhost:{client.port}")
