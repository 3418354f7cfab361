"""Serve an application with an identity: what boardcert.serve and serve_stream do."""

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

    *client_ca*, *client_pins*: whom alone to serve, see mutual_tls.PeerCheck. *redirect_port*:
    where plain HTTP is answered with the way to here. *limits*: see connection.Limits.
    """
    server = _server(me, client_ca, client_pins, limits)
    if redirect_port is None:
        await server.run(app, port, host)
    else:
        from .redirect import Redirector

        await Redirector(me, port).run_beside(server.run(app, port, host), redirect_port, host)


async def serve_stream(me, app, line, client_ca=None, client_pins=None, **limits) -> None:
    """Serve *app* over TLS on a serial line, see serial_line, one caller after another."""
    await _server(me, client_ca, client_pins, limits).run_stream(app, line)


def _server(me, client_ca, client_pins, limits: dict) -> Server:
    if client_ca is None and client_pins is None:
        return Server(me, **limits)
    from .mutual_tls import PeerCheck

    return Server(me, PeerCheck(client_ca, client_pins), **limits)
