"""A board's certificates over HTTPS: the page on the official image answers the commands."""

import json
from pathlib import Path

import acme_servers
import pytest
import run_command
from boardcert_host.board import tokens
from boardcert_host.cli import main
from boardcert_host.trust import pins
from boardcert_host.virtual import VirtualBoard
from certificates import make_ca
from issued import issue, pem, write

_NAME = "kitchen.local"


def test_an_administrator_needs_the_cable_once(
    kitchen: VirtualBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only reading the token, again after a reset, needs the cable; the rest works over HTTPS."""

    def run(*words: object) -> tuple[int, dict]:
        return run_command.run(capsys, *words)[:2]

    assert run("token", _NAME, "--usb", kitchen.usb_port)[0] == 0
    token = tokens.find_token([_NAME])
    own_key = pins.load_pins()[0].public_key_pin
    at = "{}:{}".format(*kitchen.uart_address)
    leaf = issue(make_ca(), name=_NAME)
    chain, key = write(tmp_path / "chain", pem(leaf)), write(tmp_path / "key", leaf.key_pem())
    code, answer = run("install", at, chain, key, "--name", _NAME)
    assert (code, answer["result"], answer["key_changed"]) == (0, "installed", True)
    assert pins.load_pins()[0].public_key_pin != own_key
    code, answer = run("csr", at, "--name", _NAME)
    assert (code, "CERTIFICATE REQUEST" in answer["request"]) == (0, True)
    code, answer = run("reset", at, "--name", _NAME, "--yes", "kitchen")
    assert (code, answer["result"], answer["report"]["source"]) == (0, "reset", "generated")
    assert pins.load_pins()[0].public_key_pin == answer["report"]["public_key_pin"] != own_key
    assert run("csr", at, "--name", _NAME)[0] == 3
    assert run("token", _NAME, "--usb", kitchen.usb_port)[0] == 0
    assert tokens.find_token([_NAME]) not in (None, token)


def test_certificates_follow_each_other(
    kitchen: VirtualBoard,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After requests and installations, the board has memory for the next connection's buffer."""
    monkeypatch.setenv("BOARDCERT_CA", str(tmp_path / "ca"))
    monkeypatch.chdir(tmp_path)
    at = "{}:{}".format(*kitchen.uart_address)
    assert main(["token", _NAME, "--usb", kitchen.usb_port]) == 0
    assert main(["pin", "add", at, "--usb", kitchen.usb_port]) == 0
    assert main(["ca", "init"]) == 0
    for _ in range(2):
        assert main(["ca", "sign", at, "--install", "--force"]) == 0, capsys.readouterr().err


@pytest.mark.needs("curl", "pebble", "pebble-challtestsrv")
def test_an_acme_ca_certifies_its_own_key(
    kitchen: VirtualBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wildcard certificate by ACME, from an RSA issuer, is served for the board's own key."""
    at = "{}:{}".format(*kitchen.uart_address)
    assert main(["token", _NAME, "--usb", kitchen.usb_port]) == 0
    assert main(["pin", "add", at, "--usb", kitchen.usb_port]) == 0
    own_key = pins.load_pins()[0].public_key_pin
    with (
        acme_servers.challenge_server(tmp_path) as (dns, manage),
        acme_servers.pebble(tmp_path / "pebble", dns, {}) as ca,
    ):
        hook = acme_servers.write_hook(tmp_path / "hook.sh", manage)
        words = ["acme", at, "--domain", "*.example.org", *ca.options, "--agree-tos", "--json"]
        capsys.readouterr()
        code = main([*words, "--dns-hook", str(hook), "--dns-server", f"127.0.0.1:{dns}"])
    answer = json.loads(capsys.readouterr().out)
    assert (code, answer.get("result")) == (0, "installed"), answer
    assert answer["certificate"]["names"] == ["*.example.org"]
    assert {pin.public_key_pin for pin in pins.load_pins()} == {own_key}
