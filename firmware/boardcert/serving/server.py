"""A server: TLS connections to one handler, each with limits, isolated from the others."""

# The stubs leave out asyncio.core.
# pyright: reportAttributeAccessIssue=false

import asyncio
import gc
import socket
import sys
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from micropython import const

from .. import EntropyError
from ..transport import tls_reserve
from ..transport.connection import Connection
from ..transport.limits import Limits
from .accepting import accept_client, answer_call
from .sharing import hold_spare, servers

# After a failure to accept, and after one that lasts.
_RECOVERY_MS = const(100)
_LASTING_MS = const(1000)
_guarded = None  # asyncio's queue of streams, once it is guarded.


class Server(Limits):
    """Serve one identity, until cancelled: no failure of one connection or renewal ends it.

    *identity*: anything with follow() and server_context(); None: without TLS. *clients*: None for
    anyone, else a mutual_tls.PeerCheck. *limits*: see limits.Limits. No argument is checked
    here, see serving and programs: this stays in memory. Connections are counted: `accepted`;
    `refused`, those not begun for lack of memory; and `failed`, those ended by an exception or a
    limit. A client that does not fit waits to be accepted; a silent one makes room, see
    connection.Connection.yields.
    """

    renewal_pause_ms = 60_000
    """From a failed renewal of the certificate to the next attempt."""

    def __init__(self, identity, clients=None, **limits) -> None:
        for name in limits:
            setattr(self, name, limits[name])
        self.accepted = self.refused = self.failed = 0
        self._identity = identity
        self._clients = clients
        self._renewal_failed = None
        self._recovered_from = None
        self._open = {}

    async def run(self, app, port: int, host: str) -> None:
        """Accept connections until cancelled, then close all; OSError without the port."""
        address = socket.getaddrinfo(host, port)[0]
        listener = socket.socket(address[0])
        try:
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address[-1])
            reaper = asyncio.create_task(self._reap())
            try:
                handler = await self._prepare(app)
                # Not earlier: what clients send before they are accepted is handed over late.
                listener.listen(self.backlog)
                # From a task of its own: making the TLS context takes 2.5 KB of a Pico's stack.
                await asyncio.create_task(self._repeat(accept_client, listener, handler))
            finally:
                await self._stop(reaper)
        finally:
            listener.close()

    async def run_stream(self, app, line) -> None:
        """Serve one call after another of the serial_line *line*, until cancelled."""
        reaper = asyncio.create_task(self._reap())
        try:
            handler = await self._prepare(app)
            await asyncio.create_task(self._repeat(answer_call, line, handler))
        finally:
            await self._stop(reaper)

    async def _prepare(self, app):
        """Do what can be done before there are clients; return the handler for *app*."""
        servers.append(self)
        _guard_poller()
        handler = self._handler(app)
        await self.renew()
        hold_spare(self)
        return handler

    async def _repeat(self, take, source, handler) -> None:
        """Call *take* for each connection from *source*, whatever fails."""
        while True:
            try:
                await take(self, source, handler)
                self._recovered_from = None
            except Exception as error:  # noqa: BLE001 (memory, mostly; the next may fit)
                await self._recover(error)

    def _handler(self, app):
        """Return the coroutine function that serves a connection with *app*."""
        if not hasattr(app, "dispatch_request"):  # Not a Microdot app.
            return getattr(app, "handle_request", app)
        from .microdot_exchange import serve_app

        return lambda connection, _: serve_app(app, connection)

    def make_room(self, wanted_bytes: int) -> None:
        """End connections without a request until *wanted_bytes* of the heap are free.

        Those that are still shaking hands go last.
        """
        tls_reserve.lend(wanted_bytes)
        idle = [one for one in self._open if one.is_waiting or not one.has_spoken]
        for connection in sorted(idle, key=lambda one: not one.yields()):
            if tls_reserve.heap_free_bytes(wanted_bytes) < wanted_bytes:
                self.end(connection)

    def start(self, raw, peer, handler) -> asyncio.Task:
        """Begin TLS on the stream *raw* with *peer*, and return the task that serves it."""
        connection = self._wrap(raw, peer)
        task = asyncio.create_task(self._serve(connection, handler))
        self._open[connection] = task
        self.accepted += 1
        return task

    def _wrap(self, raw, peer) -> Connection:
        if not self._identity:
            return Connection(raw, raw, peer, self)
        context = self._identity.server_context(self._clients)
        tls_reserve.release()  # Right before TLS takes it: nothing else is to be allocated there.
        secure = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        if self._clients is not None:
            return self._clients.connection(context, secure, raw, peer, self)
        return Connection(secure, raw, peer, self)

    async def renew(self) -> None:
        """Let the certificate follow date and address; if that fails, the old one is still served.

        In a task of its own: signing needs the whole stack of a Pico.
        """
        failed = self._renewal_failed
        if failed is not None and 0 <= ticks_diff(ticks_ms(), failed) < self.renewal_pause_ms:
            return
        self._renewal_failed = None
        try:
            await asyncio.create_task(self._follow())
        except Exception as error:  # noqa: BLE001 (noise, flash, memory, a fault: no matter what)
            self._renewal_failed = ticks_ms()
            sys.print_exception(error)
            gc.collect()

    async def _follow(self) -> None:
        if self._identity:
            self._identity.follow()

    async def _recover(self, error: Exception) -> None:
        """Continue after *error*: count it, print it unless it lasts, and make room."""
        self.refused += 1
        lasts = isinstance(error, OSError) and repr(error) == self._recovered_from
        self._recovered_from = repr(error)
        if not lasts:
            sys.print_exception(error)
        # A wait that could not begin has left the stream registered with this task.
        asyncio.core._io_queue.remove(asyncio.current_task())
        gc.collect()
        hold_spare(self)
        await asyncio.sleep_ms(_LASTING_MS if lasts else _RECOVERY_MS)  # Let others run.

    async def _serve(self, connection: "Connection", handler) -> None:
        """Run *handler*; whatever it raises ends this connection only."""
        try:
            await handler(connection, connection)
            await connection.drain()
        except Exception as error:  # noqa: BLE001 (an application may raise anything)
            self.failed += 1
            if connection.has_spoken and not isinstance(error, (OSError, EOFError)):
                sys.print_exception(error)
        finally:
            self._close(connection)

    async def _reap(self) -> None:
        """Once a second, end connections whose time is up; all, if noise fails its tests."""
        while True:
            await asyncio.sleep(1)
            try:
                for connection in list(self._open):
                    if connection.is_overdue():
                        self.failed += 1
                        self.end(connection)
                if self._open and self._identity:  # What TLS draws on is tested each hour.
                    self._identity.server_context(self._clients)
            except Exception as error:  # noqa: BLE001 (again in a second)
                if isinstance(error, EntropyError):
                    for connection in list(self._open):
                        self.end(connection)
                sys.print_exception(error)
                gc.collect()

    def is_answering(self) -> bool:
        """Return whether a request is still being answered."""
        return any([each.has_spoken and not each.is_waiting for each in self._open])

    def end(self, connection: Connection) -> None:
        """End *connection* now; its task, which may not have begun, would do so later."""
        self._open[connection].cancel()
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        """Close *connection*, which may be closed already; hold its memory for the next one."""
        self._open.pop(connection, None)  # It is not there if memory was short.
        connection.end()
        hold_spare(self)

    async def _stop(self, reaper: asyncio.Task) -> None:
        reaper.cancel()
        for connection in list(self._open):
            self.end(connection)
        servers.remove(self)
        if not servers:
            tls_reserve.release_all()
        await asyncio.sleep(0)


def _guard_poller() -> None:
    """Make a stream that can no longer be polled fail by itself, not end the whole event loop.

    It belongs to the application, or was closed while one of its tasks waits for it.
    """
    global _guarded
    queue = asyncio.core._io_queue
    if _guarded is queue:
        return
    _guarded = queue
    wait = queue.wait_io_event

    def wait_io_event(time_ms: int) -> None:
        try:
            wait(time_ms)
        except OSError:
            from ..transport.poll_repair import repair

            repair(queue)

    queue.wait_io_event = wait_io_event
