"""`boardcert_host.client`: programs that request data from a known board, by its key."""

import asyncio
import urllib.request

import httpx
import pytest
import requests
from authority_pair import make_pair
from board_answers import answer, https_server, report_of
from boardcert_host.client import context, session
from boardcert_host.errors import Error
from boardcert_host.trust import pins
from certificates import make

_READING = {"temperature": 21.5}
_ANSWER = answer(200, _READING, "Connection: close\r\n")


@pytest.fixture
def board():
    """Return a board known by name, at an address of this computer."""
    identity = make()
    pins.add_pin("kitchen.local", report_of(identity), address="127.0.0.1")
    pins.add_pin("127.0.0.1", report_of(identity))
    return identity


def test_a_reading_in_three_lines(board, tmp_path, monkeypatch):
    """Three lines read a known board whose name does not resolve, without proxy or CA bundle."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nothing")
    received = []
    served = https_server(board, tmp_path, [_ANSWER] * 2, received)
    with served as port, session("kitchen") as kitchen:
        for path in ("readings", "again"):
            url = f"https://kitchen.local:{port}/{path}"
            assert kitchen.get(url, timeout=60).json() == _READING
    assert received[0].startswith(b"GET /readings ") and b"Host: kitchen.local" in received[0]


def test_a_certificate_signed_again_is_the_same_board(board, tmp_path):
    """A certificate signed again is accepted, as its key is pinned."""
    served = https_server(make(key=board.key), tmp_path, [_ANSWER], [])
    with served as port, session("127.0.0.1") as kitchen:
        assert kitchen.get(f"https://127.0.0.1:{port}/", timeout=60).json() == _READING


def test_a_board_with_its_own_authority_is_the_same_board(board, tmp_path):
    """The pin is that of the leaf's key; the authority sent with it is ignored."""
    leaf, authority = make_pair(key=board.key)
    served = https_server(leaf, tmp_path, [_ANSWER], [], chain=(authority,))
    with served as port, session("127.0.0.1") as kitchen:
        assert kitchen.get(f"https://127.0.0.1:{port}/", timeout=60).json() == _READING


def test_another_key_gets_no_request(board, tmp_path):
    """A server with another key gets no request from requests, httpx, urllib or asyncio."""
    received, other = [], make()
    pinned = context("kitchen.local")

    async def connect(port):
        await asyncio.open_connection("127.0.0.1", port, ssl=pinned, server_hostname="kitchen")

    with https_server(other, tmp_path, [_ANSWER] * 4, received) as port:
        url = f"https://127.0.0.1:{port}/"
        with session("127.0.0.1") as kitchen, pytest.raises(requests.exceptions.SSLError):
            kitchen.get(url, timeout=60)
        with httpx.Client(verify=pinned) as client, pytest.raises(httpx.ConnectError):
            client.get(url)
        with pytest.raises(OSError, match="the key of the board is"):
            urllib.request.urlopen(url, timeout=60, context=pinned)
        with pytest.raises(OSError, match="the key of the board is"):
            asyncio.run(connect(port))
    assert not any(received)


def test_the_context_is_for_other_libraries(board, tmp_path):
    """The context works with httpx, urllib and asyncio."""
    pinned = context("kitchen.local")

    async def ask(port):
        words = {"ssl": pinned, "server_hostname": "kitchen.local"}
        reader, writer = await asyncio.open_connection("127.0.0.1", port, **words)
        writer.write(b"GET / HTTP/1.1\r\nHost: kitchen.local\r\n\r\n")
        head = await reader.readline()
        writer.transport.abort()
        return head

    with https_server(board, tmp_path, [_ANSWER] * 3, []) as port:
        url = f"https://127.0.0.1:{port}/"
        with httpx.Client(verify=pinned, trust_env=False) as client:
            assert client.get(url).json() == _READING
        with urllib.request.urlopen(url, timeout=60, context=pinned) as found:
            assert found.status == 200
        assert asyncio.run(ask(port)).startswith(b"HTTP/1.1 200")


def test_others_are_verified_as_usual(board, tmp_path):
    """A board's session does not trust its key for other hosts, or for longer names."""
    with https_server(board, tmp_path, [_ANSWER] * 2, []) as port:
        with session("kitchen.local") as kitchen, pytest.raises(requests.exceptions.SSLError):
            kitchen.get(f"https://localhost:{port}/", timeout=60)
        adapter = kitchen.get_adapter("https://kitchen.local.example.org/")
    assert type(adapter) is requests.adapters.HTTPAdapter


def test_a_board_that_is_not_known_is_told():
    """An unknown board is an error that says what to do."""
    for function in (session, context):
        with pytest.raises(Error) as caught:
            function("hall.local")
        assert "hall.local" in caught.value.message and caught.value.hint
