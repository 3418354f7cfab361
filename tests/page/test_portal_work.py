"""How the board works for its page: one action at a time, with enough memory; and restarts."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import certificates
import micropython_server
import portal_server
import pytest
from issued import pem
from page_browser import Browser
from portal_server import SLOW_KEY, serving_page
from tls_clients import connect, read_all

_HEAD = b"HEAD / HTTP/1.1\r\nHost: kitchen\r\n\r\n"


# The page, with a method of the identity, argv[3], that lacks memory argv[4] times.
_SHORT_OF_MEMORY = portal_server._SERVE.replace(
    "asyncio.run(",
    """
class Short:
    left = int(sys.argv[4])
    def __call__(self, *arguments):
        if self.left:
            self.left -= 1
            raise MemoryError("as on a board")
        return whole(*arguments)
whole = getattr(me, sys.argv[3])
setattr(me, sys.argv[3], Short())
asyncio.run(""",
)


_SLOW_KEY = portal_server._SERVE.replace("asyncio.run(", SLOW_KEY + "asyncio.run(")


@pytest.mark.parametrize(
    ("name", "times", "status"), [("report", 1, 200), ("report", 2, 503), ("report", 9, 503)]
)
def test_a_lack_of_memory_is_an_answer(name: str, times: int, status: int, tmp_path: Path) -> None:
    """The server retries once without memory; then it answers 503 with a time to retry."""
    with serving_page(tmp_path / "identity", name, str(times), code=_SHORT_OF_MEMORY) as client:
        for path in ("/api/identity", "/")[: 1 if times < 9 else 2]:
            response, content = client.request("GET", path)
            assert response.status == status
            if status == 503:
                assert response.headers["Retry-After"] and b"memory" in content


@pytest.mark.parametrize(("times", "status"), [(1, 200), (2, 503)])
def test_a_form_that_lacks_memory_comes_back(times: int, status: int, tmp_path: Path) -> None:
    """Without memory, the form is shown again with certificate and key."""
    code = _SHORT_OF_MEMORY
    with serving_page(tmp_path / "identity", "install", str(times), code=code) as client:
        browser = Browser(client.port, client.directory)
        browser.open()
        browser.submit("sign-in", token=client.token)
        leaf = certificates.make()
        chain, key = pem(leaf).decode(), leaf.key_pem().decode()
        browser.submit("install", chain="# <b> & more\n" + chain, key=key)
        assert browser.status == status
        if status == 503:
            assert f">\n{chain}</textarea>" in browser.page
            assert f">\n{key}</textarea>" in browser.page
            browser.submit("install", chain=chain, key=key)
            assert browser.status == 200
        assert client.served_certificate() == leaf.der


def test_a_restart_is_answered_first(tmp_path: Path) -> None:
    """A restart is announced before the board starts again; here, it prints that."""
    with serving_page(tmp_path / "identity") as client:
        restarted = client.directory.with_suffix(".restarted")
        status, report = client.api("restart", {}, client.token)
        assert status == 200 and report["hostname"] == "kitchen" and not restarted.exists()
        deadline = time.monotonic() + 60
        while not restarted.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_settings_are_stored_and_the_board_restarts(tmp_path: Path) -> None:
    """The API stores settings as texts; a wrong one is refused by field, and changes nothing."""
    with serving_page(tmp_path / "identity") as client:
        config = client.directory / "config.json"
        restarted = client.directory.with_suffix(".restarted")
        for content, field in (
            ({"validity_days": "90", "portal_port": "x"}, "portal_port"),
            ({"hostname": "other"}, "hostname"),  # The program sets this one.
            ({"names": "a b!"}, "names"),
        ):
            status, answer = client.api("settings", content, client.token)
            assert (status, answer["error"]["field"]) == (422, field)
        assert not config.exists() and not restarted.exists()
        status, report = client.api("settings", {"validity_days": "90"}, client.token)
        assert status == 200 and report["hostname"] == "kitchen"
        assert json.loads(config.read_text()) == {"validity_days": 90}
        deadline = time.monotonic() + 60
        while not restarted.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        status, _ = client.api("settings", {"validity_days": None}, client.token)
        assert status == 200 and json.loads(config.read_text()) == {}


def test_settings_of_a_form_are_what_it_shows(tmp_path: Path) -> None:
    """A form's unchanged values are accepted, even for settings of the program."""
    with serving_page(tmp_path / "identity") as client:
        browser = Browser(client.port, client.directory)
        browser.open()
        browser.submit("sign-in", token=client.token)
        assert 'name="names" value="localhost"' in browser.page
        shown = {"hostname": "kitchen", "names": "localhost"}
        browser.submit("settings", **shown, validity_days="36501")
        assert browser.status == 422 and 'id="settings-validity_days-error"' in browser.page
        assert browser.refresh is None
        browser.submit("settings", **shown, validity_days="90")
        assert browser.status == 200 and "The settings are stored, and" in browser.page
        assert browser.refresh == "20; url=/"
        config = client.directory / "config.json"
        assert json.loads(config.read_text()) == {"validity_days": 90}
        assert 'name="validity_days" value="90"' in browser.page


def test_who_signs_is_chosen_by_the_form(tmp_path: Path) -> None:
    """The form shows who signs, and how long an authority can; others are refused at the field."""
    with serving_page(tmp_path / "identity") as client:
        browser = Browser(client.port, client.directory)
        browser.open()
        browser.submit("sign-in", token=client.token)
        assert browser.found.forms["settings"]["chain"] == "self"
        assert "Its own authority, up to 397 days</option>" in browser.page
        config = client.directory / "config.json"
        browser.submit("settings", chain="neither")
        assert browser.status == 422 and 'id="settings-chain-error"' in browser.page
        browser.submit("settings", chain="authority")
        assert browser.status == 200 and json.loads(config.read_text()) == {"chain": "authority"}
        assert browser.found.forms["settings"]["chain"] == "authority"
        browser.submit("settings", chain="self")
        assert json.loads(config.read_text()) == {"chain": "self"}


def test_a_page_is_loaded_again_where_the_board_is_then() -> None:
    """After a renaming, the browser reloads at the new name, or at the same address."""
    code = """
import sys
from boardcert.page.restarts import url_after

class Request:
    header = staticmethod(lambda name: sys.argv[1])

for new in ("kitchen", "pantry", "pantry.example.com", ""):
    print(url_after("kitchen", Request, new))
"""
    asked = micropython_server.run(code, "Kitchen.local:20034").split()
    assert asked[:2] == ["https://kitchen.local:20034/", "https://pantry.local:20034/"]
    assert asked[2:] == ["https://pantry.example.com:20034/", "/"]
    assert micropython_server.run(code, "192.168.4.1:20034").split() == ["/"] * 4
    assert micropython_server.run(code, "kitchen.local").split()[1] == "https://pantry.local:443/"


def test_settings_are_shown_as_a_boot_reads_them(tmp_path: Path) -> None:
    """Settings with a byte order mark are shown, and are kept when the form is saved."""
    with serving_page(tmp_path / "identity") as client:
        config = client.directory / "config.json"
        config.write_bytes(b'\xef\xbb\xbf{"validity_days": 90, "https": "required"}')
        browser = Browser(client.port, client.directory)
        browser.open()
        browser.submit("sign-in", token=client.token)
        assert 'name="validity_days" value="90"' in browser.page
        browser.submit("settings")
        assert json.loads(config.read_text()) == {"validity_days": 90, "https": "required"}


def test_one_thing_is_done_at_a_time(tmp_path: Path) -> None:
    """While a key is generated, the page is served, and all other actions are refused."""
    with (
        serving_page(tmp_path / "identity", code=_SLOW_KEY) as client,
        ThreadPoolExecutor() as pool,
    ):
        made = pool.submit(client.api, "new-key", {"hostname": "kitchen"}, client.token)
        while not client.directory.with_suffix(".making").exists():
            assert not made.done(), made.result()
            time.sleep(0.02)
        before = client.files()
        assert client.get("/api/identity")
        for action in ("renew", "restart", "reset"):
            bearer = {"Authorization": f"Bearer {client.token}"}
            response, content = client.request("POST", f"/api/{action}", headers=bearer)
            assert (response.status, response.headers["Retry-After"]) == (503, "10")
        assert b"busy with" in content and client.files() == before
        client.directory.with_suffix(".made").touch()
        assert made.result()[0] == 200 and client.files() != before
        assert client.api("renew", {}, client.token)[0] == 200


def test_connections_that_ask_for_nothing_make_room(tmp_path: Path) -> None:
    """An action that lacks memory closes idle connections, except the one that asks."""
    with (
        serving_page(tmp_path / "identity", "work_bytes=1000000000") as client,
        socket.create_connection(("127.0.0.1", client.port), timeout=60) as early,
        connect(client.port) as kept,
    ):
        kept.sendall(_HEAD)
        assert kept.recv(12) == b"HTTP/1.1 200"
        assert client.api("renew", {}, client.token)[0] == 200
        for idle in (early, kept):
            read_all(idle)


def test_connections_stay_where_there_is_memory(tmp_path: Path) -> None:
    """If there is memory, connections stay open for the next request."""
    with (
        serving_page(tmp_path / "identity", "work_bytes=1") as client,
        connect(client.port) as kept,
    ):
        kept.sendall(_HEAD)
        assert kept.recv(12) == b"HTTP/1.1 200"
        assert client.api("renew", {}, client.token)[0] == 200
        kept.sendall(_HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert read_all(kept).count(b"HTTP/1.1 200") == 1


_SMALL_HOLES = """
from boardcert.page.send import in_chunks
pieces = [bytes([number]) * 100 for number in range(40)]
filling, count = [None] * 200_000, 0
try:
    while True:
        filling[count] = bytes(300)
        count += 1
except MemoryError:
    pass
for at in range(count - 1000, count, 2):
    filling[at] = None
chunks = in_chunks(pieces)
left = 4000
for chunk in chunks:
    left -= len(chunk)
filling = None
print(left)
"""


def test_an_answer_is_sent_where_no_large_piece_of_memory_is_free() -> None:
    """In fragmented memory, an answer is sent in small pieces, completely."""
    assert micropython_server.run(_SMALL_HOLES) == "0\n"
