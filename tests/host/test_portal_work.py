"""How the board works for its page: one thing at a time, with room for it; and how it restarts."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import micropython_server
from portal_server import Client, serving_page

_HEAD = b"HEAD / HTTP/1.1\r\nHost: kitchen\r\n\r\n"


def test_a_lack_of_memory_is_an_answer() -> None:
    """Wherever in a handler it shows; the serial console tells where."""
    code = """
import asyncio
from boardcert.portal_http import refusing
async def handler(request):
    raise MemoryError
answer = asyncio.run(refusing(handler)(None))
print(answer.status_code, answer.body.decode())
"""
    *traceback, last = micropython_server.run(code).splitlines()
    assert traceback[-1].startswith("MemoryError") and "in handler" in traceback[-2]
    status, answer = last.split(" ", 1)
    assert status == "500" and "memory" in json.loads(answer)["error"]["message"]


def test_a_restart_is_answered_first(tmp_path: Path) -> None:
    """A moment later the board starts again; here, it says so."""
    with serving_page(tmp_path / "identity") as client:
        restarted = client.directory.with_suffix(".restarted")
        status, report = client.api("restart", {}, client.token)
        assert status == 200 and report["hostname"] == "kitchen" and not restarted.exists()
        deadline = time.monotonic() + 5
        while not restarted.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_one_thing_is_done_at_a_time(tmp_path: Path) -> None:
    """While a key is made, the page is served, and all other work is refused."""
    with (
        serving_page(tmp_path / "identity", "slow") as client,
        ThreadPoolExecutor() as pool,
    ):
        made = pool.submit(client.api, "new-key", {"hostname": "kitchen"}, client.token)
        time.sleep(0.4)
        before = client.files()
        assert client.get("/api/identity")
        for action in ("renew", "restart", "reset"):
            bearer = {"Authorization": f"Bearer {client.token}"}
            response, content = client.request("POST", f"/api/{action}", headers=bearer)
            assert (response.status, response.headers["Retry-After"]) == (503, "10")
        assert b"at work" in content and client.files() == before
        assert made.result()[0] == 200 and client.files() != before
        assert client.api("renew", {}, client.token)[0] == 200


def test_connections_that_ask_for_nothing_make_room(tmp_path: Path) -> None:
    """A board that has too little memory for the work ends them; the one that asks stays."""
    with (
        serving_page(tmp_path / "identity", "work_bytes=1000000000") as client,
        _connect(client) as early,
        client.context.wrap_socket(_connect(client)) as kept,
    ):
        kept.sendall(_HEAD)
        assert kept.recv(12) == b"HTTP/1.1 200"
        assert client.api("renew", {}, client.token)[0] == 200
        for idle in (early, kept):
            while idle.recv(4096):
                pass


def test_connections_stay_where_there_is_memory(tmp_path: Path) -> None:
    """The next request comes over the same one."""
    with (
        serving_page(tmp_path / "identity", "work_bytes=1") as client,
        client.context.wrap_socket(_connect(client)) as kept,
    ):
        kept.sendall(_HEAD)
        assert kept.recv(12) == b"HTTP/1.1 200"
        assert client.api("renew", {}, client.token)[0] == 200
        kept.sendall(_HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers = b""
        while piece := kept.recv(4096):
            answers += piece
        assert answers.count(b"HTTP/1.1 200") == 1


def _connect(client: Client) -> socket.socket:
    return socket.create_connection(("127.0.0.1", client.port), timeout=10)
