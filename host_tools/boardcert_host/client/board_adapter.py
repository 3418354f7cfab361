"""Have requests, and urllib3 beneath it, connect with a PinnedContext."""

import socket
import ssl
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError

from .pinned import PinnedContext


class BoardAdapter(HTTPAdapter):
    """Sends requests to the board of *context*; at *address*, where its name is not found.

    Never through a proxy: a board is near, and a proxy would be connected to by another context.
    """

    def __init__(self, context: PinnedContext, address: str | None) -> None:
        self._context = context
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """Make connections that the context checks."""
        super().init_poolmanager(
            *arguments, ssl_context=self._context, cert_reqs=ssl.CERT_NONE, **more
        )
        pools = {"https": _pool_at(self._address)}
        self.poolmanager.pool_classes_by_scheme = pools  # type: ignore[assignment]

    def send(self, request: PreparedRequest, *arguments: Any, **more: Any) -> Response:
        """Send *request*. Raises requests.exceptions.SSLError for another board."""
        more |= {"verify": False, "proxies": {}}  # The context verifies.
        return super().send(request, *arguments, **more)


def _pool_at(address: str | None) -> type[HTTPSConnectionPool]:
    """Return a class of pools; a class is all that urllib3 takes to have other connections."""

    class Connection(_Connection):
        last_address = address

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection  # pyright: ignore[reportAssignmentType] (a list is Final)

    return Pool


class _Connection(HTTPSConnection):
    last_address: str | None

    def connect(self) -> None:
        if not isinstance(self.ssl_context, PinnedContext):
            raise ssl.SSLError("the context was replaced, and the pin with it")
        super().connect()
        self.is_verified = True

    def _new_conn(self) -> socket.socket:
        try:
            return super()._new_conn()
        except NameResolutionError:
            if self.last_address is None:
                raise
        name, self._dns_host = self._dns_host, self.last_address
        try:
            return super()._new_conn()
        finally:
            self._dns_host = name  # For the Host header.
