"""The server among an application's other tasks: started once, and ended cleanly."""

import socket
import time
from pathlib import Path

import micropython_server
import pytest
from servers import reserved_port
from tls_clients import connect

# Serve until a client sends "end", beside a counting task; then print its count.
_CANCEL = """
import asyncio, sys
import boardcert

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])

async def handle(reader, writer):
    if await reader.readexactly(3) == b"end":
        serving.cancel()
    await asyncio.sleep(60)

async def count():
    global ticks
    while True:
        await asyncio.sleep_ms(10)
        ticks += 1

async def main():
    global serving
    counting = asyncio.create_task(count())
    serving = asyncio.create_task(boardcert.serve(handle, int(sys.argv[2]), "127.0.0.1"))
    try:
        await serving
    except asyncio.CancelledError:
        await asyncio.start_server(handle, "127.0.0.1", int(sys.argv[2]))
    with open(sys.argv[3], "w") as file:
        file.write(str(ticks))
    await asyncio.sleep(60)

ticks = 0
asyncio.run(main())
"""

_ENABLE = """
import asyncio, sys
class network:
    hostname = staticmethod(print)
sys.modules["network"] = network
import boardcert
async def main():
    settings = {"directory": sys.argv[1], "portal_port": int(sys.argv[2])}
    me = boardcert.enable(**settings)
    page = boardcert._page
    assert boardcert.enable() is me and boardcert._page is page and page[0] is me
    await asyncio.sleep(0.2)
    assert boardcert.enable() is me and boardcert._page is page and not page[1].done()
    other = boardcert.enable(hostname="other", **settings)
    await asyncio.sleep(0.2)
    assert boardcert._page[0] is other is not me
    assert page[1].done() and not boardcert._page[1].done()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of one identity."""
    return tmp_path_factory.mktemp("tasks") / "identity"


def test_a_server_that_is_cancelled_closes_everything(directory: Path, tmp_path: Path) -> None:
    """Cancelling closes all connections, even with sleeping handlers; other tasks continue."""
    answer = tmp_path / "ticks"
    with micropython_server.serving(directory, str(answer), code=_CANCEL) as port:
        stalled = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(2)]
        time.sleep(0.3)
        with connect(port) as client:
            client.sendall(b"end")
            assert client.recv(1) == b""
        for client in stalled:
            with client:
                assert client.recv(1) == b""
        deadline = time.monotonic() + 60
        while not answer.exists() or not answer.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert int(answer.read_text()) >= 10


def test_the_page_is_served_once(directory: Path) -> None:
    """Repeated enable() serves one page; with other settings it shows the new identity."""
    assert micropython_server.run(_ENABLE, str(directory), str(reserved_port()))
