"""A client that presents its certificate to the board, over TLS on UART0."""

import hashlib
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from boardcert_host.certificates.certificate import public_key_pin
from boardcert_host.verify.tls_probe import unverified_context
from boardcert_host.virtual import VirtualBoard
from certificates import Identity, make

# Greet clients whose key has the pin {pin} by their certificates.
_MAIN = """
import asyncio, hashlib
import boardcert
me = boardcert.identity()
from machine import UART, Pin

async def handle(reader, writer):
    await reader.read(1)
    writer.write(hashlib.sha256(writer.get_extra_info("peercert")).digest())

uart = UART(0, 921_600, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=4096, timeout=0)
line = boardcert.ModemLine(uart, Pin(2, Pin.IN), Pin(3, Pin.OUT))
asyncio.run(boardcert.serve_stream(handle, line, client_pins=["{pin}"]))
"""


@pytest.fixture
def served(
    installed: Callable[..., VirtualBoard], tmp_path: Path
) -> tuple[tuple[str, int], Identity]:
    """Return the address of a board that serves one client, and that client."""
    client = make()
    board = installed(pace="idle")
    board.exec("import boardcert; boardcert.identity()")
    main = tmp_path / "main.py"
    main.write_text(_MAIN.format(pin=public_key_pin(client.key)))
    board.mpremote("fs", "cp", str(main), ":main.py")
    board.reset()
    return board.uart_address, client


def _ask(address: tuple[str, int], client: Identity | None, directory: Path) -> bytes:
    """Return the answer that this client gets; empty if it is refused."""
    context = unverified_context()
    if client:
        chain = directory / "client.pem"
        chain.write_bytes(client.key_pem() + ssl.DER_cert_to_PEM_cert(client.der).encode())
        context.load_cert_chain(chain)
    with socket.create_connection(address, timeout=60) as raw:
        try:
            with context.wrap_socket(raw) as secure:
                secure.sendall(b"?")
                return secure.recv(100)
        except (ssl.SSLError, ConnectionError):
            return b""


def test_a_pinned_client_is_known_to_the_board(
    served: tuple[tuple[str, int], Identity], tmp_path: Path
) -> None:
    """Another client, or one without a certificate, is refused and does not disturb the next."""
    address, client = served
    _expect_answer(address, client, tmp_path)
    for other in (make(), None):
        assert _ask(address, other, tmp_path) == b""
        _expect_answer(address, client, tmp_path)


def _expect_answer(address: tuple[str, int], client: Identity, directory: Path) -> None:
    """Retry until the board, which may still boot or hang up, answers this client."""
    deadline = time.monotonic() + 60
    while _ask(address, client, directory) != hashlib.sha256(client.der).digest():
        assert time.monotonic() < deadline
        time.sleep(0.5)
