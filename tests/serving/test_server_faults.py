"""A failure in a connection ends that connection only; the server keeps serving."""

import socket
import time
from pathlib import Path

import micropython_server
import pytest
from boardcert_host.verify.tls_probe import unverified_context
from servers import reserved_port
from tls_clients import connect

_BEGIN = """
import asyncio, sys
import boardcert
from boardcert.serving.server import Server

me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
"""

# The second renewal and all later ones fail, each with another kind of exception.
_RENEWAL = (
    _BEGIN
    + """
errors = [MemoryError("no"), OSError(28), ValueError("no"), boardcert.EntropyError("stuck")]

class Failing:
    server_context = me.server_context
    attempts = 0

    def follow(self):
        self.attempts += 1
        raise errors[self.attempts % len(errors)]

async def handle(reader, writer):
    await reader.read(1)
    writer.write(b"%04d" % failing.attempts)
    await writer.drain()

failing = Failing()
server = Server(failing)
server.renewal_pause_ms = int(sys.argv[3])
asyncio.run(server.run(handle, int(sys.argv[2]), "127.0.0.1"))
"""
)

# Each operation of the accept loop fails twice: wait, accept, TLS, and the reaper's check.
_MEMORY = (
    _BEGIN
    + """
import socket
from boardcert.serving import accepting, server

def failing(function, calls):
    def call(*arguments):
        calls.append(1)
        if len(calls) <= 2:
            raise MemoryError("none left")
        return function(*arguments)
    return call

class Listener:
    def __init__(self, listener):
        self.stream = listener
        for name in ("close", "listen", "bind", "setblocking", "setsockopt"):
            setattr(self, name, getattr(listener, name))
        self.accept = failing(listener.accept, [])

class Sockets:
    SOL_SOCKET, SO_REUSEADDR = socket.SOL_SOCKET, socket.SO_REUSEADDR
    getaddrinfo = staticmethod(socket.getaddrinfo)
    socket = staticmethod(lambda family, make=socket.socket: Listener(make(family)))

readable = accepting._readable

poller = asyncio.core._io_queue.poller

class Poller:
    register = failing(poller.register, [])
    modify, unregister, ipoll = poller.modify, poller.unregister, poller.ipoll

async def handle(reader, writer):
    await reader.read(1)
    await asyncio.sleep(2.5)
    writer.write(b"done")
    await writer.drain()

asyncio.core._io_queue.poller = Poller
server.socket = Sockets
accepting._readable = lambda listener: readable(listener.stream)
me.server_context = failing(me.server_context, [])
running = Server(me)
running.handshake_timeout_ms = 2000
server.Connection.is_overdue = failing(server.Connection.is_overdue, [])
asyncio.run(running.run(handle, int(sys.argv[2]), "127.0.0.1"))
"""
)

# There is enough memory, but TLS finds room for its buffers at the third attempt only.
_NO_PLACE = (
    _BEGIN
    + """
class Holes:
    attempts = 0
    follow = me.follow

    def server_context(self, clients):
        self.whole = me.server_context(clients)
        return self

    def wrap_socket(self, *arguments, **options):
        self.attempts += 1
        if self.attempts % 3:
            raise (MemoryError("no place"), OSError(12))[self.attempts % 3 - 1]
        return self.whole.wrap_socket(*arguments, **options)

async def handle(reader, writer):
    await reader.read(1)
    writer.write(b"done")

asyncio.run(Server(Holes()).run(handle, int(sys.argv[2]), "127.0.0.1"))
"""
)

# The server at argv[3] never has the memory that its limit requires.
_TWO = (
    _BEGIN
    + """
async def handle(reader, writer):
    await reader.read(1)
    writer.write(b"done")
    await writer.drain()
    await reader.read(1)

async def main():
    greedy = Server(me, connection_bytes=1_000_000_000)
    asyncio.create_task(greedy.run(handle, int(sys.argv[3]), "127.0.0.1"))
    await Server(me).run(handle, int(sys.argv[2]), "127.0.0.1")

asyncio.run(main())
"""
)

# A task of the application waits for a stream that cannot be polled; another has no socket.
_POLLING = (
    _BEGIN
    + """
import io, socket
from boardcert.serving import accepting, server

class Bad(io.IOBase):
    def ioctl(self, request, argument):
        return -5
    def read(self, size):
        raise OSError(5)

class Listener:
    def __init__(self, listener):
        self.stream = listener
        for name in ("close", "listen", "bind", "setblocking", "setsockopt"):
            setattr(self, name, getattr(listener, name))
        self.left = 3
        self.whole = listener.accept
    def accept(self):
        self.left -= 1
        if self.left >= 0:
            raise OSError(23)
        return self.whole()

class Sockets:
    SOL_SOCKET, SO_REUSEADDR = socket.SOL_SOCKET, socket.SO_REUSEADDR
    getaddrinfo = staticmethod(socket.getaddrinfo)
    socket = staticmethod(lambda family, make=socket.socket: Listener(make(family)))

readable = accepting._readable
server.socket = Sockets
accepting._readable = lambda listener: readable(listener.stream)

async def wait_for_bad():
    try:
        await asyncio.StreamReader(Bad()).read(1)
    except OSError as error:
        print("its own:", error.errno)

async def handle(reader, writer):
    await reader.read(1)
    bad = asyncio.create_task(wait_for_bad())
    await asyncio.sleep_ms(100)
    writer.write(b"done" if bad.done() else b"hung")
    await writer.drain()

asyncio.run(server.Server(me).run(handle, int(sys.argv[2]), "127.0.0.1"))
"""
)

_STREAMING = (
    _BEGIN
    + """
async def handle(reader, writer):
    await reader.read(1)
    for number in range(int(sys.argv[3])):
        writer.write(bytes(int(sys.argv[4])))
        await writer.drain()
        await asyncio.sleep_ms(int(sys.argv[5]))

asyncio.run(boardcert.serve(handle, int(sys.argv[2]), "127.0.0.1", idle_timeout_ms=2500))
"""
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of one identity."""
    return tmp_path_factory.mktemp("faults") / "identity"


def _ask(port: int, question: bytes, pause_s: float = 0) -> bytes:
    """Return the server's whole answer to *question*, read slowly on request."""
    received = b""
    with socket.socket() as raw:
        raw.settimeout(60)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # The rest waits at the server.
        raw.connect(("127.0.0.1", port))
        client = unverified_context().wrap_socket(raw)
        client.sendall(question)
        while piece := client.recv(2048):
            received += piece
            time.sleep(pause_s)
        client.close()
    return received


def test_a_renewal_that_fails_is_not_tried_at_each_connection(directory: Path) -> None:
    """A failed renewal, whatever the exception, is not retried at each connection."""
    with micropython_server.serving(directory, "60000", code=_RENEWAL) as port:
        assert [_ask(port, b"?") for _ in range(4)] == [b"0001"] * 4


def test_a_renewal_that_failed_is_tried_again(directory: Path) -> None:
    """A failed renewal is retried after the pause, which is zero here."""
    with micropython_server.serving(directory, "0", code=_RENEWAL) as port:
        attempts = [int(_ask(port, b"?")) for _ in range(5)]
    assert attempts == sorted(set(attempts)) and attempts[0] > 1


def test_lack_of_memory_does_not_end_the_accept_loop(directory: Path) -> None:
    """A lack of memory while waiting, accepting, starting TLS or reaping does not stop serving."""
    with micropython_server.serving(directory, code=_MEMORY) as port:
        refused = 0
        answer = b""
        while not answer and refused < 6:
            try:
                answer = _ask(port, b"?")
            except OSError:
                refused += 1
        assert answer == b"done"


def test_a_client_for_which_tls_finds_no_place_waits(directory: Path) -> None:
    """An accepted client waits for room for TLS and is answered, not reset."""
    with micropython_server.serving(directory, code=_NO_PLACE) as port:
        assert [_ask(port, b"?") for _ in range(3)] == [b"done"] * 3


def test_who_waits_for_much_memory_keeps_nobody_from_less(directory: Path) -> None:
    """A client that waits for much memory does not delay others that need less."""
    greedy = reserved_port()
    running = micropython_server.serving(directory, str(greedy), code=_TWO)
    with running as port, connect(port) as first:
        first.sendall(b"?")
        assert first.recv(10) == b"done"
        with socket.create_connection(("127.0.0.1", greedy), timeout=60):
            time.sleep(0.5)  # It waits before the next one arrives.
            with connect(port) as second:
                second.sendall(b"?")
                assert second.recv(10) == b"done"


def test_a_server_that_sends_is_not_idle(directory: Path) -> None:
    """A server that sends events for longer than the limit is not idle."""
    with micropython_server.serving(directory, "14", "10", "300", code=_STREAMING) as port:
        assert len(_ask(port, b"?")) == 140


def test_a_long_answer_to_a_slow_reader_is_not_idle(directory: Path) -> None:
    """One drain that lasts longer than the limit, with progress, is not idle."""
    size = 200_000
    with micropython_server.serving(directory, "1", str(size), "0", code=_STREAMING) as port:
        began = time.monotonic()
        assert len(_ask(port, b"?", 0.03)) == size
        assert time.monotonic() - began > 2.5


def test_unknown_limits_are_refused() -> None:
    """An unknown limit, and one that admits no client, are refused."""
    for limit in ("max_conections=2", "backlog=0", "max_connections=0"):
        assert micropython_server.run(
            "from boardcert.serving.application import check_limits\n"
            f"try:\n    check_limits(dict({limit}))\n"
            "except ValueError as error:\n    print(error)"
        ).startswith("not a limit")


def test_what_cannot_be_polled_or_accepted_ends_nothing_else(directory: Path) -> None:
    """A broken stream raises in the task that waits for it, and ends nothing else."""
    with micropython_server.serving(directory, code=_POLLING) as port:
        for _ in range(2):
            assert _ask(port, b"x") == b"done"
