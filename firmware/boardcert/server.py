"""The accept loop: TLS connections to one handler, each with its limits and its own fate."""

# The stubs leave out asyncio.core and Stream.s, and that generators can be awaited here.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false

import asyncio
import socket
import sys

from . import Error
from .board import ticks_diff, ticks_ms


class Server:
    """Serve one identity. The limits are attributes: set them before `run`.

    *identity*: anything with follow() and server_context().
    """

    max_connections = 4
    """Connections at once; each holds about 21 KB. One more is closed unheard."""

    handshake_timeout_ms = 10_000
    """From accepting a connection to the first bytes of its first request."""

    idle_timeout_ms = 30_000
    """Between two pieces of data from the client, after the first."""

    backlog = 4
    """Connections that wait in the network stack meanwhile."""

    def __init__(self, identity) -> None:
        self.refused = 0
        self.failed = 0
        self._identity = identity
        self._open = {}

    async def run(self, app, port: int, host: str) -> None:
        """Accept connections until cancelled; then close every one of them.

        Raises OSError when the port cannot be had, and what Identity.follow raises.
        """
        self._identity.follow()
        handler = getattr(app, "handle_request", app)
        listener = _listen(host, port, self.backlog)
        reaper = asyncio.create_task(self._reap())
        try:
            while True:
                await _readable(listener)
                self._accept(listener, handler)
        finally:
            listener.close()
            await self._stop(reaper)

    async def run_stream(self, app, line) -> None:
        """Serve one connection after another over a serial line, see serial_line, until cancelled.

        The stream's `answer()` waits for a caller, its `hang_up()` ends the call.
        """
        self._identity.follow()
        handler = getattr(app, "handle_request", app)
        reaper = asyncio.create_task(self._reap())
        try:
            while True:
                await line.answer()
                try:
                    task = self._start(line, handler)
                    await asyncio.gather(task, return_exceptions=True)
                except (OSError, ValueError, MemoryError):
                    self.refused += 1
                await line.hang_up()
        finally:
            await self._stop(reaper)

    def _accept(self, listener: socket.socket, handler) -> None:
        """Take one connection from *listener*, and serve it or close it at once."""
        try:
            connection, _ = listener.accept()
        except OSError:  # The client has gone already.
            return
        if len(self._open) >= self.max_connections:
            self.refused += 1
            connection.close()
            return
        connection.setblocking(False)
        try:
            self._start(connection, handler)
        except (OSError, ValueError, MemoryError):
            self.refused += 1
            connection.close()

    def _start(self, raw, handler) -> asyncio.Task:
        """Begin TLS on the stream *raw*, and return the task that serves it."""
        try:
            self._identity.follow()
        except (Error, OSError) as error:  # The certificate that there is still serves.
            sys.print_exception(error)
        context = self._identity.server_context()
        secure = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        connection = Connection(secure, raw)
        task = asyncio.create_task(self._serve(connection, handler))
        self._open[connection] = task
        return task

    async def _serve(self, connection: "Connection", handler) -> None:
        """Run *handler*; whatever it raises ends this connection only."""
        try:
            await handler(connection, connection)
        except Exception as error:  # noqa: BLE001 (an application may raise anything)
            self.failed += 1
            if connection.has_spoken and not isinstance(error, (OSError, EOFError)):
                sys.print_exception(error)
        finally:
            self._open.pop(connection)
            connection.end()

    async def _reap(self) -> None:
        """End connections whose time is up, once a second."""
        while True:
            await asyncio.sleep(1)
            for connection, task in list(self._open.items()):
                spoken = connection.has_spoken
                limit_ms = self.idle_timeout_ms if spoken else self.handshake_timeout_ms
                if ticks_diff(ticks_ms(), connection.last_heard) > limit_ms:
                    self.failed += 1
                    task.cancel()

    async def _stop(self, reaper: asyncio.Task) -> None:
        reaper.cancel()
        for connection, task in list(self._open.items()):
            task.cancel()
            connection.end()  # A task that has not begun yet would not.
        await asyncio.sleep(0)


class Connection(asyncio.StreamReader):
    """A stream that knows when it last heard from its client."""

    def __init__(self, secure, raw) -> None:
        super().__init__(secure)
        self.has_spoken = False
        self.last_heard = ticks_ms()
        self._raw = raw

    def end(self) -> None:
        """Close TLS and what is under it.

        After a failed handshake, closing TLS does not close the socket. A serial line has no
        close: its call ends when it is hung up.
        """
        self.s.close()
        if hasattr(self._raw, "close"):
            self._raw.close()

    async def read(self, n: int = -1) -> bytes:
        """As asyncio.StreamReader.read."""
        return self._heard(await super().read(n))

    async def readinto(self, buf):
        """As asyncio.StreamReader.readinto (an extension of MicroPython)."""
        return self._heard(await super().readinto(buf))

    async def readexactly(self, n: int) -> bytes:
        """As asyncio.StreamReader.readexactly."""
        return self._heard(await super().readexactly(n))

    async def readline(self) -> bytes:
        """As asyncio.StreamReader.readline."""
        return self._heard(await super().readline())

    def _heard(self, data):
        if data:
            self.has_spoken = True
            self.last_heard = ticks_ms()
        return data


def _listen(host: str, port: int, backlog: int) -> socket.socket:
    address = socket.getaddrinfo(host, port)[0]
    listener = socket.socket(address[0])
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address[-1])
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def _readable(stream):
    """Wait until *stream* can be read, as asyncio's own server does."""
    yield asyncio.core._io_queue.queue_read(stream)
