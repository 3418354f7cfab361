"""Servers on loopback for tests: TLS with a given certificate, and others."""

import base64
import collections
import contextlib
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator

from boardcert_host.virtual.held_port import hold_port
from certificates import Identity

_TIMEOUT_S = 60
_TAKEN: list[socket.socket] = []
_RESERVED: collections.deque[socket.socket] = collections.deque()
_MOST_RESERVED = 100


@contextlib.contextmanager
def serving(handle: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[int]:
    """Pass each connection to *handle*, one after another, and yield the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        thread = threading.Thread(target=_accept, args=(listener, handle))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            # Closing a listener does not wake a thread in accept() everywhere; this does.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, handle: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_TIMEOUT_S)
            handle(connection)


def tls_server(
    identity: Identity,
    tmp_path: object,
    *,
    chain: tuple[Identity, ...] = (),
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    ciphers: str = "ALL:@SECLEVEL=0",
    host: str = "127.0.0.1",
) -> contextlib.AbstractContextManager[int]:
    """Serve *identity*, followed by the certificates of *chain*, with one TLS version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old TLS versions, on purpose
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    path = tmp_path / "identity.pem"
    # Not by cryptography, which refuses some certificates of the tests.
    lines = [_pem(one.der) for one in (identity, *chain)]
    path.write_bytes(identity.key_pem() + b"".join(lines))
    context.load_cert_chain(path)
    return serving(lambda connection: _shake_hands(context, connection), host)


def _pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


def _shake_hands(context: ssl.SSLContext, connection: socket.socket) -> None:
    with context.wrap_socket(connection, server_side=True) as secure:
        secure.recv(1)  # until the client closes


def refusing_port() -> int:
    """Return a port that refuses connections, and that no other process gets."""
    taken = socket.socket()
    taken.bind(("0.0.0.0", 0))  # Bound, but not listening.
    _TAKEN.append(taken)
    return taken.getsockname()[1]


def reserved_port() -> int:
    """Return a port for a later server, see `hold_port`; the last 100 of them are held."""
    holding = hold_port()
    port = holding.getsockname()[1]
    _RESERVED.append(holding)
    while len(_RESERVED) > (_MOST_RESERVED if sys.platform == "linux" else 0):
        _RESERVED.popleft().close()
    return port
