"""TLS clients of servers on loopback; they accept every certificate."""

import contextlib
import socket
import ssl

from boardcert_host.verify.tls_probe import unverified_context


def connect(port: int, timeout_s: float = 60) -> ssl.SSLSocket:
    """Shake hands with the server at *port*."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    return unverified_context().wrap_socket(raw)


def client_hello() -> bytes:
    """Return the first record of a handshake."""
    sent = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        unverified_context().wrap_bio(ssl.MemoryBIO(), sent).do_handshake()
    return sent.read()


def read_all(client: socket.socket) -> bytes:
    """Return what the server sends until it closes."""
    received = b""
    while piece := client.recv(65536):
        received += piece
    return received


def wait_closed(client: socket.socket) -> None:
    """Read until the server closes; a reset counts as closed, silence does not."""
    with contextlib.suppress(ConnectionError):
        read_all(client)
