"""Serve the configuration page on the MicroPython unix binary, and be its client."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any

import micropython_server
from boardcert_host.verify.tls_probe import unverified_context

# Key generation, as slow as for RSA, ends when the test creates the file .made.
SLOW_KEY = """
from boardcert.credentials import background_key

async def key_for(me):
    open(sys.argv[1] + ".making", "w").close()
    while True:
        await asyncio.sleep_ms(20)
        try:
            os.remove(sys.argv[1] + ".made")
            return
        except OSError:
            pass

background_key.key_for = key_for
"""

# The page of the identity in argv[1] on port argv[2]; over TLS, without the argument "plain". A
# file is created at a restart. Each argument name=value sets a limit of the portal or its access.
_SERVE = """
import asyncio, os, sys
import boardcert
from boardcert.page.portal import Portal
from boardcert.serving.server import Server

def restart():
    open(sys.argv[1] + ".restarted", "w").close()

me = boardcert.identity(directory=sys.argv[1], hostname="kitchen", names=["localhost"])
with open(sys.argv[1] + ".token", "w") as file:
    file.write(me.admin_token())
is_secure = "plain" not in sys.argv
server = Server(me if is_secure else None)
portal = Portal(me, restart, is_secure, server)
for argument in sys.argv[3:]:
    if "=" in argument:
        name, value = argument.split("=")
        setattr(portal if name == "work_bytes" else portal.access, name, int(value))
asyncio.run(server.run(portal, int(sys.argv[2]), "127.0.0.1"))
"""

# Runs beside the server, as over USB: after a reset, the token is made by this.
_TELL = """
import sys, boardcert
me = boardcert.identity(directory=sys.argv[1], hostname="kitchen", names=["localhost"])
print(me.admin_token(), end="")
"""


class Client:
    """One browser or program: it keeps its cookie, but no connection."""

    def __init__(self, port: int, directory: Path, is_secure: bool = True) -> None:
        self.port = port
        self.directory = directory
        self.origin = {"Origin": f"https://localhost:{port}"}
        self._is_secure = is_secure
        self.cookie = ""
        self.source: str | None = None
        """The address to come from, where not the usual one."""
        self.context = unverified_context()

    @property
    def token(self) -> str:
        """The board's token when the server started, as over USB."""
        return self.directory.with_suffix(".token").read_text()

    def current_token(self) -> str:
        """Return the board's current token."""
        path = self.directory / "token"
        if path.exists():
            return path.read_text().split(" ")[0]
        return micropython_server.run(_TELL, str(self.directory))

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[HTTPResponse, bytes]:
        """Return (the answer, its body), over a connection of its own."""
        all_headers = {"Connection": "close", **(headers or {})}
        if self.cookie:
            all_headers["Cookie"] = self.cookie
        source = (self.source, 0) if self.source else None
        if self._is_secure:
            connection = HTTPSConnection(
                "localhost", self.port, context=self.context, timeout=120, source_address=source
            )
        else:
            connection = HTTPConnection("localhost", self.port, timeout=120)
        try:
            connection.request(method, path, body, all_headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        cookie = response.headers.get("Set-Cookie")
        if cookie:
            self.cookie = "" if "Max-Age=0" in cookie else cookie.partition(";")[0]
        return response, content

    def get(self, path: str) -> bytes:
        """Return the answer for *path*."""
        response, content = self.request("GET", path)
        assert response.status == 200, content
        return content

    def api(
        self, action: str, values: dict[str, Any] | None = None, token: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return (status, answer) of POST /api/*action*, with *token*, or the cookie of a page."""
        headers = {"Content-Type": "application/json"}
        if token is None:
            headers.update(self.origin)
        else:
            headers["Authorization"] = f"Bearer {token}"
        body = None if values is None else json.dumps(values)
        response, content = self.request("POST", f"/api/{action}", body, headers)
        return response.status, json.loads(content) if content else {}

    def files(self) -> dict[str, bytes]:
        """Return the board's stored files, by name."""
        return {path.name: path.read_bytes() for path in self.directory.iterdir()}

    def served_certificate(self) -> bytes:
        """Return the DER of the certificate that a new connection gets."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=120) as raw,
            self.context.wrap_socket(raw) as secure,
        ):
            return secure.getpeercert(binary_form=True) or b""


@contextmanager
def serving_page(
    directory: Path, *limits: str, code: str = _SERVE, path: str = "firmware"
) -> Iterator[Client]:
    """Serve the page of *directory*'s identity with *code* and *path*; yield a client."""
    with micropython_server.serving(directory, *limits, code=code, path=path) as port:
        yield Client(port, directory, "plain" not in limits)
