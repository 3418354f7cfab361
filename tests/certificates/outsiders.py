"""A board with a certificate of a CA of ours: made, signed, installed and served, for outsiders."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import micropython_server
from boardcert_host.cli import main

# Java's own client, started as quickly as Java starts.
JAVA_CLIENT = (
    "java",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    Path(__file__).resolve().parents[1] / "shared" / "TrustingClient.java",
)
"""A program in Java that trusts the CA in a file."""

WORDS = "served by a board whose CA is trusted"

_IDENTITY = """
import sys
import boardcert
me = boardcert.identity(directory=sys.argv[1], hostname="pump-7", key_type=sys.argv[3],
    names=sys.argv[4].split(), chain=sys.argv[5])
"""
_REQUEST = f"""{_IDENTITY}
with open(sys.argv[2], "wb") as file:
    file.write(me.csr())
"""
_INSTALL = f"""{_IDENTITY}
with open(sys.argv[2]) as file:
    me.install(file.read())
print(me.source)
"""
_SERVE = f"""{_IDENTITY}
import asyncio
from boardcert.serving.server import Server

BODY = b"<!doctype html><title>pump-7</title><h1>{WORDS}</h1>"
HEAD = b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Type: text/html\\r\\n"

async def handle(reader, writer):
    await reader.read(4096)
    writer.write(HEAD + b"Content-Length: %d\\r\\n\\r\\n" % len(BODY) + BODY)
    await writer.drain()

asyncio.run(Server(me).run(handle, int(sys.argv[2]), "127.0.0.1"))
"""


@dataclass(frozen=True)
class Board:
    """A board's *directory*, its *request* (DER), its *certificate* (PEM), and the *ca*'s (PEM)."""

    key_type: str
    names: str
    directory: Path
    request: Path
    certificate: Path
    ca: Path

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Serve WORDS with the installed certificate; yield the port."""
        with serving(self.directory, self.key_type, self.names) as port:
            yield port


@contextmanager
def serving(directory: Path, key_type: str, names: str, chain: str = "self") -> Iterator[int]:
    """Serve WORDS with the identity in *directory*; yield the port.

    *names*: as for `make_board`.
    """
    with micropython_server.serving(directory, key_type, names, chain, code=_SERVE) as port:
        yield port


def make_board(tmp_path: Path, key_type: str, names: str, ca: Path) -> Board:
    """Have a board make its key and request, sign it with the CA in *ca*, and install the answer.

    *names*: additional names, separated by spaces.
    """
    directory, request = tmp_path / "identity", tmp_path / "request.der"
    certificate = tmp_path / "board.crt"
    settings = (key_type, names, "self")
    micropython_server.run(_REQUEST, str(directory), str(request), *settings)
    # These are names of this computer and of an earlier board, which no request gets without
    # consent.
    granted = [word for name in ("pump-7.local", *names.split()) for word in ("--san", name)]
    sign = ["ca", "sign", str(request), "--ca", str(ca), "-o", str(certificate), *granted]
    assert main(sign) == 0
    output = micropython_server.run(_INSTALL, str(directory), str(certificate), *settings)
    assert output.split()[-1] == "installed"
    return Board(key_type, names, directory, request, certificate, ca / "ca.crt")


def run(*command: str | Path | int, home: Path | None = None) -> tuple[int, str]:
    """Run a program; return its exit code and its output."""
    environment = {**os.environ, "HOME": str(home)} if home else None
    done = subprocess.run(
        [str(word) for word in command],
        input="",
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    return done.returncode, done.stdout + done.stderr


def browse(port: int, home: Path, *options: str) -> tuple[int, str]:
    """Have Chromium open the board's page as any other, without an option about certificates."""
    arguments = ["--headless", "--disable-gpu", f"--user-data-dir={home / 'profile'}"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return run("chromium", *arguments, *options, f"https://localhost:{port}/", home=home)
