"""`boardcert virtual` runs a board for a person until it is stopped."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.xdist_group("virtual_board")


@pytest.fixture
def command(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """The command, with its messages to be read."""
    arguments = [sys.executable, "-m", "boardcert_host", "virtual", "--directory", str(tmp_path)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def _shown(command: subprocess.Popen[str]) -> str:
    """Return what the command prints until it says how it is stopped."""
    shown = ""
    while "Ctrl-C" not in shown:
        line = command.stderr.readline()
        assert line, shown
        shown += line
    return shown


def _usb_port(command: subprocess.Popen[str]) -> str:
    """Return the port that the command names."""
    return re.search(r"mpremote connect (\S+)", _shown(command))[1]


def _run_on_board(port: str, code: str) -> str:
    arguments = [sys.executable, "-m", "mpremote", "connect", port, "exec", code]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60).stdout


def test_mpremote_reaches_it_where_it_says_and_ctrl_c_stops_it(command):
    port = _usb_port(command)
    assert _run_on_board(port, "print(6 * 7)").strip() == "42"
    command.send_signal(signal.SIGINT)
    assert command.wait(20) == 0
    assert "switched off" in command.stderr.read()


def test_an_empty_board_is_to_be_flashed_first(command):
    """There is nothing to verify yet."""
    shown = _shown(command)
    assert "boardcert flash VIRTUAL_PICO_W --port socket://" in shown
    assert "boardcert verify" not in shown


def test_a_board_that_stops_by_itself_ends_the_command_with_its_reason(command):
    _run_on_board(_usb_port(command), "import machine; machine.bootloader()")
    assert command.wait(20) == 3
    assert "BOOTSEL" in command.stderr.read()
