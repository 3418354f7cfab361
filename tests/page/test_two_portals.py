"""Two pages of one board, over its serial line and in its network, take turns."""

import json
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import micropython_server
import pytest
from portal_server import SLOW_KEY, Client, serving_page
from servers import reserved_port
from tls_clients import connect, read_all

# The page at two ports, with limits that no test reaches. When the file .interrupt appears, Ctrl-C
# ends the event loop; the program then serves one of them with a new loop.
_SERVE = """
import asyncio, os, sys
import boardcert
from boardcert.page.portal import Portal
from boardcert.serving.server import Server

Portal.pause_ms = Portal.turn_ms = int(sys.argv[4])
me = boardcert.identity(directory=sys.argv[1], hostname="kitchen", names=["localhost"])
with open(sys.argv[1] + ".token", "w") as file:
    file.write(me.admin_token())

def begin(port):
    server = Server(me)
    return asyncio.create_task(server.run(Portal(me, server=server), port, "127.0.0.1"))

async def both():
    begin(int(sys.argv[3]))
    begin(int(sys.argv[2]))
    while True:
        await asyncio.sleep_ms(20)
        try:
            os.remove(sys.argv[1] + ".interrupt")
        except OSError:
            continue
        raise KeyboardInterrupt

async def one():
    await begin(int(sys.argv[5]))

try:
    asyncio.run(both())
except KeyboardInterrupt:
    asyncio.new_event_loop()
asyncio.run(one())
"""

_CODE = _SERVE.replace("def begin", SLOW_KEY + "def begin")
_LONG_MS = 600_000
_SHORT_MS = 500


class Pages:
    """The two pages, and the one that is served after Ctrl-C."""

    def __init__(self, first: Client, second: Client, third: Client) -> None:
        self.first, self.second, self.third = first, second, third


@pytest.fixture
def pages(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pages]:
    """Return a board; the parameter is a client's time in ms while others wait."""
    ports = [reserved_port() for _ in range(2)]
    directory = tmp_path / "identity"
    others = [str(ports[0]), str(request.param), str(ports[1])]
    with serving_page(
        directory, *others, code=_SERVE.replace("def begin", SLOW_KEY + "def begin")
    ) as first:
        yield Pages(first, *[Client(port, directory) for port in ports])


def _begin_long(client: Client) -> tuple[ssl.SSLSocket, bytes]:
    """Send half of a request that needs a turn; return its connection and the rest."""
    body = json.dumps({"chain": "A" * 1500}).encode()
    head = (
        "POST /api/install HTTP/1.1\r\nHost: kitchen\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {client.token}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\nExpect: 100-continue\r\n\r\n"
    )
    connection = connect(client.port)
    connection.sendall(head.encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")  # Its body is being read now.
    connection.sendall(body[:700])
    return connection, body[700:]


def _finish(connection: ssl.SSLSocket, rest: bytes = b"") -> bytes:
    """Send the *rest* of a request, and return the answer until the connection ends."""
    connection.sendall(rest)
    with connection:
        return read_all(connection)


@pytest.mark.parametrize("pages", [_LONG_MS], indirect=True)
def test_what_one_works_with_is_not_taken_by_the_other(pages: Pages) -> None:
    """Both requests are answered, although the end of the first empties its modules."""
    first, rest = _begin_long(pages.first)
    with ThreadPoolExecutor(1) as pool:
        beginning = pool.submit(_begin_long, pages.second)
        time.sleep(1)  # It arrives, and has to wait.
        assert _finish(first, rest).startswith(b"HTTP/1.1 422 ")  # Letters are not a certificate.
        assert _finish(*beginning.result()).startswith(b"HTTP/1.1 422 ")
    assert json.loads(pages.second.get("/api/identity"))["hostname"] == "kitchen"


@pytest.mark.parametrize("pages", [_SHORT_MS], indirect=True)
def test_who_keeps_the_other_page_waiting_is_ended(pages: Pages) -> None:
    """A client that delays the other page is closed by its own server."""
    connection, _ = _begin_long(pages.first)
    assert json.loads(pages.second.get("/api/identity"))["hostname"] == "kitchen"
    assert _finish(connection) == b""


@pytest.mark.parametrize("pages", [_LONG_MS], indirect=True)
def test_while_one_works_the_other_refuses_to(pages: Pages) -> None:
    """While one page generates a key, outside of turns, the other refuses its actions."""
    making, made = [pages.first.directory.with_suffix(name) for name in (".making", ".made")]
    with ThreadPoolExecutor(1) as pool:
        key = pool.submit(pages.first.api, "new-key", {"hostname": "kitchen"}, pages.first.token)
        while not making.exists():
            assert not key.done(), key.result()
            time.sleep(0.02)
        status, _ = pages.second.api("renew", {}, pages.first.token)
        made.touch()
        assert (status, key.result()[0]) == (503, 200)
    assert pages.second.api("renew", {}, pages.first.token)[0] == 200


@pytest.mark.parametrize("pages", [_LONG_MS], indirect=True)
def test_a_turn_ends_with_its_event_loop(pages: Pages) -> None:
    """After Ctrl-C and new_event_loop(), no task has the turn any more."""
    with _begin_long(pages.first)[0]:
        pages.first.directory.with_suffix(".interrupt").touch()
        assert micropython_server.wait_for(pages.third.port)
        assert json.loads(pages.third.get("/api/identity"))["hostname"] == "kitchen"
