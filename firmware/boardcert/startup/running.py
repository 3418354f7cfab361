"""What boardcert.run does: network, clock, identity, page and application, until interrupted."""

# The stubs leave out asyncio.core and much of machine.
# pyright: reportAttributeAccessIssue=false

import asyncio
import sys

from micropython import const

from .. import DIRECTORY, PAGE_AFTER_MS, board, identity, identity_async, settle
from ..credentials.deferring import has_wish
from ..modules import borrowed
from .joining import bring_up
from .news import News, announce, restart

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (a board serves its network)
_RETRY_S = const(10)
"""After a port was unavailable."""
_CLEAN_UP_MS = const(50)


def run(app, port: int, options: dict) -> None:
    """Do what boardcert.run documents."""
    this = _Run(app, port, **options)
    loop = asyncio.get_event_loop()
    try:
        this.prepare()
        loop.run_until_complete(this.begin())
        this.identify()  # Outside the loop: signing takes nearly all of a Pico's stack.
        loop.run_until_complete(this.serve())
    except KeyboardInterrupt:
        pass
    finally:
        # The interrupt has ended the loop, or a task, so that none is current.
        asyncio.core.cur_task = None
        loop.run_until_complete(this.end())
        asyncio.new_event_loop()  # So that nothing of this run continues in the next one.


async def arun(app, port: int, options: dict) -> None:
    """Do what boardcert.arun documents."""
    this = _Run(app, port, **options)
    try:
        await asyncio.create_task(this.prepare_apart())
        await this.begin()
        await asyncio.create_task(this.identify_apart())
        await this.serve()
    finally:
        await this.end()


class _Run:
    """One run. The arguments are those of boardcert.run."""

    def __init__(
        self,
        app,
        port: int,
        host: str = _EVERY_ADDRESS,
        line=None,
        wifi: bool = True,
        ntp_server: str | None = "pool.ntp.org",
        directory: str = DIRECTORY,
        restart: bool = True,
        **options,
    ) -> None:
        if not isinstance(directory, str):
            raise ValueError(f"directory must be a path: {directory!r}")
        if ntp_server is not None and not isinstance(ntp_server, str):
            raise ValueError(f"ntp_server must be a name, or None: {ntp_server!r}")
        if line is not None and not hasattr(line, "answer"):
            raise ValueError(f"line must be a ModemLine: {line!r}")
        self._restarts = restart
        self._reserve = None
        self._app = app
        self._port = port
        self._host = host
        self._line = line
        self._uses_wifi = wifi
        self._ntp_server = ntp_server
        self._directory = directory
        self._options = options
        self._tasks = []
        self._urls = {}  # The port of each thing that is served, by its name.

    def prepare(self) -> None:
        """Read the settings; do what was deferred, before the network takes the memory."""
        self._host_name, self._is_slow = self._read_settings()
        if sys.platform != "esp32" and not self._is_slow:
            self._hold_memory()
        if has_wish(self._directory):
            self.identify()

    def _hold_memory(self) -> bool:
        """Hold the memory of TLS while the heap has no holes, which signing leaves.

        Return whether that succeeded.
        """
        self._lent = borrowed().begin()
        from ..transport import tls_reserve

        self._reserve = tls_reserve
        return tls_reserve.hold(0)

    async def prepare_apart(self) -> None:
        """Do the same as prepare, on the stack that is left below the event loop."""
        self.prepare()

    async def begin(self) -> None:
        """Bring up the network; generate an RSA key, which takes minutes, beside other tasks."""
        self._has_network = board.settle_host_name(self._host_name)
        if self._has_network:
            wifi = self._directory if self._uses_wifi else None
            await bring_up(self._begin, wifi, self._ntp_server)
        if self._is_slow:
            await identity_async(**self._settings)

    async def identify_apart(self) -> None:
        """Do the same as identify, on the stack that is left below the event loop."""
        self.identify()

    async def serve(self) -> None:
        """Serve until cancelled, or the application is shut down."""
        if self._app is None and self._options:
            raise ValueError(f"unknown setting: {next(iter(self._options))!r}")
        if self._line is not None:
            self._begin(self._serve_line())
        if self._has_network and self._me.portal_port:
            self._begin(self._keep_page())
        self._begin(News(self._me, self._urls, self._restarts).watch())
        if self._app is not None and (self._has_network or self._line is None):
            await self._begin(self._keep("app", self._port, self._serve_app))
        else:
            await asyncio.Event().wait()

    async def end(self) -> None:
        """End all tasks, and give them time to close their connections."""
        while self._tasks:
            self._tasks.pop().cancel()
        if self._reserve is not None:
            self._reserve.release_all()
        await asyncio.sleep_ms(_CLEAN_UP_MS)

    def _begin(self, coroutine) -> asyncio.Task:
        task = asyncio.create_task(coroutine)
        self._tasks.append(task)
        return task

    def _read_settings(self) -> tuple:
        """Return the host name, and whether generating a key takes long. Raises ValueError."""
        lent = borrowed()
        lent.empties = ""  # Without this, 10 KB of them stayed for as long as the program ran.
        with lent:
            self._settings, host_name, key_type = _split(self._options, self._directory)
        for name in ("progress", "new_key"):
            if name in self._options:
                self._settings[name] = self._options.pop(name)
        if self._directory != DIRECTORY:
            self._settings["directory"] = self._directory
        return host_name, key_type.startswith("rsa")

    def identify(self) -> None:
        """Load or generate the identity, then hold the memory of TLS again."""
        me = None
        while me is None:
            try:
                me = identity(**self._settings)
            except MemoryError:
                if self._reserve is None:
                    raise
                self._reserve.release_all()  # Try again without holding memory.
                self._lent.give_back()
                self._reserve = None
        self._me = me
        settle(self._me)
        if sys.platform != "esp32" and not self._hold_memory():
            if self._me.generated and self._restarts:
                restart("to free what generating a key took")

    async def _keep(self, name: str, port: int, serve) -> None:
        """Serve on *port*; while that is unavailable, announce it and try again."""
        reported = None
        while True:
            self._urls[name] = port
            try:
                await serve()
                return
            except (OSError, MemoryError) as error:
                if reported != repr(error):
                    reported = repr(error)
                    announce(f"port {port} for the {name} is unavailable ({reported}); retrying")
            finally:
                self._urls.pop(name)  # Before it is printed, if the port was unavailable.
            await asyncio.sleep(_RETRY_S)

    async def _keep_page(self) -> None:
        """Serve the page, once the application has begun."""
        if self._app is not None:
            await asyncio.sleep_ms(PAGE_AFTER_MS)
        await self._keep("page", self._me.portal_port, self._serve_page)

    async def _serve_page(self) -> None:
        while self._line is not None and not board.addresses():
            await asyncio.sleep(1)  # The page on a port takes memory only if there is a network.
        from ..page.portal import serve_page

        await serve_page(self._me, self._host)

    async def _serve_app(self) -> None:
        from ..serving.application import serve

        await serve(self._me, self._app, self._port, self._host, **self._options)

    async def _serve_line(self) -> None:
        """Serve the application, else the page, on the serial line."""
        from ..page.portal import Portal
        from ..serving.server import Server

        server = Server(self._me)
        app = self._app
        await server.run_stream(Portal(self._me, server=server) if app is None else app, self._line)


def _split(options: dict, directory: str) -> tuple:
    """Return what of *options* are settings, which they lose; host name, and type of key.

    Not the Settings, which would keep the memory of their module.
    """
    from ..credentials.settings import Settings, take
    from ..storage.store import read_config

    arguments = take(options)
    settings = Settings(arguments, read_config(directory), board.unique_id())
    return arguments, settings.hostname, settings.key_type
