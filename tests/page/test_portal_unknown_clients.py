"""Clients without session or token can use only little memory and time of the page."""

import json
import ssl
import time
from collections.abc import Iterator

import pytest
from page_browser import FORM, Browser
from portal_server import Client, serving_page
from tls_clients import connect, read_all

_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: kitchen\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of a board."""
    directory = tmp_path_factory.mktemp("unknown") / "identity"
    with serving_page(directory, "first_delay_ms=1", "longest_delay_ms=1") as client:
        yield client


def _begin(client: Client, path: str, kind: str, size: int, headers: str = "") -> ssl.SSLSocket:
    """Send the head of a request and one byte of its body."""
    connection = connect(client.port)
    head = _HEAD.format(path=path, kind=kind, size=size) + headers
    connection.sendall(f"{head}\r\n{{".encode())
    return connection


def _read(connection: ssl.SSLSocket) -> bytes:
    with connection:
        return read_all(connection)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", FORM["Content-Type"]),
        ("/api/session", "application/json"),
        ("/api/install", "application/json"),
    ],
)
def test_a_body_longer_than_a_sign_in_is_not_waited_for(
    client: Client, path: str, kind: str
) -> None:
    """A body longer than a sign-in is refused after its head, and the connection ends."""
    answer = _read(_begin(client, path, kind, 16_384))
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 413 "))
    assert b"\r\nConnection: close\r\n" in answer
    headers = "Authorization: Bearer " + "a" * 26 + "\r\n"
    assert _read(_begin(client, path, kind, 16_384, headers))[9:12] in (b"401", b"413")


def test_many_that_stall_in_their_bodies_keep_nobody_waiting(client: Client) -> None:
    """All but one of the possible clients may stall in a body without delaying the last one."""
    stalled = [_begin(client, "/api/session", "application/json", 512) for _ in range(7)]
    try:
        for connection in stalled:
            connection.sendall(b" " * 510)
        assert json.loads(client.get("/api/identity"))["hostname"] == "kitchen"
    finally:
        for connection in stalled:
            connection.close()


def test_a_body_that_drips_ends_though_it_is_short(client: Client) -> None:
    """A slow body ends after the time of a head, whatever its length."""
    connection = _begin(client, "/api/session", "application/json", 512)
    began = time.monotonic()
    with pytest.raises(OSError), connection:
        while time.monotonic() - began < 200:
            connection.sendall(b" ")
            time.sleep(0.5)


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Origin"])
def test_two_headers_with_credentials_are_refused(client: Client, name: str) -> None:
    """Two headers with a client's credentials are refused, even if they are equal."""
    for second in (name, name.lower()):
        with connect(client.port) as connection:
            connection.sendall(
                f"GET / HTTP/1.1\r\nHost: x\r\n{name}: a\r\n{second}: a\r\n\r\n".encode()
            )
            assert connection.recv(12) == b"HTTP/1.1 400"


def test_a_form_of_an_ended_session_is_answered_by_the_page(client: Client) -> None:
    """A long form of an ended session is answered by the page, which says to sign in again."""
    browser = Browser(client.port, client.directory)
    browser.open()
    browser.submit("sign-in", token=client.token)
    browser.cookie = ""
    browser.submit("install", chain="x" * 8000, key="")
    assert browser.status == 401 and "sign in again" in browser.page
