"""Sockets on which a whole call has one time limit, however slowly the other side drips bytes.

A socket's own timeout begins anew with every byte that arrives.
"""

import socket
import ssl
import time
from typing import cast


class Deadline:
    """A moment, *timeout_s* seconds after it was made."""

    def __init__(self, timeout_s: float) -> None:
        self._end = time.monotonic() + timeout_s

    def remaining_s(self) -> float:
        """Return the seconds that are left. Raises TimeoutError when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


class TimedSSLSocket(ssl.SSLSocket):
    """An SSLSocket whose operations together end by its deadline, which `open_tls` sets."""

    deadline: Deadline | None = None
    """None while it is made: where the other side has reset the connection, ssl receives then."""

    def _limit(self) -> None:
        if self.deadline is not None:
            self.settimeout(self.deadline.remaining_s())

    def recv_into(self, *arguments: object, **more: object) -> int:
        """Receive, as files made of this socket do."""
        self._limit()
        return super().recv_into(*arguments, **more)  # pyright: ignore[reportArgumentType]

    def recv(self, *arguments: object, **more: object) -> bytes:
        """Receive."""
        self._limit()
        return super().recv(*arguments, **more)  # pyright: ignore[reportArgumentType]

    def send(self, *arguments: object, **more: object) -> int:
        """Send, also for sendall."""
        self._limit()
        return super().send(*arguments, **more)  # pyright: ignore[reportArgumentType]


def open_tls(
    context: ssl.SSLContext, host: str, port: int, deadline: Deadline, server_name: str
) -> TimedSSLSocket:
    """Connect and shake hands; what is sent and received from then on has the same *deadline*.

    Raises OSError: TimeoutError, ssl.SSLError, and what connecting raises.
    """
    plain = _connect(host, port, deadline)
    try:
        context.sslsocket_class = TimedSSLSocket
        wrapped = context.wrap_socket(
            plain, server_hostname=server_name, do_handshake_on_connect=False
        )
    except BaseException:
        plain.close()
        raise
    secure = cast(TimedSSLSocket, wrapped)
    try:
        secure.deadline = deadline
        secure.settimeout(deadline.remaining_s())
        secure.do_handshake()  # OpenSSL's, of which the timeout is for the whole.
    except BaseException:
        secure.close()
        raise
    return secure


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of *host* that answers, as socket.create_connection does."""
    failure: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(deadline.remaining_s())
            plain.connect(address)
            return plain
        except OSError as error:
            plain.close()
            failure = error
    raise failure or OSError("no address")
