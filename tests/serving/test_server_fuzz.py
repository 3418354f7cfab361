"""Arbitrary requests to a Microdot app: no crash, no hang, no request handled twice."""

import re
import socket
import ssl
import time
from collections.abc import Iterator

import micropython_server
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tls_clients import connect

_APP = """
import asyncio, sys
import boardcert
from boardcert.serving import http_refusal
from microdot import Microdot

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
app = Microdot()
seen = []

@app.before_request
async def count(request):
    seen.append(request.path)

@app.get("/seen")
async def count_seen(request):
    return str(len(seen))

@app.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
async def echo(request, path):
    return {"length": len(request.body), "arguments": len(request.args)}

http_refusal._LINGER_MS = 100
limits = {"handshake_timeout_ms": 20000, "head_timeout_ms": 5000, "idle_timeout_ms": 5000}
asyncio.run(boardcert.serve(app, int(sys.argv[2]), "127.0.0.1", **limits))
"""

# Its limits above, and time for a busy computer.
_TIME_LIMIT_S = 60

_METHODS = st.text("ABCXYZ-_", max_size=20) | st.sampled_from(
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PRI", "get"]
)
_STEPS = st.text(max_size=3) | st.sampled_from(
    [
        "/",
        "//",
        "..",
        ".",
        "%2e%2e",
        "%2f",
        "%00",
        "%",
        "%zz",
        "%c0%af",
        "\\",
        ";",
        "?",
        "#",
        "&=",
        "+",
        "*",
        "x",
        "http://evil.example",
    ]
)
_PATHS = st.lists(_STEPS, max_size=8).map(lambda steps: "/" + "".join(steps)) | st.sampled_from(
    ["*", "", "http://x/", "//evil.example/", "x", "/" + "a" * 5000]
)
_VERSIONS = st.sampled_from(
    ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.9", "HTTP/2.0", "http/1.1"]
)
_NAMES = st.text(max_size=3) | st.sampled_from(
    [
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Expect",
        "Cookie",
        "Content-Type",
    ]
)
_VALUES = st.text(max_size=9) | st.sampled_from(
    [
        "0",
        "5",
        "-1",
        "+5",
        "5,5",
        "0x5",
        "99999999999999999999",
        "chunked",
        "gzip,chunked",
        "close",
        "upgrade",
        "100-continue",
    ]
)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=12)
_FLOODS = st.integers(50, 2000).map(lambda count: [("X", "y")] * count)
_BODIES = st.binary(max_size=200) | st.sampled_from(
    (b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(3000))
)
_ENDS = st.sampled_from(["\r\n"] * 9 + ["\n", "\r", "\r\n ", ""])


@st.composite
def _requests(draw: st.DrawFn) -> bytes:
    """Return about one request: often a valid one with one error."""
    headers = draw(_HEADERS | _FLOODS)
    if draw(st.booleans()):
        headers = [("Host", "x"), *headers]
    body = draw(_BODIES)
    if draw(st.booleans()):
        headers = [*headers, ("Content-Length", str(len(body)))]
    end = draw(_ENDS)
    lines = [f"{draw(_METHODS)} {draw(_PATHS)} {draw(_VERSIONS)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return end.join([*lines, "", ""]).encode("utf-8", "replace") + body


# A client's bytes on one connection: consecutive requests, or anything.
_CONVERSATIONS = st.lists(_requests(), min_size=1, max_size=4).map(b"".join) | st.binary(
    max_size=500
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield a server that must still serve at the end."""
    directory = tmp_path_factory.mktemp("fuzz") / "identity"
    with micropython_server.serving(directory, code=_APP) as port:
        yield port
        assert _seen(port) > 0


def _converse(port: int, sent: bytes, goes_on: bool) -> bytes:
    """Send *sent* only; return the answer until the server closes, in time.

    *goes_on*: keep the direction open, so that the server has to time out.
    """
    received = b""
    began = time.monotonic()
    with connect(port, _TIME_LIMIT_S) as client:
        try:
            client.sendall(sent)
            if not goes_on:
                socket.socket.shutdown(client, socket.SHUT_WR)  # Of TCP: TLS still reads.
            while piece := client.recv(65536):
                received += piece
        except (ConnectionError, ssl.SSLError):
            pass  # It has refused the beginning, and closed.
    assert time.monotonic() - began < _TIME_LIMIT_S
    return received


def _seen(port: int) -> int:
    answer = _converse(port, b"GET /seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", True)
    return int(answer.rsplit(b"\r\n", 1)[1])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(sent=_CONVERSATIONS, goes_on=st.sampled_from([False] * 60 + [True]))
def test_every_conversation_ends_in_time(port: int, sent: bytes, goes_on: bool) -> None:
    """Each answer is complete HTTP/1.1, and the application never fails."""
    answers = _converse(port, sent, goes_on)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]
    assert answers.startswith(b"HTTP/1.1 ") or not answers
    assert 500 not in statuses, answers
    assert b"HTTP/1.0 " not in answers
    refusals = [status for status in statuses if status in (411, 417, 431, 505)]
    assert not refusals or statuses[-1] == refusals[0]  # Nothing after it is handled as a request.


@settings(max_examples=60, deadline=None, derandomize=True)
@given(body=_BODIES, rest=_CONVERSATIONS)
def test_a_body_is_never_taken_for_a_request(port: int, body: bytes, rest: bytes) -> None:
    """A body is not handled as a request, whatever its content and what follows."""
    before = _seen(port)
    head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    answers = _converse(port, head % len(body) + body + rest, False)
    assert answers.endswith(b'"length": %d}' % len(body)) or b'"length": %d,' % len(body) in answers
    assert answers.count(b"HTTP/1.1 ") == 1
    assert _seen(port) == before + 2  # This one, and the question before.
