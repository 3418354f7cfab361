"""Slow clients, and how others are served meanwhile."""

import hashlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import micropython_server
import pytest
from boardcert_host.verify.tls_probe import unverified_context
from tls_clients import client_hello, connect

_APP = """
import asyncio, sys
import boardcert
from boardcert.serving.server import Server
from microdot import Microdot

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
app = Microdot()

@app.post("/echo")
async def echo(request):
    return request.body

@app.get("/work")
async def work(request):
    open(sys.argv[1] + ".working", "w").close()
    await asyncio.sleep(2.5)
    return "done"

@app.get("/new-key")
async def new_key(request):
    me.new_key()
    return me.fingerprint

@app.get("/counters")
async def counters(request):
    return [server.accepted, server.refused, server.failed]

async def lines(reader, writer):
    while await reader.readline() not in (b"\\r\\n", b""):
        pass
    writer.write(b"done")

limits = {"handshake_timeout_ms": 1500, "head_timeout_ms": 1000, "idle_timeout_ms": 1000}
limits["body_timeout_ms"] = 1200
limits.update({name: int(value) for name, value in (item.split("=") for item in sys.argv[4:])})
server = Server(me, min_bytes_per_s=1000, **limits)
handler = lines if sys.argv[3] == "lines" else app
asyncio.run(server.run(handler, int(sys.argv[2]), "127.0.0.1"))
"""

_HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n"

# Far longer than the limits here, for a busy computer, and shorter than sending all bytes singly.
_SOON_S = 60
_PATIENT = ("handshake_timeout_ms=60000", "head_timeout_ms=60000", "idle_timeout_ms=60000")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of one identity."""
    return tmp_path_factory.mktemp("limits") / "identity"


@pytest.fixture
def port(directory: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """Yield a server for the app above, or for "lines", with more limits."""
    arguments = getattr(request, "param", ("app",))
    with micropython_server.serving(directory, *arguments, code=_APP) as port:
        yield port


def _connect(port: int) -> ssl.SSLSocket:
    return connect(port, _SOON_S)


def _get(client: ssl.SSLSocket, path: bytes) -> bytes:
    """Return the short answer for *path*, on a connection that stays open."""
    client.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path)
    head, _, body = client.recv(4096).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    return body


def _drip(send: Callable[[bytes], object], data: bytes, began: float | None = None) -> float:
    """Send single bytes with pauses until the server closes; return the seconds since *began*."""
    began = time.monotonic() if began is None else began
    try:
        for position in range(len(data)):
            send(data[position : position + 1])
            time.sleep(0.2)
            assert time.monotonic() - began < _SOON_S
    except OSError:
        return time.monotonic() - began
    raise AssertionError("the server has taken it all")


@pytest.mark.parametrize("port", [("app",), ("lines",)], indirect=True)
def test_a_head_that_drips_ends_the_connection(port: int) -> None:
    """A slow head ends at its limit from the first byte, for Microdot and for a line handler."""
    with _connect(port) as client:
        time.sleep(1)
        assert _drip(client.sendall, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 199) > 1


def test_a_body_that_drips_ends_the_connection(port: int) -> None:
    """A slow body ends, even if much of it was sent at once before."""
    with _connect(port) as client:
        client.sendall(_HEAD + b"x" * 900)
        assert _drip(client.sendall, b"x" * 999) > 1


def test_a_handshake_that_drips_ends_the_connection(port: int) -> None:
    """A slow handshake ends at its limit from the accept."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=_SOON_S) as raw:
        assert _drip(raw.sendall, client_hello(), began) > 1.5


_SLOW_TAKER = """
import asyncio, io
from boardcert.transport import connection as module
from boardcert.transport.connection import Connection
from boardcert.transport.limits import LimitError, Limits

class Taker(io.IOBase):
    now = 0
    def __init__(self, pause_ms):
        self.pause_ms = pause_ms
        self.taken = 0
        self.since = Taker.now
    def ioctl(self, request, argument):
        if request != 3:
            return -1  # Among others, for its file: it has none.
        Taker.now += 1  # Time passes while asyncio asks again and again.
        return argument if Taker.now - self.since >= self.pause_ms else 0
    def write(self, data):
        self.since = Taker.now
        self.taken += 10
        return 10

module.ticks_ms = lambda: Taker.now
async def main():
    limits = Limits()
    limits.idle_timeout_ms, limits.min_bytes_per_s = 300, 400
    for pause_ms, size in ((10, 600), (100, 600)):
        taker = Taker(pause_ms)
        connection = Connection(taker, None, None, limits)
        connection.write(bytes(size))
        try:
            await connection.drain()
        except LimitError:
            print("ended", not connection.is_overdue() and taker.taken < size)
        else:
            print("taken", taker.taken)
asyncio.run(main())
"""


def test_an_answer_that_is_taken_too_slowly_ends_the_connection() -> None:
    """Reading ten bytes at a time is not idle, but too slow: the connection ends."""
    assert micropython_server.run(_SLOW_TAKER) == "taken 600\nended True\n"


def test_a_client_that_waits_for_the_application_is_not_idle(port: int) -> None:
    """A client that waits for the application for longer than its limit is not idle."""
    with _connect(port) as client:
        assert _get(client, b"/work") == b"done"


@pytest.mark.parametrize("port", [("app", "max_connections=1", *_PATIENT)], indirect=True)
def test_who_is_between_requests_makes_room(port: int, directory: Path) -> None:
    """An idle kept connection is closed for another client; one in a request stays.

    The latter's answer announces that the connection will be closed.
    """
    working = directory.with_suffix(".working")
    working.unlink(missing_ok=True)  # Of the test before.
    with _connect(port) as first:
        assert _get(first, b"/counters")
        with _connect(port) as second:
            counters = _get(second, b"/counters")
            assert first.recv(10) == b""
            second.sendall(b"GET /work HTTP/1.1\r\nHost: x\r\n\r\n")
            while not working.exists():
                time.sleep(0.05)
            with _connect(port) as third:
                answer = second.recv(4096)
                assert b"\r\nConnection: close\r\n" in answer and answer.endswith(b"done")
                accepted, refused, failed = json.loads(counters)
                assert json.loads(_get(third, b"/counters")) == [accepted + 1, refused, failed]


_STALLS = (
    lambda port: socket.create_connection(("127.0.0.1", port), timeout=_SOON_S),
    lambda port: _sent(port, b""),
    lambda port: _sent(port, b"GET / HTTP/1.1\r\nHost:"),
)


def _sent(port: int, data: bytes) -> ssl.SSLSocket:
    client = _connect(port)
    client.sendall(data)
    return client


@pytest.mark.parametrize(
    "port",
    [("app", "max_connections=2", *[limit + "0" for limit in _PATIENT])],
    indirect=True,
)
@pytest.mark.parametrize("stall", _STALLS, ids=["no handshake", "no request", "half a request"])
def test_who_is_silent_makes_room(port: int, stall: Callable[[int], socket.socket]) -> None:
    """A silent client is closed early for another one: it has sent nothing that could be lost."""
    silent = [stall(port) for _ in range(3)]
    with _connect(port) as client:
        assert _get(client, b"/counters")
    for one in silent:
        one.close()


@pytest.mark.parametrize(
    "port",
    [("app", "max_connections=1", "silent_ms=5000", *_PATIENT)],
    indirect=True,
)
def test_a_slow_handshake_is_not_silence(port: int) -> None:
    """A slow handshake with steady progress is not closed for a waiting client."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=_SOON_S) as slow,
        socket.create_connection(("127.0.0.1", port), timeout=_SOON_S),
    ):
        received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = unverified_context().wrap_bio(received, to_send)
        _step(client.do_handshake)
        _send_slowly(slow, to_send.read(), parts=3)
        while not to_send.pending:
            received.write(_heard(slow))
            _step(client.do_handshake)
        _send_slowly(slow, to_send.read(), parts=3)
        while _step(client.do_handshake):
            received.write(_heard(slow))
        client.write(b"GET /counters HTTP/1.1\r\nHost: x\r\n\r\n")
        slow.sendall(to_send.read())
        received.write(_heard(slow))
        assert client.read(4096).startswith(b"HTTP/1.")


def _step(function: Callable[[], None]) -> bool:
    """Return whether *function* waits for more from the peer."""
    try:
        function()
    except ssl.SSLWantReadError:
        return True
    return False


def _heard(connection: socket.socket) -> bytes:
    data = connection.recv(4096)
    assert data, "the connection was ended"
    return data


def _send_slowly(connection: socket.socket, data: bytes, parts: int) -> None:
    size = len(data) // parts + 1
    for at in range(0, len(data), size):
        time.sleep(1)
        connection.sendall(data[at : at + size])


@pytest.mark.parametrize("port", [("app", "connection_bytes=100000000")], indirect=True)
def test_a_connection_that_does_not_fit_in_memory_is_refused(port: int) -> None:
    """A connection without memory is refused if no other can be closed for it."""
    for _ in range(3):
        with pytest.raises(OSError):
            _connect(port)


@pytest.mark.parametrize("port", [("app", *_PATIENT)], indirect=True)
def test_new_connections_get_the_new_certificate_at_once(port: int) -> None:
    """New connections get the new certificate at once; open ones keep theirs."""
    with _connect(port) as first:
        old = first.getpeercert(binary_form=True)
        fingerprint = _get(first, b"/new-key").decode()
        with _connect(port) as second:
            new = second.getpeercert(binary_form=True)
            assert _get(second, b"/counters")
        assert _get(first, b"/counters")
    assert old and new and old != new
    assert hashlib.sha256(new).hexdigest() == fingerprint.replace(":", "").lower()


# Memory to read a request is available at the third attempt.
_NO_MEMORY_YET = """
from boardcert.serving import keep_alive
class Head(keep_alive.Head):
    missing = 2
    def __init__(self, *arguments):
        if Head.missing:
            Head.missing -= 1
            raise MemoryError
        super().__init__(*arguments)
keep_alive.Head = Head
"""


def test_a_request_waits_for_the_memory_that_another_has(directory: Path) -> None:
    """An accepted request waits for memory that another one uses, and is answered."""
    code = _APP.replace("server = Server(", _NO_MEMORY_YET + "server = Server(")
    with (
        micropython_server.serving(directory, "app", code=code) as port,
        _connect(port) as client,
    ):
        assert len(json.loads(_get(client, b"/counters"))) == 3
