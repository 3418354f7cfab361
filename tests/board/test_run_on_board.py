"""A program of two lines, as it is in the README and as `boardcert flash` puts it on a board."""

import socket
import time
from collections.abc import Callable

import pytest
from boardcert_host import board_files, device
from boardcert_host.virtual import VirtualBoard

pytestmark = pytest.mark.xdist_group("virtual_board")


def _console(board: VirtualBoard, wanted: bytes, keys: bytes = b"") -> str:
    """Send *keys*, and return what the board prints up to *wanted*."""
    host, _, port = board.usb_port.removeprefix("socket://").rpartition(":")
    with socket.create_connection((host, int(port)), 10) as console:
        console.settimeout(60)
        console.sendall(keys)
        printed = b""
        deadline = time.monotonic() + 120
        while wanted not in printed and time.monotonic() < deadline:
            printed += console.recv(4096)
    return printed.decode()


def test_the_example_runs_until_it_is_interrupted(
    installed: Callable[..., VirtualBoard],
) -> None:
    """It says what it serves, and that there is no network; Ctrl-C leaves the prompt."""
    board = installed(pace="idle")
    device.write_settings(board.usb_port, {"hostname": "kitchen"})
    board_files.write_example_main(board.usb_port, "RPI_PICO_W")
    _console(board, b">>> ", b"\r\x03\x03\x02")
    printed = _console(board, b"page  ", b"\x04")
    assert "boardcert: no network:" in printed
    printed = _console(board, b">>> ", b"\x03")
    assert "Traceback" not in printed
    assert board.exec("print(boardcert.identity().names)").strip() == "['kitchen.local']"
