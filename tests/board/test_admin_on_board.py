"""A board's certificates, over HTTPS: the official image answers the commands, page and all."""

import json
from pathlib import Path

import pytest
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
    """For the token; after a reset there is another one. Everything else goes over HTTPS."""

    def run(*words: object) -> tuple[int, dict]:
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

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
    """Requests and installations leave room for the next connection, whose buffer is large."""
    monkeypatch.setenv("BOARDCERT_CA", str(tmp_path / "ca"))
    monkeypatch.chdir(tmp_path)
    at = "{}:{}".format(*kitchen.uart_address)
    assert main(["token", _NAME, "--usb", kitchen.usb_port]) == 0
    assert main(["pin", "add", at, "--usb", kitchen.usb_port]) == 0
    assert main(["ca", "init"]) == 0
    for _ in range(3):
        assert main(["ca", "sign", at, "--install", "--force"]) == 0, capsys.readouterr().err
