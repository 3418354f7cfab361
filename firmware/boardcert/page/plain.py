"""Serve without TLS: for the page as plain HTTP, which can be read only."""


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
