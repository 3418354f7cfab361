"""First and later boots on the official image: generated once, served, never half written."""

import hashlib
import json
import socket
from collections.abc import Callable

import pytest
import uart_client
from boardcert_host.directories import data_directory
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard
from tls_clients import read_all

NewBoard = Callable[..., VirtualBoard]

_REPORT = "import json, boardcert; print(json.dumps(boardcert.identity().report()))"
_LOAD_TIME = """
import time
began = time.ticks_us()
import boardcert
boardcert.identity()
print(time.ticks_diff(time.ticks_us(), began))
"""
_FILES = """
import os
print("boardcert-data" in os.listdir("/") and os.listdir("/boardcert-data"))
"""


def _report(board: VirtualBoard) -> dict[str, object]:
    report: dict[str, object] = json.loads(board.exec(_REPORT))
    return report


def test_made_once_and_loaded_ever_after(installed: NewBoard) -> None:
    """Boots stay within the design's simulated times; the second boot writes nothing."""
    board = installed()
    first = _report(board)
    assert first["generated"] and first["notices"] == []
    assert first["entropy"] == {
        "source": "RP2040 ring oscillator",
        "samples": 4096,
        "credited_bits": 409,
    }
    timings = first["timings_ms"]
    assert isinstance(timings, dict) and timings["total"] <= 1600
    board.reset()
    operations = board.flash_operations
    assert int(board.exec(_LOAD_TIME)) <= 150_000
    second = _report(board)
    assert board.flash_operations == operations
    assert not second["generated"] and second["notices"] == []
    assert second["certificate"] == first["certificate"]


def test_two_boards_make_two_keys(installed: NewBoard) -> None:
    """Two boards generate two keys and two host names."""
    one, other = _report(installed("one")), _report(installed("other"))
    assert one["public_key_pin"] != other["public_key_pin"]
    assert one["hostname"] != other["hostname"]


def test_a_stuck_oscillator_refuses_and_nothing_is_written(installed: NewBoard) -> None:
    """With a stuck oscillator, nothing is written, and the error names the source and the test."""
    board = installed(ring_oscillator="stuck")
    with pytest.raises(Error, match="EntropyError: RP2040 ring oscillator failed"):
        board.exec(_REPORT)
    assert board.exec(_FILES).strip() == "False"


def _get_identity(board: VirtualBoard) -> tuple[bytes, dict[str, object]]:
    """Return (certificate, report) over TLS from UART0."""
    with uart_client.connect(board) as secure:
        certificate = secure.getpeercert(binary_form=True)
        secure.sendall(b"GET /api/identity HTTP/1.1\r\nHost: board\r\nConnection: close\r\n\r\n")
        received = read_all(secure)
    assert certificate and received.startswith(b"HTTP/1.1 200 OK\r\n")
    return certificate, json.loads(received.split(b"\r\n\r\n", 1)[1])


def test_it_serves_its_certificate_over_tls(installed: NewBoard) -> None:
    """The board serves the same after a reset; a client that sends garbage does no harm."""
    board = installed()
    report = _report(board)
    main = data_directory("boards") / "VIRTUAL_PICO_W" / "main.py"
    board.mpremote("fs", "cp", str(main), ":main.py")
    for _ in range(2):
        board.reset()
        certificate, answer = _get_identity(board)
        fingerprint = str(report["fingerprint"]).replace(":", "").lower()
        assert hashlib.sha256(certificate).hexdigest() == fingerprint
        assert answer["fingerprint"] == report["fingerprint"]
        with socket.create_connection(board.uart_address, timeout=60) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert client.recv(100) == b""
        assert _get_identity(board)[0] == certificate


# The clock is set while the first caller waits, when the call stack is deepest.
_LEARN_THE_DATE = """
import machine
answer = line.answer
async def answer_late():
    await answer()
    machine.RTC().datetime((2027, 3, 4, 3, 12, 0, 0, 0))
line.answer = answer_late
server = """


def test_the_dates_are_corrected_while_it_serves(installed: NewBoard) -> None:
    """The certificate is dated again, by the same key, before the next caller is answered."""
    board = installed()
    before = _report(board)
    assert str(before["not_before"]) < "2027"
    main = (data_directory("boards") / "VIRTUAL_PICO_W" / "main.py").read_text()
    (board.directory / "main.py").write_text(main.replace("server = ", _LEARN_THE_DATE))
    board.mpremote("fs", "cp", str(board.directory / "main.py"), ":main.py")
    board.reset()
    certificate, answer = _get_identity(board)
    assert str(answer["not_before"]).startswith("2027-03-03")
    assert answer["public_key_pin"] == before["public_key_pin"]
    assert (
        hashlib.sha256(certificate).hexdigest()
        == str(answer["fingerprint"]).replace(":", "").lower()
    )
