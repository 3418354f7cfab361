"""The head of an HTTP/1.1 request, read strictly (RFC 9112).

Where a request ends is decided here alone, and whatever leaves that in doubt is refused.
"""

import asyncio

from .connection import LimitError

_LINGER_MS = 1000

_MAX_LINES = 64
"""Browsers send 20. In memory, a short line takes ten times what max_header_bytes counts of it."""

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

# Separators that no header name may contain (RFC 9110, 5.6.2), as may no space or control.
_NOT_IN_NAMES = b'"(),/:;<=>?@[\\]{}'

_READ_HERE = (b"connection", b"host", b"content-length", b"transfer-encoding", b"expect")

# Two of them would leave in doubt who asks, whoever checks the one and obeys the other.
_ONLY_ONCE = _READ_HERE[1:] + (b"authorization", b"cookie", b"origin")


class RequestError(Exception):
    """A request that is refused with *status* before the application sees it."""

    def __init__(self, status: int) -> None:
        super().__init__(_REASONS[status])
        self.status = status


async def read_head(connection) -> list:
    """Return the lines of a request's head, without their ends; none when the client has gone."""
    lines = []
    may_be_empty = True  # RFC 9112, 2.2: one empty line before a request is passed over.
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

    What the client still sends is passed over for a moment: it would reset the connection, and
    lose the answer.
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
    """Pass over what the client still sends, for a moment."""
    connection.allow(_LINGER_MS * 2)
    try:
        await asyncio.wait_for_ms(_discard(connection), _LINGER_MS)
    except asyncio.TimeoutError:
        pass


async def _discard(connection) -> None:
    while await connection.read(256):
        pass


class Head:
    """What the *lines* of a request's head say; RequestError when they are not one.

    `method`; `target`, as it stands there; `headers`: by their names in lower case, those of
    *wanted* and those that count here. `is_current`: HTTP/1.1, not 1.0. `is_kept`: the client
    keeps the connection for another request. `length`: of its body. `expects`: it waits for 100
    (Continue) before it sends that.
    """

    def __init__(self, lines: list, wanted: tuple = ()) -> None:
        self._read_request_line(lines[0])
        self.headers = headers = _read_headers(lines, wanted)
        if b"host" not in headers and self.is_current:
            raise RequestError(400)  # RFC 9112, 3.2
        self._read_length(headers)
        options = headers.get(b"connection", b"").lower().split(b",")
        wish = b"close" if self.is_current else b"keep-alive"
        self.is_kept = (wish in [option.strip() for option in options]) is not self.is_current

    @property
    def host(self) -> bytes:
        """The name or address that was asked for, in lower case; empty when none was told."""
        return self.headers.get(b"host", b"").lower()

    def _read_request_line(self, line: bytes) -> None:
        words = line.split(b" ")
        if len(words) != 3 or not words[0].isalpha() or not words[0].isupper():
            raise RequestError(400)
        if not words[1] or min(words[1]) < 0x21 or max(words[1]) > 0x7E:
            raise RequestError(400)
        if words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise RequestError(505 if words[2].startswith(b"HTTP/") else 400)
        self.method, self.target = words[0], words[1]
        self.is_current = words[2] == b"HTTP/1.1"

    def _read_length(self, headers: dict) -> None:
        """Find where the body ends (RFC 9112, 6.3); chunks are refused, Microdot reads none."""
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise RequestError(400)
        if b"transfer-encoding" in headers:
            raise RequestError(400 if b"content-length" in headers else 411)
        if headers.get(b"expect", b"100-continue").lower() != b"100-continue":
            raise RequestError(417)
        self.length = int(length)
        self.expects = self.length > 0 and self.is_current and b"expect" in headers


def _read_headers(lines: list, wanted: tuple) -> dict:
    """Return the headers in all *lines* but the first that are *wanted*, or count here."""
    headers = {}
    for number in range(1, len(lines)):
        name, colon, value = lines[number].partition(b":")
        if not colon or not _is_token(name) or not _is_text(value):
            raise RequestError(400)
        name = name.lower()
        if name in headers:
            if name in _ONLY_ONCE or name in wanted:
                raise RequestError(400)
            headers[name] += b"," + value.strip()
        elif name in _READ_HERE or name in _ONLY_ONCE or name in wanted:
            headers[name] = value.strip()
    return headers


def _is_token(name: bytes) -> bool:
    """Tell whether *name* may name a header (RFC 9110, 5.1)."""
    return bool(name) and all(0x21 <= byte <= 0x7E and byte not in _NOT_IN_NAMES for byte in name)


def _is_text(value: bytes) -> bool:
    """Tell whether Microdot can decode *value*."""
    try:
        value.decode()
    except UnicodeError:
        return False
    return True
