"""Give each board its own key and certificate, and serve HTTPS with them.

    import boardcert
    boardcert.run()      # the one line: the Wi-Fi, the identity, and its page on port 20034

Nothing else is imported and nothing is done before a function is called. Bad arguments raise
ValueError, failures of flash and network OSError, everything else an Error.
"""

import sys

__version__ = "0.1.0"

DIRECTORY = "/boardcert-data"
"""Where everything is kept. Not /boardcert: that would hide this package from `import`."""

PAGE_AFTER_MS = 1000
"""The application starts first, and answers clients that wait: loading the page takes 0.1 s."""

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (a board serves its network)

_reserve = None  # On esp32 its module esp32_reserve, once that has reserved memory for TLS.
_identity = None
_page = None  # (The identity that the page shows, the task that serves it.)


class Error(Exception):
    """A failure that the user must see and can act on."""


class EntropyError(Error):
    """The noise source is missing, stuck or failed its health tests; nothing was generated."""


class DamagedError(Error):
    """A stored identity is truncated, altered, foreign or inconsistent; it must not be served."""


class RefusedError(ValueError):
    """Something was not installed. *field*: the input at fault, "chain", "key" or "time"."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def identity(**arguments):
    """Return this board's Identity: loaded, or made at first boot.

    *arguments*: settings, and those of Identity. With arguments it is loaded again; without, the
    one from the last call is returned.
    """
    global _identity
    if _identity is None or arguments:
        take_memory(arguments)
        from .credentials.lifecycle import Identity

        _identity = Identity(**arguments)
    return _identity


async def identity_async(**arguments):
    """Do the same as identity; generate an RSA key, which takes minutes, in the background."""
    if _identity is not None and not arguments:
        return _identity
    from .credentials.background_key import prepare

    return await prepare(**arguments)


def enable(**arguments):
    """Load or make the identity, and schedule its page; return the Identity.

    Call it before the network is started, so that the board's host name is its own. The page
    is served while the application's event loop runs (asyncio); a board without a network has
    none. Called again, it keeps the same page. *arguments*: as for identity.
    """
    global _page
    me = identity(**arguments)
    from .board import settle_host_name

    if settle_host_name(me.hostname) and me.portal_port:
        import asyncio

        if _page is not None and (_page[0] is not me or _page[1].done()):
            _page[1].cancel()
            _page = None
        if _page is None:
            _page = me, asyncio.create_task(_serve_page(me))
    return me


def take_memory(arguments: dict, joins: bool = False) -> None:
    """Reserve the memory that TLS needs before the heap grows into it, see begin_early."""
    global _reserve
    if sys.platform == "esp32":
        from .transport import esp32_reserve as _reserve

        has_page = arguments.get("portal_port") != 0
        _reserve.begin_early(arguments.get("directory", DIRECTORY), joins, has_page)


def give_memory() -> None:
    """Release the memory held for TLS: signing and judging need more than is left."""
    if _reserve:
        _reserve.end()


def settle(me) -> None:
    """Prepare the memory between loading the identity and serving with it."""
    if _reserve:
        _reserve.settle(me)


async def _serve_page(me) -> None:
    import asyncio

    settle(me)
    await asyncio.sleep_ms(PAGE_AFTER_MS)
    from .page.portal import serve_page

    await serve_page(me, _EVERY_ADDRESS)


def run(app=None, port: int = 443, **options) -> None:
    """Do everything, until interrupted: all that a program of two lines needs.

    The Wi-Fi that `boardcert flash --wifi` stored is joined, and joined again after a loss;
    the clock is set by NTP; then the identity is loaded or generated, its page is served, and
    *app*, as by serve, on *port*. The URLs and any problems are printed; whatever fails is tried
    again. If the program has brought up a network or an access point before, the stored network
    is not joined.

    *options*: settings; those of serve; and wifi=False, to leave the network to the program;
    *ntp_server*, a name, or None; *line*, a ModemLine, on which the application, or the page, is
    served as well; *host*, the address to serve on; restart=False, to leave restarts to the
    program. While nobody is connected, `run` restarts the board if there was no memory for any
    client for 10 s, or if generating a key took it; on esp32 without PSRAM also to sign the
    certificate again.
    """
    take_memory(options, options.get("wifi", True))
    from .startup.running import run

    run(app, port, options)


async def arun(app=None, port: int = 443, **options) -> None:
    """Do the same as run, for a program that has an event loop: until cancelled."""
    take_memory(options, options.get("wifi", True))
    from .startup.running import arun

    await arun(app, port, options)


async def serve(app, port: int = 443, host: str = _EVERY_ADDRESS, **options) -> None:
    """Serve *app* over TLS until cancelled.

    *app*: a Microdot app, or an `async handler(reader, writer)`; when it returns, the connection
    ends. *options*: *client_ca* (DER, or a list) and *client_pins*, to serve such clients only;
    *redirect_port*, from which plain HTTP is redirected to HTTPS; and limits, see Limits.
    """
    me = identity()
    settle(me)
    from .serving.application import serve

    await serve(me, app, port, host, **options)


async def serve_stream(app, line, **options) -> None:
    """Serve *app* over TLS on *line*, a ModemLine, one caller after another."""
    from .serving.application import serve_stream

    await serve_stream(identity(), app, line, **options)


# What programs use of the inner modules, which only this package may import: on a board, several of
# them are one file, named after one of them.


def Portal(me, **options):
    """Return the page of the Identity *me* as an application, see portal.Portal."""
    from .startup.programs import make_portal

    return make_portal(me, options)


def Server(me, **options):
    """Return a server of the Identity *me*, see server.Server."""
    from .startup.programs import CheckedServer

    return CheckedServer(me, **options)


def ModemLine(uart, carrier, ready):
    """Return a serial line with modem signals for serve_stream, see serial_line.ModemLine."""
    from .transport.serial_line import ModemLine

    return ModemLine(uart, carrier, ready)
