"""Refuse a request: the error for it, and the answer that ends the connection."""

import asyncio

_LINGER_MS = 1000

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
