"""The head of an HTTP/1.1 request, read strictly (RFC 9112).

The end of a request is determined here and in http_parse alone, and whatever leaves it in doubt is
refused.
"""

import asyncio

from ..modules import borrowed
from ..transport.limits import LimitError

_LINGER_MS = 1000

_MAX_LINES = 64
"""Browsers send 20. In memory, a short line takes ten times its bytes in max_header_bytes."""

_REASONS = {
    307: "Temporary Redirect",
    400: "Bad Request",
    411: "Length Required",
    413: "Content Too Large",
    417: "Expectation Failed",
    421: "Misdirected Request",
    431: "Request Header Fields Too Large",
    505: "HTTP Version Not Supported",
}


class RequestError(Exception):
    """A request that is refused with *status* before the application sees it."""

    def __init__(self, status: int) -> None:
        super().__init__(_REASONS[status])
        self.status = status


async def read_head(connection) -> list:
    """Return the lines of a request's head, without their ends; none if the client has gone."""
    lines = []
    may_be_empty = True  # RFC 9112, 2.2: one empty line before a request is skipped.
    while True:
        try:
            line = await connection.readline()
        except LimitError:
            raise RequestError(431) from None
        if not line and not lines:
            return lines
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise RequestError(400)
        if len(lines) == _MAX_LINES and len(line) > 2:
            raise RequestError(431)
        if len(line) > 2:
            lines.append(line[:-2])
        elif lines:
            return lines
        elif not may_be_empty:
            raise RequestError(400)
        else:
            may_be_empty = False


async def end_with(connection, status: int, header: str = "") -> None:
    """Answer *status* with one more *header* (its line end too), and end.

    What the client still sends is discarded for a moment: unread, it would reset the connection,
    and the answer would be lost.
    """
    text = _REASONS[status]
    connection.write(
        f"HTTP/1.1 {status} {text}\r\nContent-Type: text/plain\r\n{header}"
        f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode()
    )
    connection.allow(_LINGER_MS)
    await connection.drain()
    await linger(connection)


async def linger(connection) -> None:
    """Discard what the client still sends, for a moment."""
    connection.allow(_LINGER_MS * 2)
    try:
        await asyncio.wait_for_ms(_discard(connection), _LINGER_MS)
    except asyncio.TimeoutError:
        pass


async def _discard(connection) -> None:
    while await connection.read(256):
        pass


class Head:
    """The head of a request, parsed from its *lines*; RequestError if they are invalid.

    `method`; `target`, unchanged; `headers`: by their names in lower case, those of *wanted* and
    those that matter here. `is_current`: HTTP/1.1, not 1.0. `is_kept`: the client keeps the
    connection for another request. `length`: of its body. `expects`: the client waits for 100
    (Continue) before it sends that.
    """

    def __init__(self, lines: list, wanted: tuple = ()) -> None:
        with borrowed():
            from .http_parse import parse

            said = parse(lines, wanted)
        self.method, self.target, self.headers, self.is_current = said[:4]
        self.length, self.expects, self.is_kept = said[4:]

    @property
    def host(self) -> bytes:
        """The name or address in the Host header, in lower case; empty without one."""
        return self.headers.get(b"host", b"").lower()
