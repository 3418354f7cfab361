"""One exchange of HTTP/1.1 after another over one connection (RFC 9112).

Each TLS handshake costs a board half a second, so connections are kept open. The end of a request
is determined here and in http_head alone; whatever leaves it in doubt is refused and ends the
connection. The page and Microdot each answer by a subclass of Exchange.
"""

import asyncio
import gc
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from micropython import const

from ..transport.connection import read_exactly
from ..transport.limits import LimitError
from .http_head import Head, read_head
from .http_refusal import RequestError, end_with, linger
from .sharing import waiting_servers

# A body up to this size is copied, to be sent in one TLS record with the head.
_SMALL_BYTES = 1024
# An empty ping of a WebSocket (RFC 6455, 5.5.2), which every client answers.
_PING = b"\x89\x00"
# The states of an answer after NOT_BEGUN: what follows its head.
_NO_BODY = 1
_BY_LENGTH = 2
_CHUNKED = 3
_UNTIL_CLOSED = 4
_UPGRADED = 5  # Another protocol, both ways, until the connection ends.
# How often, and with what pause, a request that lacks memory is tried again.
_ATTEMPTS = 50
_PAUSE_MS = 100


async def serve(make, connection) -> None:
    """Answer each request by make(connection, lines), an Exchange, until one ends it."""
    try:
        while True:
            lines = await read_head(connection)
            if not lines:
                return
            exchange = await _make(make, connection, lines)
            lines = None  # A browser's are 1 KB.
            connection.is_waiting = False
            await exchange.answer()
            if not await exchange.finish():
                return
            connection.is_waiting = True
    except RequestError as error:
        await end_with(connection, error.status)


async def _make(make, connection, lines: list):
    """Return make(connection, lines); wait for its memory, which another request may hold."""
    for _ in range(_ATTEMPTS):
        try:
            return make(connection, lines)
        except MemoryError:
            gc.collect()
        await asyncio.sleep_ms(_PAUSE_MS)
    return make(connection, lines)


NOT_BEGUN = const(0)


class Exchange:
    """One request and its answer, which answer() of a subclass gives by begin() and write().

    *lines*: the request's head; *wanted*: the headers that `head` is to contain. RequestError if
    the head is invalid, or the body too large.
    """

    def __init__(self, connection, lines: list, wanted: tuple = ()) -> None:
        self.connection = connection
        self.head = head = Head(lines, wanted)
        if head.length > connection.limits.max_body_bytes:
            raise RequestError(413)
        self.is_kept = head.is_kept
        """Whether another request may follow. The handler may set it to False, before begin()."""
        self._to_read = head.length  # Of the request's body.
        self._body_time_ms = connection.limits.body_timeout_ms
        self._expects = head.expects
        self.state = NOT_BEGUN
        """Of the answer: NOT_BEGUN, until its head is complete; then what follows that."""
        self._answer_head = b""  # Of the answer, until it is sent.
        self._to_write = 0  # Of the answer's body, where its length is known.

    async def read(self, n: int = -1) -> bytes:
        """Return up to *n* bytes of the body, or of what follows an upgrade; b"" at its end."""
        if self.state == _UPGRADED:
            return await self.connection.read(n)
        if not self._to_read:
            return b""
        if self._expects:
            self._expects = False
            self.connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await self.connection.drain()
        began = ticks_ms()
        self.connection.allow(self._body_time_ms)
        data = await self.connection.read(self._to_read if n < 0 else min(n, self._to_read))
        self.connection.allow(None)
        if not data:
            raise OSError(104)  # ECONNRESET, which Microdot passes over
        self._to_read -= len(data)
        self._pay(len(data), ticks_diff(ticks_ms(), began))
        return data

    def _pay(self, count: int, waited_ms: int) -> None:
        """Subtract *waited_ms* from the client's time for the body; each byte earns some back."""
        limits = self.connection.limits
        earned_ms = count * 1000 // limits.min_bytes_per_s
        left_ms = self._body_time_ms - waited_ms + earned_ms
        self._body_time_ms = min(limits.body_timeout_ms, left_ms)
        if self._to_read and left_ms <= 0:
            raise LimitError("body too slow")

    def has_long_rest(self) -> bool:
        """Return whether too much of the body is unread for it to be worth skipping."""
        return self._expects or self._to_read > _SMALL_BYTES

    async def readexactly(self, n: int) -> bytes:
        """Return *n* bytes of the body."""
        return await read_exactly(self, n)

    def begin(self, lines: list) -> None:
        """Keep the head of the answer, its *lines* without their ends, for write()."""
        if waiting_servers:  # For what this connection has; see connection.Connection.yields.
            self.is_kept = False
        status = int(lines[0][9:12])
        if status == 101:
            self.state = _UPGRADED
            self.is_kept = False
            if b"upgrade: websocket" in [line.lower() for line in lines]:
                self.connection.ping = _PING
        else:
            lines = lines[:1] + self._frame(lines[1:], status)
        self._answer_head = b"\r\n".join(lines + [b"", b""])

    def _frame(self, lines: list, status: int) -> list:
        """Return the header *lines* with those that define where the answer ends."""
        has_body = self.head.method != b"HEAD" and status not in (204, 304)
        self.state = _UNTIL_CLOSED if has_body else _NO_BODY
        framed = []
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"content-length" and has_body:
                self.state = _BY_LENGTH
                self._to_write = int(value)
            if name == b"connection":
                self.is_kept = False
            # RFC 9110, 8.6: there is no length where there cannot be a body.
            elif name != b"transfer-encoding" and (name != b"content-length" or status != 204):
                framed.append(line)
        if self.state == _UNTIL_CLOSED and self.head.is_current:
            self.state = _CHUNKED
            framed.append(b"Transfer-Encoding: chunked")
        elif self.state == _UNTIL_CLOSED:
            self.is_kept = False
        framed.append(b"Connection: " + (b"keep-alive" if self.is_kept else b"close"))
        return framed

    async def write(self, data: bytes) -> None:
        """Send a part of the answer's body, after the head if that was not sent yet."""
        if self.state == _NO_BODY:
            data = b""
        elif self.state == _BY_LENGTH:
            if len(data) > self._to_write:
                raise ValueError("an answer is longer than its Content-Length")
            self._to_write -= len(data)
        elif self.state == _CHUNKED and data:
            data = b"".join([b"%x\r\n" % len(data), bytes(data), b"\r\n"])
        head, self._answer_head = self._answer_head, b""
        if head and len(data) <= _SMALL_BYTES:
            head, data = head + bytes(data), b""
        self.connection.write(head)
        self.connection.write(data)
        await self.connection.drain()

    async def finish(self) -> bool:
        """End the answer, skip the rest of the body; return whether another may follow."""
        if self.state == _CHUNKED:
            self.connection.write(b"0\r\n\r\n")
        await self.connection.drain()
        if not self.is_kept or self._to_write or self._expects or self.state == NOT_BEGUN:
            if self._to_read and self.state != _UPGRADED:
                await linger(self.connection)
            return False
        while self._to_read:
            await self.read(512)
        return True
