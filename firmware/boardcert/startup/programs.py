"""The page and servers that programs make themselves, with their arguments checked.

The checks are not in those modules, which stay in memory and usually get no wrong arguments.
"""

from ..serving.application import check_app, check_limits, check_line, check_port
from ..serving.server import Server


def make_portal(me, options: dict):
    """Return portal.Portal(me, **options); ValueError, TypeError for strange arguments."""
    _require("me", me, "report", "an Identity")
    restart = options.get("restart")
    if restart is not None and not callable(restart):
        raise ValueError(f"restart must be a function, or None: {restart!r}")
    if options.get("server") is not None:
        _require("server", options["server"], "make_room", "a Server, or None")
    from ..page.portal import Portal

    return Portal(me, **options)


class CheckedServer(Server):
    """A Server whose arguments are checked; ValueError for strange ones."""

    def __init__(self, identity, clients=None, **limits) -> None:
        _require("me", identity, "server_context", "an Identity")
        if clients is not None:
            _require("clients", clients, "connection", "a PeerCheck, or None")
        check_limits(limits)
        super().__init__(identity, clients, **limits)

    async def run(self, app, port: int, host: str) -> None:
        """See Server."""
        check_app(app)
        check_port(port, host)
        await super().run(app, port, host)

    async def run_stream(self, app, line) -> None:
        """See Server."""
        check_app(app)
        check_line(line)
        await super().run_stream(app, line)


def _require(name: str, value, attribute: str, kind: str) -> None:
    if not hasattr(value, attribute):
        raise ValueError(f"{name} must be {kind}: {value!r}")
