"""The README's "Your own CA in three commands", run as written, with the virtual board."""

import os
import pty
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from boardcert_host.board import usb_report
from boardcert_host.cli import main
from boardcert_host.directories import data_directory
from boardcert_host.targets import Target
from boardcert_host.verify import hosts
from boardcert_host.virtual import VirtualBoard

_README = data_directory("firmware").parent / "README.md"
_HEADING = "Your own CA in three commands:"
_PROGRAM = Path(sys.executable).with_name("boardcert")
_TIMEOUT_S = 120


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home of a user who has no CA yet, and only Chromium's certificate store."""
    home, programs = tmp_path / "home", tmp_path / "bin"
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    programs.mkdir()
    certutil = shutil.which("certutil")
    assert certutil
    (programs / "certutil").symlink_to(certutil)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no-java"))
    monkeypatch.setenv("PATH", str(programs))  # Without the system's store, which is the user's.
    for name in ("BOARDCERT_CA", "BOARDCERT_CA_PASSPHRASE", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    subprocess.run(["certutil", "-N", "-d", f"sql:{database}", "--empty-password"], check=True)
    return home


def _commands(port: str) -> list[list[str]]:
    """Return the README's commands with *port* in place of the cable's."""
    block = _README.read_text("utf-8").partition(_HEADING)[2].split("```")[1]
    lines = [shlex.split(line, comments=True) for line in block.strip().splitlines()]
    return [[word.replace("/dev/ttyACM0", port) for word in line] for line in lines]


@pytest.fixture
def terminal() -> Iterator[int]:
    """Make a terminal at which the user has typed yes."""
    controller, terminal = pty.openpty()
    os.write(controller, b"y\n")
    yield terminal
    os.close(terminal)
    os.close(controller)


@pytest.mark.needs("certutil")
def test_the_three_commands(kitchen: VirtualBoard, newcomer: Path, terminal: int) -> None:
    """A client that trusts the CA accepts the board afterwards, and the board's key is the same."""
    before = usb_report.read_report(kitchen.usb_port)
    kitchen.reset()
    commands = _commands(kitchen.usb_port)
    assert [command[:3] for command in commands] == [
        ["boardcert", "ca", action] for action in ("init", "sign", "trust")
    ]
    answer = []
    for _, *words in commands:
        done = subprocess.run(
            [_PROGRAM, *words], stdin=terminal, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer.append(done.stdout)
    assert "kitchen.local: signed by boardcert CA" in answer[1]
    assert "installed on        kitchen.local" in answer[1]
    assert f"done     nss, {newcomer}/.pki/nssdb: added" in answer[2]

    ca_file = newcomer / ".local/share/boardcert/ca/ca.crt"
    options = hosts.Options(name="kitchen.local", ca_file=str(ca_file), timeout_s=30)
    result = hosts.verify_when_up(Target(*kitchen.uart_address), options, 60)
    assert result.error is None and result.failures == []
    after = usb_report.read_report(kitchen.usb_port)
    assert (after["source"], before["source"]) == ("installed", "generated")
    assert after["public_key_pin"] == before["public_key_pin"]
    assert result.certificate is not None
    assert after["fingerprint"] == result.certificate["fingerprint"] != before["fingerprint"]


def test_a_certificate_that_is_compiled_in_is_served(
    kitchen: VirtualBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate compiled here is served from the .mpy file alone."""
    monkeypatch.chdir(tmp_path)
    assert main(["ca", "init", "ca"]) == 0
    key = ["--new-key", "hall.key", "--san", "hall.local"]
    assert main(["ca", "sign", *key, "--ca", "ca"]) == 0
    assert main(["embed", "hall.local.crt", "hall.key", "--mpy"]) == 0
    kitchen.mpremote("fs", "cp", "boardcert_builtin.mpy", ":/lib/")
    kitchen.reset()
    options = hosts.Options(name="hall.local", ca_file="ca/ca.crt", timeout_s=30)
    result = hosts.verify_when_up(Target(*kitchen.uart_address), options, 60)
    assert result.error is None and result.failures == []
    report = usb_report.read_report(kitchen.usb_port)
    assert report["source"] == "builtin" and not report["generated"]
