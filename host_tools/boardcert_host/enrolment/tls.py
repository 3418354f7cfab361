"""Have requests connect to the server of a CA with our TLS context, and no other.

By default requests trusts the CAs of its own package, beside those that it is given.
"""

import ssl
from typing import Any

from requests.adapters import HTTPAdapter


class ContextAdapter(HTTPAdapter):
    """Sends requests over connections of *context*, which verifies the server, or does not."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """Make connections by the context."""
        super().init_poolmanager(*arguments, ssl_context=self._context, **more)

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """Make those through a proxy by the context, too."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **more)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to the context; requests would add its own CAs."""

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Have urllib3 leave the context's mode as it is."""
        place, settings = super().build_connection_pool_key_attributes(request, True, None)
        return place, settings | {"cert_reqs": self._context.verify_mode}
