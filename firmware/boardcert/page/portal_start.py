"""Serve the page: over TLS, or as plain HTTP when the setting https is "off"."""

from ..serving.server import Server
from .portal import Portal


class Plain:
    """Take the place of an identity for a server that encrypts nothing."""

    def follow(self) -> None:
        """There is no certificate to renew."""

    def server_context(self, _clients):
        """Return what wraps a socket in nothing."""
        return self

    def wrap_socket(self, raw, **_options):
        """Return the socket *raw* itself."""
        return raw


async def serve_page(me, host: str) -> None:
    """Serve the page of the Identity *me* until cancelled."""
    is_secure = me.https == "required"
    if me.generated:
        me.admin_token()  # So that it is there from the first boot on.
    server = Server(me if is_secure else Plain())
    portal = Portal(me, is_secure=is_secure, server=server)
    await server.run(portal, me.portal_port, host)
