"""HTTP/1.1 around a Microdot app: requests checked before it sees them, connections kept open.

Microdot answers one request as HTTP/1.0 and closes; each TLS handshake costs a board half a
second. Here one connection carries one exchange after another (RFC 9112): where a request ends
is decided by this module alone, and whatever leaves that in doubt is refused and ends the
connection.
"""

from .connection import read_exactly
from .http_head import Head, RequestError, end_with, read_head

# A body up to this size goes in one TLS record with the head, for a copy of it in memory.
_SMALL_BYTES = 1024


async def serve_requests(app, connection, limits) -> None:
    """Hand the requests of *connection* to the Microdot *app*, until one of the three ends it."""
    try:
        while True:
            lines = await read_head(connection)
            if not lines:
                return
            request = Exchange(connection, lines, limits)
            connection.is_waiting = False
            await app.handle_request(request, request)
            if not await request.finish():
                return
            connection.is_waiting = True
    except RequestError as error:
        await end_with(connection, error.status)


class Exchange:
    """One request and its answer: what Microdot takes for its reader and its writer.

    *lines*: the request's head. RequestError when it is not one, or its body is too large.
    """

    def __init__(self, connection, lines: list, limits) -> None:
        self._connection = connection
        self._lines = lines
        self._head = head = Head(lines)
        if head.length > limits.max_body_bytes:
            raise RequestError(413)
        self._left = head.length  # Of the body; None after an upgrade to another protocol.
        if head.length:
            time_ms = limits.idle_timeout_ms + head.length * 1000 // limits.min_bytes_per_s
            connection.allow(time_ms)
        self._expects = head.expects
        self._is_kept = head.is_kept
        self._answer = bytearray()  # Its head, until that is sent.
        self._has_begun = False
        self._has_body = True
        self._body_left = None  # Of the answer; None when its head tells no length.
        self._is_chunked = False

    def get_extra_info(self, name: str):
        """As asyncio.StreamWriter.get_extra_info."""
        return self._connection.get_extra_info(name)

    async def readline(self) -> bytes:
        """Return a line of the head with its end, the empty one last; then lines of the body."""
        if self._lines:
            return self._lines.pop(0) + b"\r\n"
        if self._lines is not None:
            self._lines = None
            return b"\r\n"
        line = bytearray()
        while not line.endswith(b"\n"):
            byte = await self.read(1)
            if not byte:
                break
            line.extend(byte)
        return bytes(line)

    async def read(self, n: int = -1) -> bytes:
        """Return up to *n* bytes of the body, or of what follows an upgrade; b"" at its end."""
        if self._left is None:
            return await self._connection.read(n)
        if not self._left:
            return b""
        if self._expects:
            self._expects = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await self._connection.drain()
        data = await self._connection.read(self._left if n < 0 else min(n, self._left))
        if not data:
            raise OSError(104)  # ECONNRESET, which Microdot passes over
        self._left -= len(data)
        if not self._left:
            self._connection.allow(None)
        return data

    async def readexactly(self, n: int) -> bytes:
        """Return *n* bytes of the body."""
        return await read_exactly(self, n)

    async def awrite(self, data: bytes) -> None:
        """Send *data*, a part of Microdot's answer, as a part of one in HTTP/1.1."""
        if not self._has_begun:
            self._answer.extend(data)
            end = self._answer.find(b"\r\n\r\n")
            if end < 0:
                return
            data = bytes(self._answer[end + 4 :])
            self._begin(bytes(self._answer[:end]).split(b"\r\n"))
            if not data and self._body_left:
                return  # The head goes with the first of the body, in one piece.
        self._write(data)
        await self._connection.drain()

    async def aclose(self) -> None:
        """Leave the connection open: finish() decides."""

    async def finish(self) -> bool:
        """End the answer, pass over what is left of the body; tell whether another may follow."""
        if self._is_chunked:
            self._connection.write(b"0\r\n\r\n")
        await self._connection.drain()
        if not self._is_kept or self._body_left or self._expects or not self._has_begun:
            return False
        while self._left:
            await self.read(512)
        return True

    def _begin(self, lines: list) -> None:
        """Keep the head of the answer, made one of HTTP/1.1, for _write()."""
        self._has_begun = True
        status = int(lines[0][9:12])
        lines[0] = b"HTTP/1.1" + lines[0][8:]
        if status == 101:  # Another protocol follows, both ways, until the connection ends.
            self._left = None
            self._is_kept = False
        else:
            self._has_body = not self._head.is_head and status not in (204, 304)
            lines = lines[:1] + self._frame(lines[1:], status)
        self._answer = bytearray(b"\r\n".join(lines) + b"\r\n\r\n")

    def _frame(self, lines: list, status: int) -> list:
        """Return the header *lines* with those that tell where the answer ends."""
        framed = []
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"content-length":
                self._body_left = int(value) if self._has_body else 0
            if name == b"connection":
                self._is_kept = False
            # RFC 9110, 8.6: there is no length where there cannot be a body.
            elif name != b"transfer-encoding" and (name != b"content-length" or status != 204):
                framed.append(line)
        if self._has_body and self._body_left is None:
            self._is_chunked = self._head.is_current
            if self._head.is_current:
                framed.append(b"Transfer-Encoding: chunked")
            else:
                self._is_kept = False
        framed.append(b"Connection: " + (b"keep-alive" if self._is_kept else b"close"))
        return framed

    def _write(self, data: bytes) -> None:
        """Send a part of the answer's body, after the head if that was not sent yet."""
        if not self._has_body:
            data = b""
        if self._body_left is not None:
            if len(data) > self._body_left:
                raise ValueError("an answer is longer than its Content-Length")
            self._body_left -= len(data)
        if self._is_chunked and data:
            data = b"".join([b"%x\r\n" % len(data), bytes(data), b"\r\n"])
        head, self._answer = self._answer, bytearray()
        if len(data) <= _SMALL_BYTES:
            head.extend(data)
            data = b""
        self._connection.write(head)
        self._connection.write(data)
