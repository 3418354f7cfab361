"""Run the device package on the MicroPython unix binary: single scripts, and a TLS server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import microdot
from servers import reserved_port

ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_S = 120  # A program that needs a second may take far longer on a busy computer.
_MICROPYTHON = Path(sys.executable).parent / "micropython"
# Last in the path, so that `import microdot` finds its core, as on a board.
_MICRODOT = str(Path(str(microdot.__file__)).parent)

# Serve the page of an identity in argv[1] on port argv[2], with short time limits.
_SERVE = """
import asyncio, sys
import boardcert
from boardcert.page.portal import Portal
from boardcert.serving.server import Server

me = boardcert.identity(directory=sys.argv[1], names=["localhost", "127.0.0.1"])
server = Server(me)
server.handshake_timeout_ms = 4000
server.idle_timeout_ms = 3000
server.max_connections = 4

async def raises(reader, writer):
    await reader.read(1)
    raise MemoryError("as an application may")

app = raises if sys.argv[3:] == ["raises"] else Portal(me)
asyncio.run(server.run(app, int(sys.argv[2]), "127.0.0.1"))
"""


def _start(code: str, *arguments: str, path: str = "firmware") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [_MICROPYTHON, "-c", code, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "MICROPYPATH": os.pathsep.join([path, "firmware", ".frozen", _MICRODOT]),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(code: str, *arguments: str) -> str:
    """Run *code* with sys.argv[1:] = *arguments*; return its output. A failure is an error."""
    process = _start(code, *arguments)
    output, _ = process.communicate(timeout=_TIMEOUT_S)
    if process.returncode:
        raise AssertionError(output)
    return output


@contextmanager
def serving(
    directory: Path, *arguments: str, code: str = _SERVE, path: str = "firmware"
) -> Iterator[int]:
    """Serve the identity in *directory* with *code*, by default the page; yield the port.

    *code* finds the directory, the port and *arguments* in sys.argv[1:], and modules in *path*.
    """
    port = reserved_port()
    process = _start(code, str(directory), str(port), *arguments, path=path)
    try:
        if not wait_for(port, lambda: process.poll() is None):
            process.kill()
            raise AssertionError(f"no server: {process.communicate()[0]}")
        yield port
        if process.poll() is not None:
            raise AssertionError(f"the server has ended: {process.communicate()[0]}")
    finally:
        process.terminate()
        process.communicate(timeout=_TIMEOUT_S)


def wait_for(port: int, is_running: Callable[[], bool] = lambda: True) -> bool:
    """Wait until something listens on *port*; return False if it ends, or after two minutes."""
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline and is_running():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
