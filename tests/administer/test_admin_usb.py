"""Boards administered over the cable: the code sent to them runs on the MicroPython unix binary."""

import json
from datetime import date
from pathlib import Path

import cable as cable_module
import pytest
import run_command
from authority_pair import make_pair
from boardcert_host.board import mpremote, tokens, usb_certificates
from boardcert_host.certificates.certificate import parse
from boardcert_host.cli import main
from boardcert_host.trust import kept_authorities, pins
from cable import PORT, Cable
from certificates import make_ca
from cryptography import x509
from issued import PublicKey, issue, pem, write


@pytest.fixture
def cable(tmp_path, monkeypatch):
    """Yield a board that is not known yet."""
    found = Cable(tmp_path / "data")
    monkeypatch.setattr(mpremote, "run", found.run)
    monkeypatch.setattr(usb_certificates, "run", found.run)
    return found


def run(capsys, *arguments, host="kitchen.local"):
    """Run a command over the cable with --json; return its exit code, its object, its messages."""
    return run_command.run(capsys, arguments[0], host, *arguments[1:], "--usb", PORT)


def test_the_token_is_read_kept_shown_and_forgotten(cable, capsys):
    """Reading the token does not show it; the board on the cable is pinned as well."""
    code, answer, messages = run(capsys, "token")
    token = cable.tell("me.admin_token()")
    assert (code, answer["result"]) == (0, "kept")
    assert tokens.is_token(token)
    assert token not in json.dumps(answer) + messages
    assert run(capsys, "token")[1]["result"] == "already known"
    assert cable.starts == 2
    (pin,) = pins.load_pins()
    assert (pin.host, pin.public_key_pin) == ("kitchen.local", cable.tell("me.public_key_pin"))
    assert main(["token", "kitchen.local:20034"]) == 0
    assert capsys.readouterr() == (f"{token}\n", "")
    assert main(["token", "kitchen.local", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["token"] == token
    assert main(["token", "kitchen.local", "--forget"]) == 0
    assert token not in capsys.readouterr().out
    assert main(["token", "kitchen.local"]) == 3
    assert "token kitchen.local --usb PORT" in capsys.readouterr().err
    assert main(["token", "kitchen.local", "--usb", PORT, "--forget"]) == 2


@pytest.mark.parametrize("words", ["token", "pin add"])
def test_the_cable_does_not_replace_a_forwarded_port(cable, words, capsys):
    """Where a board is reached through a port of this computer, that port stays its pin's."""
    assert main([*words.split(), "kitchen.local", "--usb", PORT]) == 0
    assert pins.load_pins()[0].port == 20034
    report = json.loads(cable.tell('__import__("json").dumps(me.report())'))
    pins.add_pin("kitchen.local", report, 40456, "127.0.0.1")
    assert main([*words.split(), "kitchen.local", "--usb", PORT]) == 0
    assert pins.load_pins()[0].port == 40456
    pins.add_pin("kitchen.local", report, 8443, "192.168.4.7")
    assert main([*words.split(), "kitchen.local", "--usb", PORT]) == 0
    assert pins.load_pins()[0].port == 20034


def test_a_certificate_is_requested_installed_and_removed(cable, tmp_path, capsys):
    """Certificates are handled as over HTTPS; the board's program continues after each command."""
    code, answer, _ = run(capsys, "csr")
    request = x509.load_pem_x509_csr(answer["request"].encode())
    assert (code, request.is_signature_valid) == (0, True)
    leaf = issue(make_ca(), PublicKey(request.public_key()), name="kitchen.local")
    code, answer, _ = run(capsys, "install", write(tmp_path / "chain.pem", pem(leaf)))
    assert (code, answer["key_changed"]) == (0, False)
    assert answer["report"]["source"] == cable.tell("me.source") == "installed"
    still_served = "installed certificate is still served; boardcert remove kitchen.local has it"
    assert main(["renew", "kitchen.local", "--usb", PORT]) == 0
    assert still_served in capsys.readouterr().err
    code, answer, _ = run(capsys, "remove")
    assert (code, answer["report"]["source"], cable.tell("me.source")) == (0, *["generated"] * 2)
    assert main(["renew", "kitchen.local", "--usb", PORT]) == 0
    assert still_served not in capsys.readouterr().err
    assert cable.starts == 5


@pytest.mark.parametrize("directory", ["data", "directory.of.26.characters", "./data"])
def test_a_relative_directory_of_the_program_holds(directory, cable, tmp_path, monkeypatch, capsys):
    """A command finds the identity where the program has it, though a soft reset forgets where."""
    program = "import os, sys\nsys.path.insert(0, os.getcwd() + '/firmware')\n"
    program += f"os.chdir({str(tmp_path)!r})\n{cable_module.IDENTITY}"
    monkeypatch.setattr(cable_module, "IDENTITY", program + "boardcert.identity().admin_token()\n")
    cable.directory = directory
    pin = cable.tell("me.public_key_pin")
    code, answer, _ = run(capsys, "renew")
    assert (code, answer["report"]["public_key_pin"]) == (0, pin)
    assert answer["report"]["names"] == ["kitchen.local", "localhost"]


def test_on_a_cable_no_host_is_needed(cable, capsys):
    """No host is needed on a cable; a board pinned by the reported name must have its key."""
    for words in (["restart"], ["csr"], ["renew"], ["csr", "--san", "*.example.org"]):
        assert main([*words, "--usb", PORT, "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["host"] == "kitchen.local"
    assert cable.starts == 4
    pins.add_pin("kitchen.local", {"public_key_pin": "sha256//other", "fingerprint": "AB"})
    assert main(["restart", "--usb", PORT]) == 1
    assert "another key than the one pinned" in capsys.readouterr().err
    assert main(["restart"]) == 2
    told = capsys.readouterr().err
    assert "a HOST is needed, or --usb PORT" in told and "hint: `boardcert list` prints" in told


def test_a_board_on_a_cable_has_other_names_than_its_certificate(cable, capsys):
    """--name gives the board's name when an address is not in its certificate."""
    assert run(capsys, "token", host="192.168.4.7")[0] == 1
    assert run(capsys, "token", "--name", "kitchen.local", host="192.168.4.7")[0] == 0
    (pin,) = pins.load_pins()
    assert (pin.host, pin.port) == ("192.168.4.7", 20034)


def test_a_key_from_elsewhere_changes_the_pin(cable, tmp_path, capsys):
    """A key from elsewhere changes the pin; the board refuses one that does not match."""
    assert run(capsys, "token")[0] == 0
    leaf, other = (issue(make_ca(), name="kitchen.local") for _ in range(2))
    files = write(tmp_path / "chain", pem(leaf)), write(tmp_path / "key", leaf.key_pem())
    code, answer, _ = run(capsys, "install", *files)
    assert (code, answer["key_changed"]) == (0, True)
    assert pins.load_pins()[0].public_key_pin == cable.tell("me.public_key_pin")
    code, answer, _ = run(capsys, "install", write(tmp_path / "chain", pem(other)))
    assert (code, "refused the certificate" in answer["error"]["message"]) == (1, True)
    assert run(capsys, "remove")[0] == 0
    assert pins.load_pins()[0].public_key_pin == cable.tell("me.public_key_pin")


def test_signing_again_a_new_key_and_a_reset(cable, capsys):
    """After a reset over USB, the new token is stored at once."""
    assert run(capsys, "token")[0] == 0
    key, token = cable.tell("me.public_key_pin"), cable.tell("me.admin_token()")
    code, answer, _ = run(capsys, "renew")
    assert (code, answer["key_changed"]) == (0, False)
    assert run(capsys, "new-key", "--yes", "hall")[0] == 2
    assert cable.tell("me.public_key_pin") == key
    code, answer, _ = run(capsys, "new-key", "--yes", "kitchen")
    assert (code, answer["key_changed"]) == (0, True)
    assert tokens.find_token(["unknown"], cable.tell("me.public_key_pin")) == token
    code, answer, _ = run(capsys, "reset", "--yes", "kitchen")
    assert (code, answer["key_changed"], bool(answer["report"]["wiped"])) == (0, True, True)
    assert pins.load_pins()[0].public_key_pin == cable.tell("me.public_key_pin") != key
    assert tokens.find_token(["kitchen.local"]) == cable.tell("me.admin_token()") != token
    starts = cable.starts
    assert run(capsys, "restart")[1]["result"] == "restarted"
    assert cable.starts == starts + 1


def test_another_board_on_the_cable_is_left_alone(cable, capsys):
    """A board with another name or key than expected is not changed; its program continues."""
    code, answer, _ = run(capsys, "reset", "--yes", "kitchen", host="hall.local")
    assert (code, "is not hall.local, but kitchen" in answer["error"]["message"]) == (1, True)
    other = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    code, answer, _ = run(capsys, "csr", "--pin", other)
    assert (code, other in answer["error"]["message"]) == (1, True)
    pins.add_pin("kitchen.local", {"public_key_pin": other, "fingerprint": "AB"})
    for words in (["token"], ["csr"], ["reset", "--yes", "kitchen"]):
        code, answer, _ = run(capsys, *words)
        assert (code, "another key than the one pinned" in answer["error"]["message"]) == (1, True)
    assert cable.starts == 5
    assert run(capsys, "csr", "--ca", "ca.pem")[0] == 2
    assert cable.starts == 5


def test_settings_are_changed_over_the_cable(cable, capsys):
    """The board checks new settings; refused ones change nothing."""
    pins.add_pin("kitchen.local", json.loads(cable.tell("__import__('json').dumps(me.report())")))
    code, answer, _ = run(capsys, "set", "validity_days=90")
    assert (code, answer["result"]) == (0, "settings")
    config = Path(cable.directory, "config.json")
    assert json.loads(config.read_text()) == {"validity_days": 90}
    dates = [answer["report"][name][:10] for name in ("not_before", "not_after")]
    assert (date.fromisoformat(dates[1]) - date.fromisoformat(dates[0])).days <= 91
    code, answer, _ = run(capsys, "set", "hostname=pantry")
    assert code == 1
    assert "refuses hostname: the board's program sets this" in answer["error"]["message"]
    assert json.loads(config.read_text()) == {"validity_days": 90}
    assert cable.starts == 2


def test_what_set_has_changed_is_told(cable, tmp_path, capsys, monkeypatch):
    """`set` labels each fingerprint, and names the user's CA if it does not permit the new name."""
    code = cable_module.IDENTITY.replace(', names=["localhost"]', "")
    monkeypatch.setattr(cable_module, "IDENTITY", code)
    pins.add_pin("kitchen.local", json.loads(cable.tell("__import__('json').dumps(me.report())")))
    monkeypatch.setenv("BOARDCERT_CA", str(tmp_path / "ca"))
    command = ["set", "kitchen.local", "names=a.example.com,b.local,10.0.0.5", "--usb", PORT]
    for _ in range(2):
        assert main(command) == 0
        printed = capsys.readouterr()
        if not (tmp_path / "ca").exists():
            assert "--san" not in printed.err
            assert main(["ca", "init"]) == 0
    assert "  key's fingerprint  " in printed.out and "  certificate's  " in printed.out
    assert "ca sign signs for a.example.com only with --san a.example.com" in printed.err
    assert "b.local only" not in printed.err and "10.0.0.5 only" not in printed.err


def test_the_pin_follows_a_board_to_its_new_name(tmp_path, monkeypatch, capsys):
    """Pin and token follow a renamed board, so that the next command finds both."""
    cable = Cable(tmp_path / "data")
    monkeypatch.setattr(mpremote, "run", cable.run)
    code = cable_module.IDENTITY.replace('hostname="kitchen", ', "")
    monkeypatch.setattr(cable_module, "IDENTITY", code)
    report = json.loads(cable.tell("__import__('json').dumps(me.report())"))
    pins.add_pin(report["names"][0], report)
    tokens.keep_token(report["names"][0], report["public_key_pin"], "a" * 26)
    code, answer, printed = run(capsys, "set", "hostname=pantry", host=report["names"][0])
    assert (code, answer["report"]["hostname"]) == (0, "pantry")
    assert "pantry.local now; its pin follows" in printed
    assert [pin.host for pin in pins.load_pins()] == ["pantry.local"]
    assert tokens.find_token(["pantry.local"]) == "a" * 26


def test_a_new_authority_is_trusted_by_the_boards_new_name(tmp_path, monkeypatch, capsys):
    """The hint after renaming a board uses its new name."""
    cable = Cable(tmp_path / "data")
    monkeypatch.setattr(mpremote, "run", cable.run)
    code = cable_module.IDENTITY.replace('hostname="kitchen", ', "")
    monkeypatch.setattr(cable_module, "IDENTITY", code)
    report = json.loads(cable.tell("__import__('json').dumps(me.report())"))
    old = report["names"][0]
    pins.add_pin(old, report)
    kept = kept_authorities.keep(old, parse(make_pair()[1].der))
    assert main(["set", old, "hostname=pantry", "chain=authority", "--usb", PORT]) == 0
    err = capsys.readouterr().err
    assert "another authority now: boardcert ca trust pantry.local replaces the one" in err
    assert kept_authorities.kept(["pantry.local"]) == [kept]
    assert main(["set", "pantry.local", "chain=self", "--usb", PORT]) == 0
    assert "boardcert ca untrust pantry.local ends that" in capsys.readouterr().err
