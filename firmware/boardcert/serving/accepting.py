"""Take clients from a listening socket or a serial line, once there is memory for them."""

# The stubs leave out asyncio.core, and that generators can be awaited here.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false

import asyncio
import gc
import socket

from micropython import const

from .sharing import end_one, fits, has_turn, hold_spare, is_anyone_connected, waiting_servers

_IPPROTO_TCP = const(6)
_ENOMEM = const(12)

_PAUSE_MS = 100
"""Between two looks for room."""

_RENEWAL_LOOKS = const(10)
"""Looks after which the certificate follows date and address again."""

_MAX_WAITS = const(7)
"""Looks while nobody is connected: what has just ended may take a moment."""


async def accept_client(server, listener: socket.socket, handler) -> None:
    """Take one connection from *listener*, and serve it, or close it if it cannot fit."""
    await _readable(listener)
    # While nobody is connected, there is usually room. What a client sends before it is accepted,
    # lwIP hands over at its next look only: up to 250 ms later.
    taken = [] if waiting_servers or is_anyone_connected() else [_take(listener)]
    try:
        if not await _begin_when_it_fits(server, taken, listener, handler):
            taken = taken or [_take(listener)]
            raise MemoryError("not enough memory")
    except BaseException:  # Also when the server ends.
        if taken:
            taken[0][0].close()
        raise


async def answer_call(server, line, handler) -> None:
    """Serve one call of the serial_line *line*."""
    await line.answer()
    await server.renew()
    try:
        await asyncio.gather(server.start(line, None, handler), return_exceptions=True)
    finally:
        await line.hang_up()


async def _begin_when_it_fits(server, taken: list, listener: socket.socket, handler) -> bool:
    """Wait until other connections end; a moment only if there are none.

    Return whether the client has begun: the one *taken*, or the next of *listener*.
    """
    looks = waits = 0
    try:
        while True:
            if not looks % _RENEWAL_LOOKS:
                await server.renew()
            looks += 1
            if _begin(server, taken, listener, handler):
                return True
            if waits == _MAX_WAITS:
                return False
            if server not in waiting_servers:
                waiting_servers.append(server)
            waits = 0 if is_anyone_connected() or not has_turn(server) else waits + 1
            await asyncio.sleep_ms(_PAUSE_MS)
    finally:
        if server in waiting_servers:
            waiting_servers.remove(server)


def _begin(server, taken: list, listener: socket.socket, handler) -> bool:
    """Begin a client if there is room now, if need be in place of one that makes room.

    Nothing waits here: another server would take the room. Return whether it has begun.
    """
    if not has_turn(server) or not (fits(server) or (end_one() and fits(server))):
        return False
    if not taken:
        taken.append(_take(listener))
    connection, peer = taken[0]
    connection.setblocking(False)
    # Otherwise each handshake waits for delayed acknowledgements: 40 ms and more.
    connection.setsockopt(_IPPROTO_TCP, getattr(socket, "TCP_NODELAY", 1), 1)
    try:
        server.start(connection, peer, handler)
    except (MemoryError, OSError) as error:
        if isinstance(error, OSError) and error.errno != _ENOMEM:
            raise
        # There is enough, but no piece is large enough for TLS: the next look may find one.
        gc.collect()
        end_one()
        hold_spare(server)
        return False
    return True


def _take(listener: socket.socket) -> tuple:
    """Accept from *listener*; if there is no socket for it, end a connection that makes room."""
    try:
        return listener.accept()
    except OSError:
        end_one()
        raise


def _readable(stream):
    """Wait until *stream* can be read, as asyncio's own server does."""
    yield asyncio.core._io_queue.queue_read(stream)
