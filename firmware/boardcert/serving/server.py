"""The accept loop: TLS connections to one handler, each with limits, isolated from the others."""

# The stubs leave out asyncio.core and Stream.s, and that generators can be awaited here.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false

import asyncio
import gc
import socket
import sys
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from .. import EntropyError
from ..transport import tls_reserve
from ..transport.connection import Connection, Limits, waiting

_IPPROTO_TCP = 6
_ENOMEM = 12

# Who waits for room looks for it so often,
_PAUSE_MS = 100
# lets the certificate follow at each so many looks,
_RENEWAL_LOOKS = 10
# and so often for what prevents all connections, when it lasts,
_LASTING_PAUSE_MS = 1000
# and when nobody is connected, so many times: what has just ended may take a moment.
_MAX_WAITS = 7

# The servers that run: they share the spare memory.
servers = []
_guarded = None  # asyncio's queue of streams, once it is guarded.


class Server(Limits):
    """Serve one identity, until cancelled: no failure of one connection or renewal ends it.

    *identity*: anything with follow() and server_context(); None: without TLS. *clients*: None for
    anyone, else a mutual_tls.PeerCheck. *limits*: see connection.Limits. No argument is checked
    here, see serving and programs: this stays in memory. Connections are counted: `accepted`;
    `refused`, those not begun for lack of memory; and `failed`, those ended by an exception or a
    limit. A client that does not fit waits to be accepted; a silent one makes room, see
    connection.Connection.yields.
    """

    renewal_pause_ms = 60_000
    """From a renewal of the certificate that failed to the next attempt."""

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
                # Not before: what clients send until they are taken is handed over late.
                listener.listen(self.backlog)
                await self._repeat(self._accept, listener, handler)
            finally:
                await self._stop(reaper)
        finally:
            listener.close()

    async def run_stream(self, app, line) -> None:
        """Serve one call after another of the serial_line *line*, until cancelled."""
        reaper = asyncio.create_task(self._reap())
        try:
            await self._repeat(self._take_call, line, await self._prepare(app))
        finally:
            await self._stop(reaper)

    async def _prepare(self, app):
        """Do what can be done before there are clients; return what serves one with *app*."""
        servers.append(self)
        _guard_poller()
        handler = self._handler(app)
        await self._renew()
        self._hold_spare()
        return handler

    async def _repeat(self, take, source, handler) -> None:
        """Take connections from *source*, whatever fails."""
        while True:
            try:
                await take(source, handler)
                self._recovered_from = None
            except Exception as error:  # noqa: BLE001 (memory, mostly; the next may fit)
                await self._recover(error)

    def _handler(self, app):
        """Return what serves a connection with *app*."""
        if not hasattr(app, "dispatch_request"):  # Not a Microdot app.
            return getattr(app, "handle_request", app)
        from .microdot_exchange import serve_app

        return lambda connection, _: serve_app(app, connection)

    async def _accept(self, listener: socket.socket, handler) -> None:
        """Take one connection from *listener*, and serve it, or close it when it cannot fit."""
        await _readable(listener)
        # While nobody is connected there is room, as a rule. What a client has sent before it is
        # taken, lwIP hands over at its next look only: up to 250 ms later.
        taken = [] if waiting or is_anyone_connected() else [self._take(listener)]
        try:
            if not await self._begin_when_it_fits(taken, listener, handler):
                taken = taken or [self._take(listener)]
                raise MemoryError("not enough memory")
        except BaseException:  # Also when the server ends.
            if taken:
                taken[0][0].close()
            raise

    async def _begin_when_it_fits(self, taken: list, listener: socket.socket, handler) -> bool:
        """Wait for others to end, as long as a client likes; for nobody, a moment.

        Return whether the client has begun: the one *taken*, or the next of *listener*.
        """
        looks = waits = 0
        try:
            while True:
                if not looks % _RENEWAL_LOOKS:
                    await self._renew()
                looks += 1
                if self._begin(taken, listener, handler):
                    return True
                if waits == _MAX_WAITS:
                    return False
                if self not in waiting:
                    waiting.append(self)
                waits = 0 if is_anyone_connected() or not self._has_turn() else waits + 1
                await asyncio.sleep_ms(_PAUSE_MS)
        finally:
            if self in waiting:
                waiting.remove(self)

    def _begin(self, taken: list, listener: socket.socket, handler) -> bool:
        """Begin a client if there is room now, if need be in place of one that makes room.

        Nothing waits here: another server would take the room. Return whether it has begun.
        """
        if not self._has_turn() or not (self.fits() or (self._end_one() and self.fits())):
            return False
        if not taken:
            taken.append(self._take(listener))
        connection, peer = taken[0]
        connection.setblocking(False)
        # Or each handshake waits for delayed acknowledgements: 40 ms and more.
        connection.setsockopt(_IPPROTO_TCP, getattr(socket, "TCP_NODELAY", 1), 1)
        try:
            self._start(connection, peer, handler)
        except (MemoryError, OSError) as error:
            if isinstance(error, OSError) and error.errno != _ENOMEM:
                raise
            # There is enough, and no piece is large enough for TLS: the next look may find one.
            gc.collect()
            self._end_one()
            self._hold_spare()
            return False
        return True

    def _has_turn(self) -> bool:
        """Return whether no other server waits for longer for the same memory, or less of it.

        Otherwise a client that keeps connecting to one server would shut out those of another.
        """
        for each in waiting:
            if (
                (each._identity is None) == (self._identity is None)
                and len(each._open) < each.max_connections
                and each.connection_bytes <= self.connection_bytes
            ):
                return each is self
        return True

    def _take(self, listener: socket.socket) -> tuple:
        """Accept from *listener*; when there is no socket for it, end one that makes room."""
        try:
            return listener.accept()
        except OSError:
            self._end_one()
            raise

    def _end_one(self) -> bool:
        """End the connection that is idle for longest of those that make room, of any server."""
        found = [(server, one) for server in servers for one in server._open if one.yields()]
        if found:
            server, connection = max(found, key=lambda pair: pair[1].idle_ms())
            server.end(connection)
        return bool(found)

    def make_room(self, wanted_bytes: int) -> None:
        """End connections without a request until *wanted_bytes* of the heap are free.

        Those that are still shaking hands go last.
        """
        tls_reserve.lend(wanted_bytes)
        idle = [one for one in self._open if one.is_waiting or not one.has_spoken]
        for connection in sorted(idle, key=lambda one: not one.yields()):
            if tls_reserve.heap_free_bytes(wanted_bytes) < wanted_bytes:
                self.end(connection)

    def fits(self) -> bool:
        """Return whether there is the memory for one more connection."""
        if len(self._open) >= self.max_connections:
            return False
        wanted = self.connection_bytes
        if self._identity:
            # First: a page that is being answered may have what was held, see tls_reserve.lend.
            if not tls_reserve.size_bytes() and tls_reserve.tls_free_bytes(wanted) < wanted:
                return False
            if not self._hold_spare():  # Only now, on a board whose radio was not on before.
                return False
            wanted -= tls_reserve.size_bytes()
        return tls_reserve.tls_free_bytes(wanted) >= wanted

    def _hold_spare(self) -> bool:
        """Hold the memory that the next connection by TLS takes; see tls_reserve.hold."""
        secure = [server._open for server in servers if server._identity]
        return self in servers and bool(secure) and tls_reserve.hold(sum(map(len, secure)))

    async def _take_call(self, line, handler) -> None:
        await line.answer()
        await self._renew()
        try:
            await asyncio.gather(self._start(line, None, handler), return_exceptions=True)
        finally:
            await line.hang_up()

    def _start(self, raw, peer, handler) -> asyncio.Task:
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
        tls_reserve.release()  # Nothing but TLS is to come to lie there.
        secure = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        if self._clients is not None:
            return self._clients.connection(secure, raw, peer, self, context)
        return Connection(secure, raw, peer, self)

    async def _renew(self) -> None:
        """Let the certificate follow date and address; when that fails, the old one serves on.

        From a task of its own: signing needs the whole stack of a Pico.
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
        """Go on after *error*: count it, show it unless it lasts, make room."""
        self.refused += 1
        lasts = isinstance(error, OSError) and repr(error) == self._recovered_from
        self._recovered_from = repr(error)
        if not lasts:
            sys.print_exception(error)
        # A wait that could not be begun has left the stream registered with this task.
        asyncio.core._io_queue.remove(asyncio.current_task())
        gc.collect()
        self._hold_spare()
        await asyncio.sleep_ms(_LASTING_PAUSE_MS if lasts else _PAUSE_MS)  # Let others run.

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
        """End *connection* now; its task, which may not have begun yet, would do so later."""
        self._open[connection].cancel()
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        """Close *connection*, for the first time or again; its memory is for the next one."""
        self._open.pop(connection, None)  # Without memory, it did not get there.
        connection.end()
        self._hold_spare()

    async def _stop(self, reaper: asyncio.Task) -> None:
        reaper.cancel()
        for connection in list(self._open):
            self.end(connection)
        servers.remove(self)
        if not servers:
            tls_reserve.release_all()
        await asyncio.sleep(0)


def is_anyone_connected() -> bool:
    """Return whether any server has a connection."""
    return any([server._open for server in servers])


def _guard_poller() -> None:
    """Let a stream that cannot be polled any more fail by itself, not the whole event loop.

    It is another's, or one that was closed while a task of the application waits for it.
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


def _readable(stream):
    """Wait until *stream* can be read, as asyncio's own server does."""
    yield asyncio.core._io_queue.queue_read(stream)
