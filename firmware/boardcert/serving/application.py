"""Serve an application with an identity: the work of boardcert.serve and serve_stream."""

from ..transport.limits import Limits
from .server import Server


async def serve(
    me,
    app,
    port: int,
    host: str,
    client_ca=None,
    client_pins=None,
    redirect_port: int | None = None,
    **limits,
) -> None:
    """Serve *app* over TLS until cancelled.

    *client_ca*, *client_pins*: serve only such clients, see mutual_tls.PeerCheck. *redirect_port*:
    a port from which plain HTTP is redirected to *port*. *limits*: see limits.Limits.
    """
    check_app(app)
    for each in (port, port if redirect_port is None else redirect_port):
        check_port(each, host)
    server = _server(me, client_ca, client_pins, limits)
    serving = server.run(app, port, host)
    if redirect_port is not None:
        from .redirect import Redirector

        serving = Redirector(me, port).run_beside(serving, redirect_port, host)
    if hasattr(app, "dispatch_request"):
        from .microdot_exchange import until_shutdown

        serving = until_shutdown(app, server, serving)
    await serving


async def serve_stream(me, app, line, client_ca=None, client_pins=None, **limits) -> None:
    """Serve *app* over TLS on a serial line, see serial_line, one caller after another."""
    check_app(app)
    check_line(line)
    await _server(me, client_ca, client_pins, limits).run_stream(app, line)


async def _coroutine() -> None:
    """Show the type of an async function."""


def check_app(app) -> None:
    """Raise ValueError for what cannot serve a connection, as far as MicroPython shows it."""
    kinds = [type(check_app)] if type(check_app) is not type(_coroutine) else []
    is_app = hasattr(app, "dispatch_request") or hasattr(app, "handle_request")  # A Portal has it.
    if not (is_app or callable(app)) or type(app) in kinds:
        raise ValueError(f"neither a Microdot app nor an async function (reader, writer): {app!r}")


def check_port(port: int, host: str) -> None:
    """Raise ValueError for an invalid port or address."""
    if not isinstance(port, int) or not 0 <= port <= 65535 or not isinstance(host, str):
        raise ValueError(f"port and host must be a number and a text: {port!r}, {host!r}")


def check_limits(limits: dict) -> None:
    """Raise ValueError for a name that is not a limit of a server, or a limit below one."""
    for name in limits:
        is_number = isinstance(limits[name], int) and limits[name] >= 1
        if name not in Limits.__dict__ or not is_number:
            raise ValueError(f"not a limit of a server: {name}={limits[name]!r}")


def check_line(line) -> None:
    """Raise ValueError for anything but a serial_line.ModemLine."""
    if not hasattr(line, "answer"):
        raise ValueError(f"line must be a ModemLine: {line!r}")


def _server(me, client_ca, client_pins, limits: dict) -> Server:
    check_limits(limits)
    if client_ca is None and client_pins is None:
        return Server(me, **limits)
    from ..transport.mutual_tls import PeerCheck

    return Server(me, PeerCheck(client_ca, client_pins), **limits)
