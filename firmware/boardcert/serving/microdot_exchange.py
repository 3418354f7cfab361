"""Microdot over HTTP/1.1: by itself, it answers one request by HTTP/1.0 and closes."""

import asyncio

from .keep_alive import NOT_BEGUN, Exchange, serve

_SHUTDOWN_MS = 5000
"""How long a shutdown waits for answers in progress."""


async def serve_app(app, connection) -> None:
    """Pass the requests of *connection* to the Microdot *app*, until one of them ends it."""
    await serve(lambda connection, lines: MicrodotExchange(app, connection, lines), connection)


class MicrodotExchange(Exchange):
    """An exchange as Microdot's reader and writer; *app* answers it.

    Microdot parses the head again, from the lines that Head has accepted: it makes its Request by
    itself, and what an application sees of a head stays Microdot's decision.
    """

    def __init__(self, app, connection, lines: list) -> None:
        super().__init__(connection, lines)
        self._app = app
        self._lines = lines
        self._head = bytearray()  # The head of the answer, as far as Microdot has written it.

    async def answer(self) -> None:
        """Have the app answer."""
        await self._app.handle_request(self, self)

    def get_extra_info(self, name: str):
        """As asyncio.StreamWriter.get_extra_info."""
        return self.connection.get_extra_info(name)

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

    async def awrite(self, data: bytes) -> None:
        """Send *data*, a part of Microdot's answer, as a part of one in HTTP/1.1."""
        if self.state == NOT_BEGUN:
            self._head.extend(data)
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            data = bytes(self._head[end + 4 :])
            lines = bytes(self._head[:end]).split(b"\r\n")
            lines[0] = b"HTTP/1.1" + lines[0][8:]
            self.begin(lines)
            if not data and self._to_write:
                return  # The head goes with the first of the body, in one piece.
        await self.write(data)

    async def aclose(self) -> None:
        """Leave the connection open: finish() decides."""


async def until_shutdown(app, server, serving) -> None:
    """Await *serving*, in which *server* serves *app*; app.shutdown() ends it."""
    app.server = shutdown = Shutdown(server, asyncio.create_task(serving))
    try:
        await shutdown.task
    except asyncio.CancelledError:
        if not shutdown.is_begun:
            raise
    finally:
        app.server = None


class Shutdown:
    """The server that a Microdot app closes to be shut down. *task*: in which it runs."""

    def __init__(self, server, task: asyncio.Task) -> None:
        self.task = task
        self.is_begun = False
        self._server = server

    def close(self) -> None:
        """End the server, once the answers are sent: one of them may be the caller's."""
        if not self.is_begun:
            self.is_begun = True
            self._ending = asyncio.create_task(self._end())

    async def _end(self) -> None:
        for _ in range(_SHUTDOWN_MS // 50):
            await asyncio.sleep_ms(50)
            if not self._server.is_answering():
                break
        self.task.cancel()
