"""The accept loop: TLS connections to one handler, each with its limits and its own fate."""

# The stubs leave out asyncio.core and Stream.s, and that generators can be awaited here.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false

import asyncio
import gc
import socket
import sys

from .board import ticks_diff, ticks_ms

_LIMITS = ("max_connections", "handshake_timeout_ms", "idle_timeout_ms")


class Server:
    """Serve one identity, until cancelled: no failure of one connection or renewal ends it.

    *identity*: anything with follow() and server_context(). *limits*: the first three of the
    attributes below; ValueError for another name, or for less than one.
    """

    max_connections = 4
    """Connections at once; each holds about 21 KB. One more is closed unheard."""

    handshake_timeout_ms = 10_000
    """From accepting a connection to the first bytes of its first request."""

    idle_timeout_ms = 30_000
    """Between two pieces of data from the client, or taken by it, after the first."""

    backlog = 4
    """Connections that wait in the network stack meanwhile."""

    renewal_pause_ms = 60_000
    """From a renewal of the certificate that failed to the next attempt."""

    def __init__(self, identity, **limits) -> None:
        for name in limits:
            if name not in _LIMITS or limits[name] < 1:
                raise ValueError(f"not a limit of a server: {name}={limits[name]!r}")
            setattr(self, name, limits[name])
        self.refused = self.failed = 0
        self._identity = identity
        self._renewal_failed = None
        self._open = {}

    async def run(self, app, port: int, host: str) -> None:
        """Accept connections until cancelled, then close all; OSError without the port."""
        listener = _listen(host, port, self.backlog)
        reaper = asyncio.create_task(self._reap())
        try:
            await self._repeat(self._accept, listener, app)
        finally:
            listener.close()
            await self._stop(reaper)

    async def run_stream(self, app, line) -> None:
        """Serve one call after another of the serial_line *line*, until cancelled."""
        reaper = asyncio.create_task(self._reap())
        try:
            await self._repeat(self._take_call, line, app)
        finally:
            await self._stop(reaper)

    async def _repeat(self, take, source, app) -> None:
        """Take connections from *source*, whatever fails."""
        handler = getattr(app, "handle_request", app)
        self._renew()
        while True:
            try:
                await take(source, handler)
            except Exception as error:  # noqa: BLE001 (memory, mostly; the next may fit)
                await self._recover(error)

    async def _accept(self, listener: socket.socket, handler) -> None:
        """Take one connection from *listener*, and serve it or close it at once."""
        await _readable(listener)
        connection, peer = listener.accept()
        if len(self._open) >= self.max_connections:
            self.refused += 1
            connection.close()
            return
        try:
            connection.setblocking(False)
            self._start(connection, peer, handler)
        except Exception:
            connection.close()
            raise

    async def _take_call(self, line, handler) -> None:
        await line.answer()
        try:
            await asyncio.gather(self._start(line, None, handler), return_exceptions=True)
        finally:
            await line.hang_up()

    def _start(self, raw, peer, handler) -> asyncio.Task:
        """Begin TLS on the stream *raw* with *peer*, and return the task that serves it."""
        self._renew()
        context = self._identity.server_context()
        secure = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        connection = Connection(secure, raw, peer)
        task = asyncio.create_task(self._serve(connection, handler))
        self._open[connection] = task
        return task

    def _renew(self) -> None:
        """Let the certificate follow date and address; when that fails, the old one serves on."""
        failed = self._renewal_failed
        if failed is not None and 0 <= ticks_diff(ticks_ms(), failed) < self.renewal_pause_ms:
            return
        self._renewal_failed = None
        try:
            self._identity.follow()
        except Exception as error:  # noqa: BLE001 (noise, flash, memory, a fault: no matter what)
            self._renewal_failed = ticks_ms()
            sys.print_exception(error)
            gc.collect()

    async def _recover(self, error: Exception) -> None:
        """Go on after *error*: count it, show it, make room."""
        self.refused += 1
        sys.print_exception(error)
        # A wait that could not be begun has left the stream registered with this task.
        asyncio.core._io_queue.remove(asyncio.current_task())
        gc.collect()
        await asyncio.sleep_ms(100)  # It may last: let others run.

    async def _serve(self, connection: "Connection", handler) -> None:
        """Run *handler*; whatever it raises ends this connection only."""
        try:
            await handler(connection, connection)
        except Exception as error:  # noqa: BLE001 (an application may raise anything)
            self.failed += 1
            if connection.has_spoken and not isinstance(error, (OSError, EOFError)):
                sys.print_exception(error)
        finally:
            self._open.pop(connection, None)  # Without memory, it did not get there.
            connection.end()

    async def _reap(self) -> None:
        """End connections whose time is up, once a second."""
        while True:
            await asyncio.sleep(1)
            try:
                self._end_overdue()
            except Exception as error:  # noqa: BLE001 (again in a second)
                sys.print_exception(error)
                gc.collect()

    def _end_overdue(self) -> None:
        for connection, task in list(self._open.items()):
            has_spoken = connection.has_spoken
            limit_ms = self.idle_timeout_ms if has_spoken else self.handshake_timeout_ms
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
    """A stream that knows when its client last sent or took something.

    *peer*: its address, for get_extra_info("peername"), or None; Microdot asks.
    """

    def __init__(self, secure, raw, peer) -> None:
        super().__init__(secure, {"peername": peer})
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

    def write(self, buf) -> None:
        """As asyncio.StreamWriter.write."""
        waiting = len(self.out_buf)
        super().write(buf)
        if len(self.out_buf) < waiting + len(buf):
            self.last_heard = ticks_ms()

    def drain(self):
        """As asyncio.StreamWriter.drain, but each piece counts: a long answer takes its time."""
        if not self.out_buf:
            yield from super().drain()
        data = memoryview(self.out_buf)
        sent = 0
        while sent < len(data):
            yield asyncio.core._io_queue.queue_write(self.s)
            count = self.s.write(data[sent:])
            if count:
                sent += count
                self.last_heard = ticks_ms()
        self.out_buf = b""

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
