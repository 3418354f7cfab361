"""Redirect clients from plain HTTP to HTTPS, at the name or address that they used."""

import asyncio

from .. import board
from ..transport.connection import Connection
from .http_head import Head, read_head
from .http_refusal import RequestError, end_with
from .server import Server


class Redirector(Server):
    """Answer every request with the same address at the HTTPS *port* of *identity*.

    Only its own names and addresses are used: another name in a Host header is not followed.
    """

    max_connections = 2
    connection_bytes = 8000
    handshake_timeout_ms = 5000
    head_timeout_ms = 5000
    idle_timeout_ms = 5000
    max_header_bytes = 2048

    def __init__(self, identity, port: int) -> None:
        super().__init__(None)
        self._me = identity
        self._port = "" if port == 443 else f":{port}"

    async def run_beside(self, serving, port: int, host: str) -> None:
        """Redirect from *port* while *serving* (a coroutine) runs; OSError without the port."""
        redirecting = asyncio.create_task(self.run(self._answer, port, host))
        try:
            await asyncio.sleep_ms(0)
            if redirecting.done():
                await redirecting
            await serving
        finally:
            redirecting.cancel()
            try:
                await redirecting
            except asyncio.CancelledError:
                pass

    async def _answer(self, connection: Connection, _) -> None:
        try:
            lines = await read_head(connection)
            if not lines:
                return
            location = self._location(Head(lines))
        except RequestError as error:
            await end_with(connection, error.status)
        else:
            await end_with(connection, 307, f"Location: {location}\r\n")

    def _location(self, head: Head) -> str:
        """Return the URL for the request *head*; RequestError for a host that is not this board."""
        host = head.host.decode()
        end = host.find("]") + 1 if host.startswith("[") else (host + ":").find(":")
        name, port = host[:end], host[end:]
        if port and not (port[0] == ":" and port[1:].isdigit()):
            raise RequestError(400)
        own = [one.lower() for one in self._me.names] + board.addresses()
        own = [f"[{one}]" if ":" in one else one for one in own]
        if name not in own and "*." + name.partition(".")[2] not in own:
            raise RequestError(421)
        target = head.target.decode() if head.target.startswith(b"/") else "/"
        return f"https://{name}{self._port}{target}"
