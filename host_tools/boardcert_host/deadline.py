"""One time limit for a whole call, however slowly the other side or a name server answers.

A socket's own timeout starts again with every byte that arrives, and looking up a name has none.
"""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import TypeVar, cast

_Result = TypeVar("_Result")


class Deadline:
    """A moment, *timeout_s* seconds after it was made."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def remaining_s(self) -> float:
        """Return the seconds that are left. Raises TimeoutError when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def wait_for(self, function: Callable[[], _Result]) -> _Result:
        """Return function(), for what blocks and takes no timeout itself; what it raises passes.

        It runs in a thread of its own, which is left to itself when the time is up: TimeoutError.
        """
        outcome: queue.SimpleQueue[tuple[_Result | None, BaseException | None]]
        outcome = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome.put((function(), None))
            except BaseException as error:  # noqa: BLE001 (it is raised below)
                outcome.put((None, error))

        limit_s = self.remaining_s()
        threading.Thread(target=run, daemon=True).start()  # Which does not hold up the exit.
        try:
            result, failure = outcome.get(timeout=limit_s)
        except queue.Empty:
            raise TimeoutError("timed out") from None
        if failure is not None:
            raise failure
        return cast(_Result, result)


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
    found = deadline.wait_for(lambda: socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
    for family, kind, protocol, _, address in found:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(deadline.remaining_s())
            plain.connect(address)
            return plain
        except OSError as error:
            plain.close()
            failure = error
    raise failure or OSError("no address")
