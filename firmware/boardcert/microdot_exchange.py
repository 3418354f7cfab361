"""Microdot behind HTTP/1.1: it answers one request as HTTP/1.0 and closes; here, all of them."""

from .exchange import Exchange, serve


async def serve_app(app, connection) -> None:
    """Hand the requests of *connection* to the Microdot *app*, until one of the three ends it."""
    await serve(lambda connection, lines: MicrodotExchange(app, connection, lines), connection)


class MicrodotExchange(Exchange):
    """An exchange as Microdot takes it, for its reader and its writer; *app* answers it."""

    def __init__(self, app, connection, lines: list) -> None:
        super().__init__(connection, lines)
        self._app = app
        self._lines = lines
        self._told = bytearray()  # The head of the answer, as far as Microdot has told it.

    async def answer(self) -> None:
        """Let the app answer."""
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
        if not self.has_begun:
            self._told.extend(data)
            end = self._told.find(b"\r\n\r\n")
            if end < 0:
                return
            data = bytes(self._told[end + 4 :])
            lines = bytes(self._told[:end]).split(b"\r\n")
            lines[0] = b"HTTP/1.1" + lines[0][8:]
            self.begin(lines)
            if not data and self._body_left:
                return  # The head goes with the first of the body, in one piece.
        await self.write(data)

    async def aclose(self) -> None:
        """Leave the connection open: finish() decides."""
