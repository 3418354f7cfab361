"""Runs on the board: the memory that serving takes, TLS left out. The host adds a line that prints.

TLS has a heap of its own on esp32; so here connections are plain, and the memory that the server
holds for TLS on rp2 is subtracted. Clients are objects that the board hears as it hears a line: of
a long text that they send, only the beginning is in memory.
"""

import gc
import io
import select

_SETTLE_MS = 200
# A collection takes 15 to 20 ms with the page in memory: in the rest of a period, the board makes
# progress. The samples of one call fall between those of the others, 2 ms apart: a module takes 3
# to 6 ms to load, with its file open.
_SAMPLE_PERIOD_MS = 30
_PHASES_MS = range(0, 16, 2)
_FORM_HEAD = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://kitchen\r\n"
# A chain of two as PEM, percent-encoded, is this long; this one is refused, since it is none.
_PASTE_BYTES = 4400
# Of an answer: what is kept while something is looked for, and of what is found.
_KEPT_BYTES, _FOUND_BYTES = 60, 160
_NO_CERTIFICATE = "-----BEGIN+CERTIFICATE-----%0D%0A"
# What is no base64: the text is refused while nearly all of it is in memory.
_AT_ONCE = "%25%25%0D%0A"


class Wire(io.IOBase):
    """A client that sends a text and a number of "A", takes everything, and hangs up."""

    def __init__(self):
        self.calls = self.answered = 0
        self._text, self._more, self._at = b"", 0, 0
        self._begin()

    async def answer(self):
        """Wait for a call."""
        while self.answered == self.calls:
            await asyncio.sleep_ms(1)
        self._at = 0

    async def hang_up(self):
        """End the call."""
        self.answered += 1

    def read(self, n=-1):
        left = len(self._text) + self._more - self._at
        n = left if n < 0 else min(n, left)
        data = self._text[self._at : self._at + n]
        self._at += n
        return data + b"A" * (n - len(data))

    def readline(self, n=-1):
        end = self._text.find(b"\n", self._at) + 1
        whole = end - self._at if end else -1
        return self.read(min(n, whole) if n >= 0 and whole >= 0 else max(n, whole))

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        if not self._status:
            self._status = int(bytes(data[9:12]))
        if self._wanted:
            self._seen += bytes(data)
            place = self._seen.find(self._wanted)
            self._seen = self._seen[place if place >= 0 else -_KEPT_BYTES :][:_FOUND_BYTES]
        return len(data)

    def ioctl(self, request, argument):
        return argument & (select.POLLIN | select.POLLOUT) if request == 3 else 0

    def _begin(self, wanted=b""):
        self._wanted, self._seen, self._status = wanted, b"", 0

    def prepare(self, method="GET", head="", body="", more=0):
        """Set the request that call() sends, with so many *more* bytes of its body."""
        first = f"{method} / HTTP/1.1\r\nHost: kitchen\r\nConnection: close\r\n"
        length = f"Content-Length: {len(body) + more}\r\n\r\n"
        self._text, self._more = (first + head + length + body).encode(), more

    async def call(self, status, wanted=b""):
        """Send the request; RuntimeError when the answer has another *status*.

        Return what follows *wanted* in the answer, up to a delimiter.
        """
        self._begin(wanted)
        self.calls += 1
        while self.answered != self.calls:
            await asyncio.sleep_ms(5)
        if self._status != status:
            raise RuntimeError(f"the answer is {self._status}, not {status}")
        return self._seen[len(wanted) :].decode().split(";")[0].split('"')[0]


class Plain:
    """Takes the place of the identity for a server that encrypts nothing."""

    def follow(self):
        """Do nothing: nothing is to be renewed."""

    def server_context(self, _clients=None):
        return self

    def wrap_socket(self, raw, **_options):
        return raw


class Board:
    """Servers on the board, and the memory in use beyond what was in use before the package."""

    def __init__(self):
        self._server = None
        self._before = 0
        self._before = self.live()
        global asyncio  # Its memory counts.
        import asyncio

        import boardcert

        self.me = boardcert.identity()
        if self.me.generated:
            raise RuntimeError("the identity was not there")

    def live(self):
        """Return the bytes in use that are neither garbage nor held for TLS.

        First the stack is overwritten: the collector takes what is left there for references.
        """

        def overwrite(depth):
            return depth and overwrite(depth - 1)

        overwrite(8)
        return self.sample()

    def sample(self):
        """As live(), from wherever a program is interrupted."""
        gc.collect()
        held = self._server.size_bytes() if self._server else 0
        return gc.mem_alloc() - held - self._before

    def serve(self, app):
        """Begin to serve *app*(server), and return the wire to call it by."""
        from boardcert import server

        self._server = server
        one = server.Server(Plain())
        wire = Wire()
        self._task = asyncio.create_task(one.run_stream(app(one), wire))
        return wire

    def portal(self, server):
        """Return the page, for serve()."""
        from boardcert.page_portal import Portal

        return Portal(self.me, server=server)

    async def settled(self):
        """Return the memory in use while no client is connected."""
        await asyncio.sleep_ms(_SETTLE_MS)
        return self.live()


async def handler(reader, writer):
    """Answer one request."""
    while await reader.readline() > b"\r\n":
        pass
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n")
    await writer.drain()


def a_microdot_app(_server):
    """Return a small application, for Board.serve."""
    from microdot import Microdot

    app = Microdot()

    @app.get("/")
    async def index(_request):
        return "hi\n"

    return app


async def with_handler(board):
    """Return the memory of a server with a raw handler."""
    wire = board.serve(lambda _server: handler)
    wire.prepare()
    await wire.call(200)
    return {"server": await board.settled()}


async def with_app(board):
    """Return the memory of the page with an application of Microdot beside it."""
    for app in (board.portal, a_microdot_app):
        wire = board.serve(app)
        wire.prepare()
        await wire.call(200)
    return {"app_idle": await board.settled()}


async def with_page(board):
    """Return the memory of the page while no client is connected, and the most while it answers."""
    wire = board.serve(board.portal)
    wire.prepare()
    await wire.call(200)
    idle = await board.settled()
    wire.prepare("POST", _FORM_HEAD, "action=sign-in&token=" + board.me.admin_token())
    cookie = await wire.call(303, b"Set-Cookie: ")
    head = f"Cookie: {cookie}\r\n"
    rendered = form_taken = 0
    for phase_ms in _PHASES_MS:
        for begin in (_NO_CERTIFICATE, _NO_CERTIFICATE + _AT_ONCE):
            wire.prepare("GET", head)
            form = await wire.call(200, b'name="form" value="')
            prepare_form(wire, head, form, begin)
            form_taken = max(form_taken, await highest(board, wire, 422, phase_ms))
        wire.prepare("GET", head)
        rendered = max(rendered, await highest(board, wire, 200, phase_ms))
    return {"page_idle": idle, "page_rendered": rendered, "form_taken": form_taken}


def prepare_form(wire, head, form, begin):
    """Let *wire* paste a long text with that *begin*; a coroutine would keep it in its frame."""
    text = f"action=install&form={form}&chain={begin}"
    wire.prepare("POST", head + _FORM_HEAD, text, _PASTE_BYTES - len(text))


async def highest(board, wire, status, phase_ms):
    """Return the most memory that is in use during a call: a timer interrupts it to count.

    *phase_ms*: how long before the call the timer is started.
    """
    from machine import Timer

    most = await board.settled()

    def sample(_timer):
        nonlocal most
        most = max(most, board.sample())

    timer = Timer(period=_SAMPLE_PERIOD_MS, callback=sample)
    try:
        await asyncio.sleep_ms(phase_ms)
        await wire.call(status)
    finally:
        timer.deinit()
    return most


def memory(state, *arguments):
    """Return what *state*, one of the three functions above, returns for a booted board."""
    board = Board()
    return asyncio.run(state(board, *arguments))
