"""A board as its users have it: on Wi-Fi, with a main.py of two lines; and clients of it."""

import http.client
import json
import shutil
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import files_on_board
from boardcert_host.verify.tls_probe import unverified_context
from boardcert_host.virtual import VirtualBoard, VirtualNetwork
from prepared import AT_ONCE

SSID = "HomeNet"
PASSWORD = "a good password"  # noqa: S105 (of a virtual network)
PAGE = 20034
TIMEOUT_S = 240  # of real time, for a busy computer
STACK_LEFT_BYTES = 1700
"""Of the stack, for interrupts: of these, answers to mDNS take most, see tests/bench/README.md."""
TWO_LINES = "import boardcert\nboardcert.run()\n"


@contextmanager
def board_in_wifi(flash: Path, firmware: Path, directory: Path) -> Iterator[VirtualBoard]:
    """Run the board kitchen on the Wi-Fi SSID, and yield it once it serves its page.

    *flash*: an image with the package, see prepared_flash.
    """
    network = VirtualNetwork(SSID, password=PASSWORD)
    shutil.copy(flash, directory / "flash.bin")
    with VirtualBoard(directory, firmware=firmware, network=network, **AT_ONCE) as board:
        board.wait_ready()
        network_file = files_on_board.wifi(network.ssid, network.password)
        main = {files_on_board.MAIN: TWO_LINES.encode()}
        files_on_board.put(board, files_on_board.KITCHEN | network_file | main)
        board.forget_stack()
        board.reset()
        board.network.wait_listening(PAGE, TIMEOUT_S)
        yield board


def connect(board: VirtualBoard, port: int = PAGE) -> http.client.HTTPSConnection:
    """Return a connection to the board's *port*; the first request opens it."""
    return _connection(board.network.address(port))


def _connection(address: tuple[str, int]) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(*address, timeout=TIMEOUT_S, context=unverified_context())


def get(board: VirtualBoard, path: str = "/", port: int = PAGE) -> tuple[int, bytes]:
    """Return the status and the content of one request over a connection of its own."""
    connection = connect(board, port)
    try:
        connection.request("GET", path, headers={"Host": "kitchen.local", "Connection": "close"})
        with connection.getresponse() as answer:
            return answer.status, answer.read()
    finally:
        connection.close()


def report_at(address: tuple[str, int], deadline: float) -> dict:
    """Return /api/identity of the page at *address*; retry until it listens, or *deadline*."""
    while True:
        connection = _connection(address)
        try:
            connection.request("GET", "/api/identity", headers={"Connection": "close"})
            with connection.getresponse() as answer:
                return json.loads(answer.read())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        finally:
            connection.close()


def save_certificate(board: VirtualBoard, file: Path, port: int = PAGE) -> Path:
    """Save the certificate that the board serves to *file*, in PEM."""
    pem = ssl.get_server_certificate(board.network.address(port), timeout=TIMEOUT_S)
    file.write_text(pem)
    return file
