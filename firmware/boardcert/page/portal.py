"""The configuration page and its JSON API, see docs/api.md.

This module stays in memory: it knows whose turn it is, and what must outlast a request. One page or
answer of the API is made at a time, in steps: each has a module of its own, which is released, with
what it imports, before the next one, since memory is short beside TLS.

A step is a tuple: "routes.find", a coroutine of routes, and its arguments after portal and
request. It returns the next one; or the answer, for send: a tuple of a status, a dict of
headers, a kind of body and its data. Nothing in either keeps a module in memory.
"""

# The stubs leave out asyncio.core and asyncio.sleep_ms.
# pyright: reportAttributeAccessIssue=false

import asyncio
import sys
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from ..modules import borrowed
from ..serving.keep_alive import Exchange, serve
from ..serving.server import Server
from ..transport import tls_reserve
from .state import LATER, NO_MEMORY, State

_ONCE = ("body.read", "texts.read")
"""Steps that cannot be taken again: what they have read is gone."""

# Of a body, read at once: its reader has several copies of it. With what MicroPython adds, this
# fills blocks of the heap.
_PIECE_BYTES = 383

_BESIDE = __name__[: -len("portal")]
"""How names of the page's modules begin: "boardcert.page." here, "boardcert.page_" on a board."""

_WANTED = (b"authorization", b"cookie", b"origin", b"content-type", b"sec-fetch-site")

# Of all portals, which share the modules: the request that is being answered, the tasks that the
# event loop had then, and what it has borrowed.
_turn = None
_tasks = None
_lent: borrowed


class Portal:
    """The page and API that show and administer *identity*, an Identity.

    *restart*(): restarts the board. *is_secure*: whether it is served over TLS; if not, it is
    read-only. *server*: the Server whose counters are shown, or None.
    """

    work_bytes = 65_000
    """Free memory that generating a key or checking a chain takes, with a reserve: the server first
    ends connections without a request, such as those that browsers open in advance."""

    turn_bytes = 28_000
    """Free memory that an answer takes, with a reserve; if necessary, what is held for the next
    connection is used."""

    small_body_bytes = 512
    """Of a request without session or token: enough for a sign-in. Longer ones are not read."""

    turn_ms = 8000
    """A client that takes longer, while others wait, is ended..."""

    pause_ms = 2000
    """...also one that is silent for longer than this."""

    def __init__(self, identity, restart=None, is_secure: bool = True, server=None) -> None:
        self.identity = identity
        self.is_secure = is_secure
        self.server = server
        self.restart = restart or _reset_board
        self.access = State()

    async def handle_request(self, connection, _=None) -> None:
        """Answer the requests of *connection*."""
        await serve(lambda connection, lines: Request(self, connection, lines), connection)

    async def answer(self, request: "Request") -> None:
        """Answer one *request*, when it is its turn."""
        await request.read_small()
        await self.take_turn(request)
        try:
            first = "show.find" if request.is_of_page() else "routes.find"
            step = await self._follow(request, first)
            if step[2] in ("page", "status"):
                step = await self._follow(request, "facts.add", step)
            step = await self._take(request, "head.begin", step)
            self._forget()
            await self._take(request, "send.send", step)
            self._forget()
        finally:
            self.leave_turn(request)

    def _read_token(self, request: "Request") -> None:
        """Have the token in memory: after a change, a step would read it from too deep a stack."""
        if self.access.sessions or request.has(b"authorization"):
            try:
                self.identity.admin_token()
            except MemoryError:  # The step runs into it as well, and answers.
                pass

    async def _follow(self, request: "Request", *step) -> tuple:
        """Return the answer that *step* leads to."""
        while isinstance(step[0], str):
            self._read_token(request)
            step = await self._try(request, *step)
        return step

    async def _try(self, request: "Request", name: str, *data) -> tuple:
        """Return what the step *name* returns; if memory is short twice, an answer that says so.

        The fields of a form come back with the page.
        """
        for attempt in range(2):
            try:
                return await self._take(request, name, *data)
            except MemoryError as error:
                sys.print_exception(error)
            finally:
                self._forget()
            if attempt or name in _ONCE:
                break
        fields = data[-1] if name == "actions.act" else {}
        if request.is_form() and name not in ("show.page", "facts.add", "view.add"):
            return "show.page", (NO_MEMORY, True, "", None, fields), 503, dict(LATER)
        return 503, dict(LATER), "busy", fields

    async def _take(self, request: "Request", name: str, *data) -> tuple:
        module, _, function = name.partition(".")
        module = __import__(_BESIDE + module, None, None, ("*",))
        return await getattr(module, function)(self, request, *data)

    def _forget(self) -> None:
        """Give back what was imported for a step that is over."""
        _lent.empties = _BESIDE
        _lent.give_back()
        del _lent.empties

    async def take_turn(self, request: "Request") -> None:
        """Wait for the turn of *request*, among those of all portals."""
        global _turn, _tasks, _lent
        # The turn of an abandoned event loop, after Ctrl-C and new_event_loop(), never ends.
        while _turn and _tasks is asyncio.core._task_queue:
            self._hurry(_turn)
            await asyncio.sleep_ms(20)
        if not _turn:  # Otherwise its modules are given back with this one's.
            _lent = borrowed().begin()
        request.began_ms = ticks_ms()
        _turn = request
        _tasks = asyncio.core._task_queue
        tls_reserve.lend(self.turn_bytes)

    def _hurry(self, request: "Request") -> None:
        """End the client whose turn it is if it keeps others waiting."""
        idle_ms = request.connection.idle_ms()
        turn_ms = ticks_diff(ticks_ms(), request.began_ms)
        if idle_ms and (idle_ms > self.pause_ms or turn_ms > self.turn_ms):
            request.connection.limits.end(request.connection)  # By the Server that has it.

    def leave_turn(self, request: "Request") -> None:
        """Let the next one have the turn of *request*, if it has it, with the memory for it."""
        global _turn
        if _turn is request:
            _lent.give_back()
            _turn = None

    async def restart_soon(self, wait_ms: int) -> None:
        """Restart the board in *wait_ms*."""
        await asyncio.sleep_ms(wait_ms)
        self.restart()


class Request(Exchange):
    """A request to *portal*."""

    def __init__(self, portal: Portal, connection, lines: list) -> None:
        super().__init__(connection, lines, _WANTED)
        self.began_ms = 0
        self._portal = portal
        self._small = b""

    async def answer(self) -> None:
        """Let the portal answer."""
        await self._portal.answer(self)

    def has(self, name: bytes) -> bool:
        """Return whether the request has the header *name*."""
        return name in self.head.headers

    def header(self, name: bytes) -> str:
        """Return the header *name*, empty when it is not there."""
        return self.head.headers.get(name, b"").decode()

    def is_of_page(self) -> bool:
        """Return whether it is for the page, not for the API or a file."""
        return self.head.target.partition(b"?")[0] == b"/"

    def is_form(self) -> bool:
        """Return whether the page has sent it."""
        return self.head.method == b"POST" and self.is_of_page()

    async def read_small(self) -> None:
        """Read the body if it is small, so that a slow sender keeps nobody waiting."""
        if 0 < self.head.length <= self._portal.small_body_bytes:
            self._small = await self.readexactly(self.head.length)

    async def piece(self) -> bytes:
        """Return the next piece of the body, b"" at its end."""
        piece, self._small = self._small, b""
        return piece or await self.read(_PIECE_BYTES)


async def serve_page(me, host: str) -> None:
    """Serve the page of the Identity *me* until cancelled."""
    is_secure = me.https == "required"
    if me.generated:
        me.admin_token()  # So that it exists from the first boot on.
    limits = {} if is_secure else {"connection_bytes": Portal.turn_bytes}
    server = Server(me if is_secure else None, **limits)
    portal = Portal(me, is_secure=is_secure, server=server)
    await server.run(portal, me.portal_port, host)


def _reset_board() -> None:
    from machine import reset

    reset()
