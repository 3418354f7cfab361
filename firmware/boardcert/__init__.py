"""Give each board its own key and certificate, and serve HTTPS with them.

    import boardcert
    boardcert.enable()      # the one line: the identity, and its page on port 20034

Nothing is imported and nothing is done before a function is called.
"""

__version__ = "0.1.0"

_identity = None


def identity(**arguments: object) -> object:
    """Return this board's Identity: loaded, or made at first boot (about a second).

    *arguments*: settings, see settings, and those of lifecycle.Identity. With arguments it is
    loaded anew; without, the one from the last call comes back.
    """
    global _identity
    if _identity is None or arguments:
        from .lifecycle import Identity

        _identity = Identity(**arguments)
    return _identity


def enable(**arguments: object) -> object:
    """Load or make the identity, and schedule its page; return the Identity.

    Call it before the network is started, so that the board's host name is its own. The page
    is served while the application's event loop runs (asyncio). *arguments*: as for identity.
    """
    me = identity(**arguments)
    from . import board

    if board.settle_host_name(me.settings.hostname) and me.settings.portal_port:
        import asyncio

        from .portal import Portal

        asyncio.create_task(serve(Portal(me), me.settings.portal_port))
    return me


async def serve(app: object, port: int = 443, host: str = "0.0.0.0") -> None:  # noqa: S104
    """Serve *app* over TLS until cancelled.

    *app*: an object with `async handle_request(reader, writer)` (a Microdot app), or an
    `async handler(reader, writer)`.
    """
    from .server import Server

    await Server(identity()).run(app, port, host)
