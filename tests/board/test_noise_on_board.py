"""Noise that fails its tests after the first boot: TLS stops and no new session begins."""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uart_client
from boardcert_host.board import installation
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard

NewBoard = Callable[..., VirtualBoard]

# The program answers each byte; before the answer to an "h", TLS sees an hour pass.
_MAIN = """
import asyncio
import boardcert
me = boardcert.identity()
from boardcert.serial_line import ModemLine
from machine import UART, Pin
import time

hours = 0

def later():
    return time.ticks_add(time.ticks_ms(), hours * 3_600_000)

async def handle(reader, writer):
    global hours
    from boardcert import tls
    tls.ticks_ms = later
    while byte := await reader.read(1):
        if byte == b"h":
            hours += 1
            await asyncio.sleep(3)
        writer.write(byte)
        await writer.drain()

uart = UART(0, 921_600, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=4096, timeout=0)
line = ModemLine(uart, Pin(2, Pin.IN), Pin(3, Pin.OUT))
asyncio.run(boardcert.serve_stream(handle, line))
"""
_NOTICES = "import json; print(json.dumps(me.report()['notices']))"
_REFUSED = "TLS is refused: RP2040 ring oscillator failed the repetition count test"


@pytest.fixture
def board(new_board: NewBoard, tmp_path: Path) -> VirtualBoard:
    """Yield a board that serves; "board" is its name for another start with the same flash."""
    board = new_board()
    installation.install(board.usb_port)
    board.exec("import boardcert; boardcert.identity()")
    (tmp_path / "main.py").write_text(_MAIN)
    board.mpremote("fs", "cp", str(tmp_path / "main.py"), ":main.py")
    board.reset()
    return board


def _ask(connection: ssl.SSLSocket, byte: bytes) -> bytes:
    """Return the answer to *byte*, or nothing if the board has hung up."""
    connection.sendall(byte)
    try:
        return connection.recv(1)
    except (ssl.SSLError, ConnectionError):
        return b""


def test_two_cold_boots_with_a_stuck_ring_serve_nothing(
    board: VirtualBoard, new_board: NewBoard
) -> None:
    """With a stuck ring, two boots would use the same nonces and reveal the key: they refuse."""
    with uart_client.connect(board) as connection:
        assert _ask(connection, b"x") == b"x"
    board.stop()
    for _ in range(2):
        stuck = new_board(ring_oscillator="stuck")
        assert "EntropyError: RP2040 ring oscillator failed" in _console_while_calling(stuck)
        assert any(_REFUSED in notice for notice in json.loads(stuck.exec(_NOTICES)))
        for context in ("server_context()", "client_context(pins=[me.public_key_pin])"):
            with pytest.raises(Error, match="EntropyError: RP2040 ring oscillator failed"):
                stuck.exec(f"me.{context}")
        stuck.stop()


def _console_while_calling(board: VirtualBoard) -> str:
    """Return the board's output until it has refused two callers; neither gets an answer."""
    host, port = board.usb_port.removeprefix("socket://").split(":")
    printed = ""
    deadline = time.monotonic() + 60
    with socket.create_connection((host, int(port)), timeout=1) as console:
        while printed.count("EntropyError") < 2 and time.monotonic() < deadline:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                uart_client.call(board)
            with contextlib.suppress(TimeoutError):
                printed += console.recv(4096).decode()
    return printed


def test_a_ring_that_sticks_while_it_serves_ends_the_connections_within_the_hour(
    board: VirtualBoard,
) -> None:
    """Connections end within the hour after the ring sticks; once it recovers, the board serves."""
    with uart_client.connect(board) as connection:
        assert _ask(connection, b"h") == b"h"
        board.set_ring_oscillator("stuck")
        assert _ask(connection, b"x") == b"x"
        assert _ask(connection, b"h") == b""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        uart_client.call(board)
    board.set_ring_oscillator("host")
    with uart_client.connect(board) as connection:
        assert _ask(connection, b"x") == b"x"
    assert any(_REFUSED in notice for notice in json.loads(board.exec(_NOTICES)))
