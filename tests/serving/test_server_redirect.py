"""The plain-HTTP port, which redirects clients to HTTPS and nowhere else."""

import errno
import socket
import time
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

me = boardcert.identity(directory=sys.argv[1], names=["pump.local", "127.0.0.1", "fd00::7"])
me.names = me.names + ["*.Farm.example"]  # As an installed certificate may have it.

async def handle(reader, writer):
    await reader.read(1)
    writer.write(b"secure")

http_refusal._LINGER_MS = 100  # The tests wait for it.
port = int(sys.argv[3])
asyncio.run(boardcert.serve(handle, port, "127.0.0.1", redirect_port=int(sys.argv[2])))
"""

_BOTH = """
import asyncio, sys
import boardcert

me = boardcert.identity(directory=sys.argv[1])
ports = [int(port) for port in sys.argv[2:]]

async def handle(reader, writer):
    pass

async def main():
    serving = asyncio.create_task(
        boardcert.serve(handle, ports[0], "127.0.0.1", redirect_port=ports[1])
    )
    await asyncio.sleep_ms(100)
    serving.cancel()
    try:
        await serving
    except asyncio.CancelledError:
        print("cancelled")
    except OSError as error:
        print("refused", error.errno)
    for port in ports:
        try:
            (await asyncio.start_server(print, "127.0.0.1", port)).close()
        except OSError:
            continue
        print("free")
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of one identity."""
    return tmp_path_factory.mktemp("redirect") / "identity"


@pytest.fixture(scope="module")
def ports(directory: Path) -> Iterator[tuple[int, int]]:
    """Yield a redirecting port, and the HTTPS port beside it."""
    secure_port = reserved_port()
    with micropython_server.serving(directory, str(secure_port), code=_APP) as port:
        yield port, secure_port


def _ask(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(sent)
        return read_all(client)


@pytest.mark.parametrize(
    ("target", "host", "location"),
    [
        (b"/", b"pump.local", b"https://pump.local:%d/"),
        (b"/a?b=c&d", b"PUMP.local:80", b"https://pump.local:%d/a?b=c&d"),
        (b"/", b"127.0.0.1:8080", b"https://127.0.0.1:%d/"),
        (b"/", b"[fd00::7]", b"https://[fd00::7]:%d/"),
        (b"/", b"Pump.farm.example", b"https://pump.farm.example:%d/"),
        (b"//evil.example/", b"pump.local", b"https://pump.local:%d//evil.example/"),
        (b"http://evil.example/", b"pump.local", b"https://pump.local:%d/"),
        (b"/\\evil.example", b"pump.local", b"https://pump.local:%d/\\evil.example"),
        (b"/%0d%0aX:y", b"pump.local", b"https://pump.local:%d/%%0d%%0aX:y"),
    ],
)
def test_a_client_is_sent_to_the_name_it_asked_for(
    ports: tuple[int, int], target: bytes, host: bytes, location: bytes
) -> None:
    """A client is redirected to the requested name and path, with the same method."""
    answer = _ask(ports[0], b"POST %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, host))
    assert answer.startswith(b"HTTP/1.1 307 ")
    assert b"\r\nLocation: %s\r\n" % (location % ports[1]) in answer


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (421, b"GET / HTTP/1.1\r\nHost: evil.example"),
        (421, b"GET / HTTP/1.1\r\nHost: pump.local@evil.example"),
        (421, b"GET / HTTP/1.1\r\nHost: pump.local.evil.example"),
        (421, b"GET / HTTP/1.1\r\nHost: farm.example"),
        (421, b"GET / HTTP/1.1\r\nHost: a.pump.farm.example"),
        (400, b"GET / HTTP/1.1\r\nHost: [pump.local"),
        (421, b"GET / HTTP/1.1\r\nHost:"),
        (421, b"GET / HTTP/1.0"),
        (400, b"GET / HTTP/1.1\r\nHost: pump.local:80@evil.example"),
        (400, b"GET / HTTP/1.1\r\nHost: [fd00::7]evil.example"),
        (400, b"GET / HTTP/1.1"),
        (400, b"GET / HTTP/1.1\r\nHost: pump.local\rX: y"),
        (400, b"GET /\0 HTTP/1.1\r\nHost: pump.local"),
        (400, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"),
        (431, b"GET / HTTP/1.1\r\nHost: pump.local\r\nX: " + b"a" * 3000),
    ],
)
def test_no_one_else_decides_where_to(ports: tuple[int, int], status: int, sent: bytes) -> None:
    """A foreign Host, none, or bytes that are not HTTP, do not determine the target."""
    answer = _ask(ports[0], sent + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status) and b"Location" not in answer


def test_silent_clients_do_not_stop_https(ports: tuple[int, int]) -> None:
    """Two clients at once, the redirecting port's own limit, do not affect HTTPS."""
    silent = [socket.create_connection(("127.0.0.1", ports[0]), timeout=60) for _ in range(2)]
    time.sleep(0.2)
    assert _ask(ports[0], b"") == b""
    with connect(ports[1]) as client:
        client.sendall(b"?")
        assert client.recv(10) == b"secure"
    for client in silent:
        client.close()


def test_both_ports_are_closed_with_the_server(directory: Path) -> None:
    """Cancelling the server closes both ports."""
    ports = [str(reserved_port()) for _ in range(2)]
    assert micropython_server.run(_BOTH, str(directory), *ports) == "cancelled\nfree\nfree\n"


@pytest.mark.parametrize("taken", [0, 1])
def test_a_port_that_is_taken_is_told(directory: Path, taken: int) -> None:
    """If either port is in use, that is reported, and the other is closed."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = [str(reserved_port()) for _ in range(2)]
        ports[taken] = str(other.getsockname()[1])
        output = micropython_server.run(_BOTH, str(directory), *ports)
    assert output.endswith(f"refused {errno.EADDRINUSE}\nfree\n")
