"""`boardcert virtual` runs a board for a user until it is stopped."""

import os
import re
import signal
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Iterator

import pytest
from boardcert_host.cli import main
from processes import started


@pytest.fixture
def command(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """Start the command, with its messages captured."""
    arguments = [sys.executable, "-m", "boardcert_host", "virtual", "--directory", str(tmp_path)]
    with started(arguments, stderr=subprocess.PIPE) as process:
        yield process


def _shown(command: subprocess.Popen[str]) -> str:
    """Return the command's output up to the line that says how to stop it."""
    shown = ""
    while "Ctrl-C" not in shown:
        line = command.stderr.readline()
        assert line, shown
        shown += line
    return shown


def _usb_port(command: subprocess.Popen[str]) -> str:
    """Return the port that the command prints."""
    return re.search(r"mpremote connect (\S+)", _shown(command))[1]


def _run_on_board(port: str, code: str) -> str:
    arguments = [sys.executable, "-m", "mpremote", "connect", port, "exec", code]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60).stdout


def test_mpremote_reaches_it_where_it_says_and_ctrl_c_stops_it(command):
    port = _usb_port(command)
    assert _run_on_board(port, "print(6 * 7)").strip() == "42"
    command.send_signal(signal.SIGINT)
    assert command.wait(120) == 0
    assert "switched off" in command.stderr.read()


def test_the_repl_of_mpremote_runs_at_the_port(command):
    """mpremote's REPL works at the printed port, which has a file descriptor, with a terminal."""
    port = _usb_port(command)
    ours, its = os.openpty()
    arguments = [sys.executable, "-m", "mpremote", "connect", port, "repl"]
    with started(arguments, stdin=its, stdout=its, stderr=its) as repl:
        _read_until(ours, b"to exit this shell")
        _wait_for_raw_mode(its)
        os.write(ours, b"print(7 * 9)\r")
        _read_until(ours, b"\r\n63\r\n")
        os.write(ours, b"\x1d")  # Ctrl-]
        assert repl.wait(120) == 0
    os.close(its)
    os.close(ours)
    assert _run_on_board(port, "print(6 * 7)").strip() == "42"


def _wait_for_raw_mode(terminal: int) -> None:
    """Wait until the REPL has set raw mode: before that, Enter arrives as another character."""
    while termios.tcgetattr(terminal)[3] & termios.ICANON:
        time.sleep(0.01)


def _read_until(terminal: int, wanted: bytes) -> None:
    shown = b""
    while wanted not in shown:
        shown += os.read(terminal, 4096)


def test_an_empty_board_is_to_be_flashed_first(command):
    """For an empty board, the command says to flash it; there is nothing to verify yet."""
    shown = _shown(command)
    assert "boardcert flash VIRTUAL_PICO_W --hostname 'virtual-{n}' --port socket://" in shown
    assert "boardcert verify" not in shown


def test_a_board_that_stops_by_itself_ends_the_command_with_its_reason(command):
    _run_on_board(_usb_port(command), "import machine; machine.bootloader()")
    assert command.wait(120) == 3
    assert "BOOTSEL" in command.stderr.read()


@pytest.fixture
def in_wifi(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """Run the command with two boards on a Wi-Fi."""
    arguments = [sys.executable, "-m", "boardcert_host", "virtual", "--directory", str(tmp_path)]
    arguments += ["--wifi", "HomeNet", "--boards", "2", "--pcap", str(tmp_path / "frames.pcap")]
    with started(arguments, stderr=subprocess.PIPE) as process:
        yield process


_SERVE = """
import network, socket, time
link = network.WLAN(network.STA_IF)
link.active(True)
link.connect("HomeNet")
while not link.isconnected():
    time.sleep_ms(50)
listening = socket.socket()
listening.bind(("0.0.0.0", 80))
listening.listen(1)
while True:
    connection = listening.accept()[0]
    connection.recv(1000)
    connection.send(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + link.ifconfig()[0].encode())
    connection.close()
    page = socket.socket()
    page.bind(("0.0.0.0", 20034))
    page.listen(1)
"""


def test_boards_in_a_wifi_are_opened_at_the_urls_that_are_printed_when_they_listen(
    in_wifi, tmp_path
):
    """The printed URLs work for all clients; only the board knows its address in the network."""
    shown = _shown(in_wifi)
    assert "2 virtual boards run in range of the Wi-Fi HomeNet (open, without a password)" in shown
    assert shown.count("boardcert flash RPI_PICO_W --hostname 'virtual-{n}' --port") == 2
    assert shown.count("--wifi HomeNet --wifi-open --at 127.0.0.1:") == 2
    usb_ports = re.findall(r"mpremote connect (\S+)", shown)
    for number, usb_port in enumerate(usb_ports):
        address = f"192.168.77.{20 + number}"
        arguments = [sys.executable, "-m", "mpremote", "connect", usb_port, "exec", "--no-follow"]
        subprocess.run([*arguments, _SERVE], check=True, timeout=60)
        assert f"board {number + 1}: its address is {address}" in in_wifi.stderr.readline()
        url = re.search(r"listens on 80: open (http:\S+)", in_wifi.stderr.readline())[1]
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 (it is http)
            assert answer.read().decode() == address
        page = re.search(r"listens on 20034: open https://(\S+)", in_wifi.stderr.readline())[1]
        # The certificate has the board's own address, not the one on loopback.
        assert f"boardcert verify {page} --name {address} --usb" in in_wifi.stderr.readline()
    in_wifi.send_signal(signal.SIGINT)
    assert in_wifi.wait(120) == 0
    for number in (1, 2):
        assert (tmp_path / f"frames-{number}.pcap").read_bytes().startswith(b"\x4d\x3c\xb2\xa1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--boards", "3"], "--boards needs --wifi"),
        (["--pcap", "x"], "--pcap needs --wifi"),
        (["--wifi", "x" * 33], "1 to 32 bytes"),
        (["--wifi", "HomeNet", "--boards", "0"], "--boards is 1 to 16"),
        (["--wifi", "HomeNet", "--boot-drive", "x"], "cannot be used together"),
    ],
)
def test_wishes_that_do_not_fit_are_refused_in_one_sentence(words, message, capsys):
    assert main(["virtual", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_password_that_is_no_wpa2_password_is_refused_and_not_shown(capsys, monkeypatch):
    monkeypatch.setenv("BOARDCERT_WIFI_PASSWORD", "sesame")
    assert main(["virtual", "--wifi", "HomeNet"]) == 2
    error = capsys.readouterr().err
    assert "8 to 63" in error
    assert "sesame" not in error
