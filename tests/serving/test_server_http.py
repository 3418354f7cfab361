"""HTTP/1.1 with a Microdot app, over TLS on the unix binary."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import micropython_server
import pytest
from servers import reserved_port
from tls_clients import connect, read_all

_APP = """
import asyncio, sys
import boardcert
from boardcert.serving import http_refusal
from microdot import Microdot, Request, Response

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
app = Microdot()
Request.max_content_length = 2000
Request.max_body_length = 1000

@app.get("/peer")
async def peer(request):
    return "from {}".format("nobody" if request.client_addr is None else "somebody")

@app.route("/echo", methods=["POST", "PUT"])
async def echo(request):
    return request.body

@app.post("/first")
async def first(request):
    return await request.stream.readexactly(1)

@app.get("/stream")
async def stream(request):
    async def pieces():
        for size in (1, 2000, 0, 10):
            yield bytes([size % 256]) * size
    return pieces()

@app.get("/nothing")
async def nothing(request):
    return "", 204

@app.get("/short")
async def short(request):
    return b"abc", 200, {"Content-Length": sys.argv[3]}

@app.get("/close")
async def close(request):
    return "bye", 200, {"Connection": "close"}

@app.get("/fails")
async def fails(request):
    raise ValueError("as an application may")

@app.get("/upgrade")
async def upgrade(request):
    reader, writer = request.sock
    await writer.awrite(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\n\\r\\n")
    while True:
        data = await reader.read(100)
        if not data:
            return Response.already_handled
        await writer.awrite(data)

@app.get("/websocket")
async def websocket(request):
    reader, writer = request.sock
    await writer.awrite(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n\\r\\n")
    while await reader.read(100):
        pass
    return Response.already_handled

http_refusal._LINGER_MS = 100  # The tests wait for it.
limits = {"idle_timeout_ms": 3000, "head_timeout_ms": 10000, "max_connections": 3}
asyncio.run(boardcert.serve(app, int(sys.argv[2]), "127.0.0.1", max_body_bytes=3000, **limits))
"""

_GET = b"GET /peer HTTP/1.1\r\nHost: x\r\n\r\n"
_CLOSE = b"GET /close HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield a server for the app above."""
    directory = tmp_path_factory.mktemp("http") / "identity"
    with micropython_server.serving(directory, "5", code=_APP) as port:
        yield port


def _https(port: int) -> http.client.HTTPSConnection:
    connection = http.client.HTTPSConnection("127.0.0.1", port)
    connection.sock = connect(port)
    return connection


def _ask(port: int, sent: bytes) -> bytes:
    """Return the whole answer to *sent* until the server closes."""
    with connect(port) as client:
        client.sendall(sent)
        return read_all(client)


def _status(port: int, sent: bytes) -> int:
    return int(_ask(port, sent).split(b" ")[1])


def test_one_connection_carries_many_requests(port: int) -> None:
    """One connection carries many requests; answers have a length, and HEAD has no body."""
    connection = _https(port)
    sock = connection.sock
    for method, path, body, expected in (
        ("GET", "/peer", None, (200, b"from somebody")),
        ("HEAD", "/peer", None, (200, b"")),
        ("POST", "/echo", b"hello", (200, b"hello")),
        ("GET", "/nothing", None, (204, b"")),
        ("HEAD", "/stream", None, (200, b"")),
        ("GET", "/stream", None, (200, b"\x01" + b"\xd0" * 2000 + b"\x0a" * 10)),
        ("POST", "/first", b"123456" * 300, (200, b"1")),
        ("GET", "/fails", None, (500, b"Internal server error")),
        ("PUT", "/peer", b"12", (405, b"Not found")),
        ("GET", "/missing", None, (404, b"Not found")),
        ("POST", "/echo", bytes(2500), (413, b"Payload too large")),
        ("PUT", "/echo", b"x" * 1000, (200, b"x" * 1000)),
    ):
        connection.request(method, path, body)
        response = connection.getresponse()
        assert (response.status, response.read()) == expected
        assert response.version == 11 and response.getheader("Connection") == "keep-alive"
        assert connection.sock is sock
    connection.close()


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    """Pipelined requests are answered in order, each with its own body."""
    echo = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
    answers = _ask(port, _GET + echo + b"GET /" + echo + b"hello\r\n" + _CLOSE + _GET)
    bodies = [part.split(b"\r\n\r\n", 1)[1] for part in answers.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"from somebody", b"GET /", b"hello", b"bye"]
    assert answers.count(b"Connection: close") == 1


@pytest.mark.parametrize(
    ("request_", "ending"),
    [
        (b"GET /peer HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n", b"from somebody"),
        (b"GET /peer HTTP/1.0\r\n\r\n", b"from somebody"),
        (b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", b"\xd0" + b"\x0a" * 10),
        (b"HEAD /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"\r\n\r\n"),
        (b"GET /short HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\nabc"),
    ],
)
def test_the_connection_is_closed_when_it_must_be(
    port: int, request_: bytes, ending: bytes
) -> None:
    """The connection closes if the client asks, is old, or got less than announced."""
    answer = _ask(port, request_ + _GET)
    assert answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(ending)
    assert answer.count(b"HTTP/1.1 200 OK") == 1 and b"chunked" not in answer


def test_an_old_client_may_keep_the_connection(port: int) -> None:
    """An HTTP/1.0 client may ask to keep the connection."""
    old = b"GET /peer HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
    answer = _ask(port, old + _CLOSE)
    assert answer.count(b"HTTP/1.1 200 OK") == 2 and b"Connection: keep-alive" in answer


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (400, b"nonsense"),
        (400, b"GET  /peer HTTP/1.1\r\nHost: x"),
        (400, b"get /peer HTTP/1.1\r\nHost: x"),
        (400, b"GET /p\x80er HTTP/1.1\r\nHost: x"),
        (400, b"GET /peer HTTP/1.1"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\r\nHost: y"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\r\n folded: x"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\r\nX : y"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\r\n: y"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\r\nX: \xff"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\r\nX: a\rb"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\r\nX: a\0b"),
        (400, b"GET /peer HTTP/1.1\r\nHost: x\nX: y"),
        (400, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +5"),
        (400, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5"),
        (400, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5"),
        (400, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1"),
        (400, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "),
        (
            400,
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        ),
        (411, b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"),
        (411, b"POST /echo HTTP/1.1\r\nHost: x\r\ntransfer-encoding: identity"),
        (413, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3001"),
        (413, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 60),
        (417, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: coffee"),
        (431, b"GET /" + b"a" * 5000 + b" HTTP/1.1"),
        (431, b"GET /peer HTTP/1.1\r\nHost: x" + b"\r\nX: y" * 800),
        (505, b"GET /peer HTTP/2.0\r\nHost: x"),
        (505, b"GET /peer HTTP/1.11\r\nHost: x"),
    ],
)
def test_doubtful_requests_are_refused_and_end_the_connection(
    port: int, status: int, head: bytes
) -> None:
    """An ambiguous request is refused, and nothing after it is read (request smuggling)."""
    answer = _ask(port, head + b"\r\n\r\n" + _GET)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1 and b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize(("count", "status"), [(61, 200), (62, 200), (63, 431)])
def test_a_head_has_64_lines_at_most(port: int, count: int, status: int) -> None:
    """A head has at most 64 lines: short ones use far more memory than their bytes."""
    head = b"GET /close HTTP/1.1\r\nHost: x\r\n" + b"X:\r\n" * count
    assert _status(port, head + b"\r\n") == status


def test_a_client_may_ask_before_it_sends_a_body(port: int) -> None:
    """An expectation gets 100 (Continue), or a refusal that ends the connection."""
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: %d\r\n\r\n"
    with connect(port) as client:
        client.sendall(head % 5)
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello" + _CLOSE)
        assert client.recv(4096).endswith(b"hello")
    for length in (2500, 3500):
        answer = _ask(port, head % length)
        assert answer.startswith(b"HTTP/1.1 413 ") and answer.count(b"HTTP/1.1") == 1


def test_a_refused_body_does_not_lose_the_answer(port: int) -> None:
    """The answer to a refused body arrives while the client is still sending."""
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"
    assert _status(port, head + bytes(200_000)) == 413


def test_another_protocol_takes_over(port: int) -> None:
    """Another protocol, as a WebSocket, uses the connection until the client ends it."""
    with connect(port) as client:
        client.sendall(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n")
        assert client.recv(4096).endswith(b"Upgrade: echo\r\n\r\n")
        for piece in (b"ping", _GET):
            client.sendall(piece)
            assert client.recv(4096) == piece


def test_a_quiet_websocket_is_asked_whether_it_lives(port: int) -> None:
    """A quiet WebSocket is pinged; one that does not answer is closed."""
    ping, pong = b"\x89\x00", b"\x8a\x80abcd"
    with connect(port) as client:
        client.settimeout(60)
        client.sendall(b"GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n")
        assert client.recv(4096).endswith(b"Upgrade: websocket\r\n\r\n")
        for _ in range(2):
            assert client.recv(100) == ping
            client.sendall(pong)
        assert client.recv(100) == ping
        assert client.recv(100) == b""


_SHUTDOWN = """
import asyncio, sys
import boardcert
from microdot import Microdot

boardcert.identity(directory=sys.argv[1])
app = Microdot()

@app.get("/")
async def shutdown(request):
    app.shutdown()
    return "bye"

async def ask(port):
    import ssl
    await asyncio.sleep(1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    await writer.drain()
    print((await reader.read(200)).decode())

async def main():
    for _ in range(2):
        asyncio.create_task(ask(int(sys.argv[2])))
        await boardcert.serve(app, int(sys.argv[2]), "127.0.0.1")
        print("ended", app.server)
asyncio.run(main())
"""


def test_an_app_that_shuts_down_ends_the_server(tmp_path: Path) -> None:
    """An app can shut the server down after its answer, and be served again on that port."""
    printed = micropython_server.run(_SHUTDOWN, str(tmp_path), str(reserved_port()))
    assert printed.count("HTTP/1.1 200 OK") == printed.count("bye") == 2
    assert printed.count("ended None") == 2
    assert "Traceback" not in printed


_OWN_SERVER = """
import asyncio, sys
import boardcert
from microdot import Microdot

me = boardcert.identity(directory=sys.argv[1])
app = Microdot()

@app.get("/")
async def hello(request):
    return "hi"

app.run(host="127.0.0.1", port=int(sys.argv[2]), ssl=me.server_context())
"""


def test_an_app_that_runs_itself_serves_with_the_context(tmp_path: Path) -> None:
    """app.run(ssl=...) serves an existing program with the board's context."""
    with micropython_server.serving(tmp_path, code=_OWN_SERVER) as port:
        assert _ask(port, b"GET / HTTP/1.0\r\n\r\n").endswith(b"hi")


def test_what_cannot_serve_is_refused(tmp_path: Path) -> None:
    """A plain function, and an object that is not a function, are refused."""
    for app in ("lambda: 1", "3", "None"):
        code = f"import asyncio, boardcert, sys\nboardcert.identity(directory={str(tmp_path)!r})\n"
        code += f"asyncio.run(boardcert.serve({app}, 1))"
        with pytest.raises(AssertionError, match="neither a Microdot app nor an async function"):
            micropython_server.run(code)
