"""Serve the page: over TLS, or as plain HTTP when the setting https is "off"."""

from ..serving.server import Server
from .portal import Portal


async def serve_page(me, host: str) -> None:
    """Serve the page of the Identity *me* until cancelled."""
    is_secure = me.https == "required"
    if me.generated:
        me.admin_token()  # So that it exists from the first boot on.
    limits = {} if is_secure else {"connection_bytes": Portal.turn_bytes}
    server = Server(me if is_secure else None, **limits)
    portal = Portal(me, is_secure=is_secure, server=server)
    await server.run(portal, me.portal_port, host)
