"""The servers of a simulated fleet: `python fleet_servers.py FOLDER`, in a process of their own.

Prints the port, and serves until its standard input ends. Each address has its own identity, and
answers in the way of that server's kind.
"""

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fleet_plan import Server, address_of, identity_file, read_plan
from processes import started

_BACKLOG = 4096
_DRIP_S = 0.25
# The bytes of a board's port with another service; its client has sent something by then.
_PLAIN = b"HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Run the servers of a plan; yield their port."""
    command = [sys.executable, __file__, str(folder)]
    with started(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield int(process.stdout.readline())


async def _serve(folder: Path) -> None:
    servers = {address_of(one.number): one for one in read_plan(folder)}
    listener = socket.create_server(("0.0.0.0", 0), backlog=_BACKLOG)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)
    accepting = asyncio.create_task(_accept(listener, folder, servers))
    await asyncio.wait({ended, accepting}, return_when=asyncio.FIRST_COMPLETED)
    accepting.cancel()


async def _accept(listener: socket.socket, folder: Path, servers: dict[str, Server]) -> None:
    tasks, restarted = set(), set()
    while True:
        connection, _ = await asyncio.get_running_loop().sock_accept(listener)
        server = servers[connection.getsockname()[0]]
        if server.kind == "restarting" and server.number not in restarted:
            restarted.add(server.number)
            connection.close()
            continue
        task = asyncio.create_task(_handle(connection, server, folder))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _handle(connection: socket.socket, server: Server, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    with connection, contextlib.suppress(OSError):
        if server.kind == "stalled":
            while await loop.sock_recv(connection, 4096):
                pass
        elif server.kind == "closed":
            await loop.sock_recv(connection, 4096)
        elif server.kind == "not TLS":
            await loop.sock_recv(connection, 4096)
            await loop.sock_sendall(connection, _PLAIN)
            await loop.sock_recv(connection, 4096)
        else:
            await _shake_hands(connection, server, folder)


async def _shake_hands(connection: socket.socket, server: Server, folder: Path) -> None:
    """Do a handshake as a board does, with TLS 1.2; then wait for the client to disconnect."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ALL:@SECLEVEL=0")  # For the weak keys.
    context.load_cert_chain(identity_file(folder, server.number))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = context.wrap_bio(incoming, outgoing, server_side=True)
    loop = asyncio.get_running_loop()
    while True:
        try:
            secure.do_handshake()
            break
        except ssl.SSLWantReadError:
            await _send(connection, outgoing, server)
        received = await loop.sock_recv(connection, 16384)
        if not received:
            return
        incoming.write(received)
    await _send(connection, outgoing, server)
    await loop.sock_recv(connection, 4096)


async def _send(connection: socket.socket, outgoing: ssl.MemoryBIO, server: Server) -> None:
    data, loop = outgoing.read(), asyncio.get_running_loop()
    if server.kind != "dripping":
        await loop.sock_sendall(connection, data)
        return
    for byte in data:
        await loop.sock_sendall(connection, bytes([byte]))
        await asyncio.sleep(_DRIP_S)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
