"""Many clients, in turn and at once: no memory is lost, and none waits long."""

import contextlib
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import micropython_server
import pytest
from boardcert_host.verify.tls_probe import unverified_context
from tls_clients import client_hello, connect, wait_closed

# With 10,000, which take two minutes of CPU time, the figures are the same.
_HANDSHAKES = int(os.environ.get("BOARDCERT_SOAK_HANDSHAKES", "700"))

# A conservatively collected heap varies, most with simultaneous clients.
_HEAP_NOISE_BYTES = 30_000

_SERVER = """
import asyncio, gc, os, sys
import boardcert
from boardcert.serving.server import Server

def measure():
    gc.collect()
    with open("/proc/self/statm") as file:
        resident_pages = file.read().split()[1]
    opened = len(list(os.ilistdir("/proc/self/fd")))
    counts = server.accepted, server.refused, server.failed, len(server._open)
    return " ".join([str(n) for n in (gc.mem_alloc(), resident_pages, opened) + counts])

async def handle(reader, writer):
    line = await reader.readline()
    writer.write(measure() if line == b"measure\\n" else line)

limits = {"handshake_timeout_ms": 5000, "head_timeout_ms": 3000, "idle_timeout_ms": 3000}
bytearray(gc.mem_free() * 9 // 10)  # The heap's pages are in use from here on.
me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
server = Server(me, max_connections=int(sys.argv[3]), backlog=200, **limits)
asyncio.run(server.run(handle, int(sys.argv[2]), "127.0.0.1"))
"""

_CLIENT_HELLO = client_hello()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of one identity."""
    return tmp_path_factory.mktemp("soak") / "identity"


@pytest.fixture
def port(directory: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """Yield a server with room for the test's number of clients, or the default."""
    room = getattr(request, "param", 8)
    with micropython_server.serving(directory, str(room), code=_SERVER) as port:
        yield port


def _ask(port: int, line: bytes = b"hello\n") -> bytes:
    with connect(port, 120) as client:
        client.sendall(line)
        return client.recv(100)


def _measure(port: int) -> dict[str, int]:
    names = ("heap", "resident_pages", "files", "accepted", "refused", "failed", "open")
    return dict(zip(names, map(int, _ask(port, b"measure\n").split()), strict=True))


def _expect_no_growth(before: dict[str, int], after: dict[str, int]) -> None:
    """Check that each connection between the two took less than 100 bytes, and no file."""
    connections = after["accepted"] - before["accepted"]
    assert after["heap"] <= before["heap"] + min(_HEAP_NOISE_BYTES, 100 * connections)
    assert after["resident_pages"] <= before["resident_pages"] + 64
    assert after["files"] == before["files"] and after["open"] == before["open"] == 1


def test_handshakes_in_sequence_take_no_memory(port: int) -> None:
    """Full handshakes in turn are all answered, and use up no memory."""
    for _ in range(100):
        _ask(port)
    before = _measure(port)
    for _ in range(_HANDSHAKES):
        assert _ask(port) == b"hello\n"
    after = _measure(port)
    _expect_no_growth(before, after)
    assert after["accepted"] == before["accepted"] + _HANDSHAKES + 1
    assert after["refused"] == 0 and after["failed"] == before["failed"]


def _stall(port: int, number: int, clients: contextlib.ExitStack) -> socket.socket | None:
    """Connect, and stall in one of several ways; return the connection, None if refused."""
    raw = clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=120))
    way = number % 4
    if way == 1:
        raw.sendall(_CLIENT_HELLO[: len(_CLIENT_HELLO) // 2])
    if way == 2:
        raw.sendall(_CLIENT_HELLO)
    if way < 3:
        return raw
    try:
        secure = clients.enter_context(unverified_context().wrap_socket(raw))
        secure.sendall(b"half a li")
    except OSError:
        return None
    return secure


def _at_once(port: int, clients: int, tries: int) -> int:
    """Let *clients* connect at once, up to *tries* times each; return how many were answered."""
    answers = []

    def ask(number: int) -> None:
        for _ in range(tries):
            try:
                answered = _ask(port) == b"hello\n"
            except OSError:
                answered = False
            if answered:
                answers.append(number)
                return
            time.sleep(0.2)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(answers)


@pytest.mark.parametrize(
    ("port", "tries"), [(250, 1), (8, 200)], indirect=["port"], ids=["with room", "without"]
)
def test_200_clients_at_once_of_which_100_stall(port: int, tries: int) -> None:
    """With room, others are served at once; otherwise they wait until stalled clients end."""
    measured = []
    for _ in range(2):  # The first round allocates what the largest number of clients needs.
        with contextlib.ExitStack() as clients:
            stalled = [_stall(port, number, clients) for number in range(100)]
            assert _at_once(port, 100, tries) == 100
            for client in filter(None, stalled):
                wait_closed(client)
        measured.append(_measure(port))
    before, after = measured
    _expect_no_growth(before, after)
    assert after["accepted"] - before["accepted"] >= 200
    assert after["refused"] == before["refused"] == 0


def _go_wrong(port: int, number: int, chance: random.Random) -> None:
    """Behave as port scanners, broken clients and attackers do."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as raw:
        if number % 3 == 0:  # End with a reset.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        way = number % 7
        if way == 1:
            raw.sendall(chance.randbytes(chance.randrange(1, 3000)))
        if way == 2:
            raw.sendall(_CLIENT_HELLO[: chance.randrange(1, len(_CLIENT_HELLO))])
        if way == 3:
            raw.sendall(_CLIENT_HELLO)
            raw.recv(chance.randrange(1, 4096))
        if way == 4:
            damaged = bytearray(_CLIENT_HELLO)
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            raw.sendall(damaged)
        if way == 5:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        if way == 6:
            raw.sendall(_CLIENT_HELLO + chance.randbytes(500))
            raw.recv(4096)


def test_scans_garbage_and_half_handshakes_leave_nothing_behind(port: int) -> None:
    """After scans, garbage and half handshakes, with clients in between, no memory is lost."""
    chance = random.Random(20034)
    before = _measure(port)
    for number in range(420):
        with contextlib.suppress(ConnectionError):  # The server was the first to close it.
            _go_wrong(port, number, chance)
        if number % 60 == 59:
            assert _ask(port) == b"hello\n"
    while (after := _measure(port))["open"] > 1:  # Some of those that left a handshake open.
        time.sleep(1)
    _expect_no_growth(before, after)
