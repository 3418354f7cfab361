"""Boards, or impostors, that could harm the computer by their output or its amount."""

import json
import socket
import struct
import tracemalloc
from collections.abc import Callable

import pytest
from board_answers import Dripping, answer, api, https_server, pin_of, report_of
from boardcert_host import cli, deadline
from boardcert_host.board import installation, kept_files, mpremote, serial_ports, usb_report
from boardcert_host.board.serial_ports import USBPort
from boardcert_host.console import messages, results
from boardcert_host.errors import Error
from boardcert_host.flash import esptool, plugged_in
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.flash.story import Story
from boardcert_host.targets import Target
from boardcert_host.verify import tls_probe
from certificates import NAME, make, make_ca
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from servers import serving

# Clear the screen, set the clipboard (OSC 52), the same by C1 controls, change text direction.
_ESCAPES = "\x1b[2J\x1b]52;c;cm0gLXJmIH4=\x07\x9b2J\u202egnp.exe\r\n"
_PLAIN = "\\x1b[2J\\x1b]52;c;cm0gLXJmIH4=\\x07\\x9b2J\\u202egnp.exe\\r\\n"
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"


def repl(respond: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """Return a handler that acts as MicroPython's raw REPL; *respond* runs each program."""

    def handle(connection: socket.socket) -> None:
        received = b""
        while piece := connection.recv(4096):
            received += piece
            if received.endswith(b"\x05A\x01"):
                connection.sendall(b"R\x00")  # no raw paste
            elif received.endswith(b"\x01"):
                connection.sendall(_BANNER)
            elif received == b"\x04":
                connection.sendall(b"\r\nMPY: soft reboot\r\n" + _BANNER)
            elif received.endswith(b"\x04"):
                connection.sendall(b"OK")
                respond(connection)
            elif received.endswith((b"\x02", b"\x03")):
                connection.sendall(b"\r\n>>> ")
                continue
            else:
                continue
            received = b""

    return handle


def endless(connection: socket.socket) -> None:
    """Send as long as the client is connected."""
    while True:
        connection.sendall(b"x" * 65536)


def answering(value: object) -> Callable[[socket.socket], None]:
    """Return code that prints *value* as JSON, as a program on a board does."""
    printed = json.dumps(value).encode()
    return lambda connection: connection.sendall(printed + b"\r\n\x04\x04>")


def test_output_without_end_ends_the_program():
    """Endless output stops the program early, with little more in memory than a few answers."""
    tracemalloc.start()
    try:
        with (
            serving(repl(endless)) as port,
            pytest.raises(Error, match="does not stop sending"),
        ):
            mpremote.execute(f"socket://127.0.0.1:{port}", "print(1)", timeout_s=3600)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_esptool_is_ended_when_it_prints_without_end(tmp_path, monkeypatch):
    """esptool is stopped if it prints a chip's endless output, even without line ends."""
    (tmp_path / "esptool.py").write_text("while True:\n    print('x' * 65536, end='')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    tracemalloc.start()
    try:
        with pytest.raises(Error, match="esptool does not stop printing"):
            esptool.detect(load_board("ESP32_GENERIC"), "/dev/ttyUSB0")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_esptools_lines_are_heard_as_they_come(tmp_path, monkeypatch):
    """esptool's lines are passed on as they arrive, and all its output is returned at the end."""
    program = "import sys\nprint('Writing at 0x1', end='\\r')\nprint('and at 0x2')\n"
    (tmp_path / "esptool.py").write_text(program + "print('the end', end='', file=sys.stderr)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    heard = []
    output = esptool._run(load_board("ESP32_GENERIC"), [], on_line=heard.append)
    assert heard == ["Writing at 0x1", "and at 0x2"] and output.endswith("the end")


_STRANGE_ANSWERS = (None, 5, "text", [], [1, 2, 3, 4], {}, {"version": 5, "mpy": "x", "files": 1})
_STATE = {"version": "3.4.0; x", "machine": "x", "identity": [], "main": False, "files": 1}
_STATE |= {"unique_id": ""}
_SURVEY = {"version": ["1", 24], "mpy": 1, "files": {}}


@pytest.mark.parametrize(
    ("ask", "more"),
    [
        (installation.survey, [_SURVEY, _SURVEY | {"version": [None]}]),
        (usb_report.read_memory, [{"used_bytes": 1}]),
        (
            kept_files.read_state,
            [_STATE | {"mark": 5}, _STATE | {"config": [5]}, _STATE | {"unique_id": None}],
        ),
        (lambda port: kept_files.join_wifi(port, None, "HomeNet"), [{"is_connected": 1}]),
    ],
)
def test_an_answer_of_another_form_is_an_error(ask, more, monkeypatch):
    """JSON of another form is an error without a traceback, and is not used."""
    for value in [*_STRANGE_ANSWERS, *more]:
        printed = json.dumps(value)
        monkeypatch.setattr(mpremote, "run", lambda *words, it=printed, **limits: it)
        with pytest.raises(Error, match="sent an unreadable answer"):
            ask("port")


def test_deeply_nested_settings_are_invalid(monkeypatch):
    """Deeply nested settings are treated like invalid JSON."""
    state = json.dumps(_STATE | {"mark": None, "config": "[" * 100_000})
    monkeypatch.setattr(mpremote, "run", lambda *words, timeout_s: state)
    assert kept_files.read_state("port").settings == {}


def test_what_goes_on_is_shown_as_plain_text(capsys):
    """Progress is shown with control characters escaped and without markup."""
    shown = messages().status(f"asking [bold]{_ESCAPES}").renderable
    assert str(shown.text) == f"asking [bold]{_PLAIN}"


def test_looking_for_a_prompt_keeps_nothing():
    """Output before a prompt is not kept."""
    tracemalloc.start()
    try:
        with serving(endless) as port:
            assert not serial_ports.is_answering(f"socket://127.0.0.1:{port}", timeout_s=1)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_prompt_is_found_wherever_the_pieces_end():
    """A prompt is found even if it arrives in pieces."""

    def halves(connection: socket.socket) -> None:
        connection.recv(64)  # Input from before the port was opened is dropped.
        connection.sendall(b"x" * 4095 + b">")
        connection.recv(64)
        connection.sendall(b">> ")
        while connection.recv(4096):
            pass

    with serving(halves) as port:
        assert serial_ports.is_answering(f"socket://127.0.0.1:{port}", timeout_s=20)


def test_devices_shows_a_boards_words_as_plain_text(monkeypatch, capsys):
    """`devices` shows a board's text and pin with control characters escaped."""
    state = {"version": f"3.4.0; {_ESCAPES}", "machine": _ESCAPES, "identity": ["generated.bin"]}
    state |= {"mark": "a" + _ESCAPES + "b", "config": None, "main": False, "files": 1}
    state |= {"unique_id": "d1a4f44d0eb0dd5f"}
    with serving(repl(answering(state))) as port:
        url = f"socket://127.0.0.1:{port}"
        monkeypatch.setattr(plugged_in, "usb_ports", lambda: [USBPort(url, "Board")])
        monkeypatch.setattr(plugged_in, "boot_drives", list)
        assert cli.main(["devices"]) == 0
    shown = capsys.readouterr().out
    assert shown.count(_PLAIN) == 3
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_a_story_shows_a_boards_words_as_plain_text(capsys):
    """`flash` prints a board's text escaped; the record has the original."""
    story = Story(results())
    story.step("board", "done", _ESCAPES)
    messages().print(_ESCAPES, markup=False)
    captured = capsys.readouterr()
    assert captured.out == f"board     done     {_PLAIN}\n" and captured.err == f"{_PLAIN}\n"
    assert story.record["steps"][0]["detail"] == _ESCAPES


def test_a_bar_leaves_nothing_where_no_terminal_is(capsys):
    """Without a terminal, a progress bar prints nothing, not even an empty line."""
    with Story.progress("installing the package") as moved:
        moved(1, 2)
    assert capsys.readouterr() == ("", "")


def test_an_error_shows_a_boards_words_as_plain_text(capsys):
    """An error shows mpremote's last output escaped."""
    failing = b"Traceback (most recent call last):\r\nValueError: " + _ESCAPES.strip().encode()

    def fail(connection: socket.socket) -> None:
        connection.sendall(b"\x04" + failing + b"\r\n\x04>")

    with serving(repl(fail)) as port:
        arguments = ["pin", "add", NAME, "--usb", f"socket://127.0.0.1:{port}"]
        assert cli.main(arguments) == 3
    assert _PLAIN.removesuffix("\\r\\n") in capsys.readouterr().err


def test_a_dripping_answer_does_not_outlive_the_timeout(tmp_path):
    """The time limit covers the whole call: this valid answer would take 20 s longer."""
    board = make()
    dripping = Dripping(answer(200, report_of(board)))
    server = https_server(board, tmp_path, [dripping], [])
    with server as port, pytest.raises(Error, match="did not answer within 2 s"):
        api(port, timeout_s=2.0, pin=pin_of(board)).report()


def test_a_dripping_page_does_not_outlive_the_timeout(tmp_path):
    """The time limit also covers a client that trusts a CA."""
    ca = make_ca()
    board = make(issuer=ca)
    path = tmp_path / "ca.pem"
    path.write_bytes(x509.load_der_x509_certificate(ca.der).public_bytes(Encoding.PEM))
    dripping = Dripping(answer(200, b"x" * 200))
    server = https_server(board, tmp_path, [dripping], [])
    with server as port, pytest.raises(Error, match="timed out"):
        tls_probe.get(Target("127.0.0.1", port), 2.0, NAME, str(path), "/")


def test_an_endless_page_is_an_error(tmp_path):
    """An endless page is an error, and is read up to the size limit only."""
    ca = make_ca()
    board = make(issuer=ca)
    path = tmp_path / "ca.pem"
    path.write_bytes(x509.load_der_x509_certificate(ca.der).public_bytes(Encoding.PEM))
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (2 << 20)
    server = https_server(board, tmp_path, [endless], [])
    with server as port, pytest.raises(Error, match="too long"):
        tls_probe.get(Target("127.0.0.1", port), 30.0, NAME, str(path), "/")


# CPython leaves the unfinished socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_that_is_reset_at_once_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset before TLS is set up, while ssl checks for early data, is an error."""
    connect = deadline._connect

    def reset(host: str, port: int, limit: deadline.Deadline) -> socket.socket:
        plain = connect(host, port, limit)
        caller, _ = listener.accept()
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.close()
        return plain

    monkeypatch.setattr(deadline, "_connect", reset)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Error):
        tls_probe.probe(Target("127.0.0.1", listener.getsockname()[1]), 10, "kitchen.local")
