"""The memory for connections, which servers share: who gets it, and who makes room."""

from pathlib import Path

import micropython_server
import pytest
from servers import reserved_port


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of one identity."""
    return tmp_path_factory.mktemp("room") / "identity"


_ESP32_HEAP = """
import sys
class esp32:
    HEAP_DATA = 4
    idf_heap_info = staticmethod(lambda kind: kind == 4 and [(9, 9, 16_000, 9), (9, 9, 90_000, 9)])
from boardcert.transport import esp32_reserve, tls_reserve
print(tls_reserve.tls_free_bytes(1) > 100_000)  # Of MicroPython's heap, on this computer.
sys.modules["esp32"] = esp32
print(esp32_reserve.tls_free_bytes(1))
"""


def test_on_esp32_the_memory_of_its_own_heap_counts() -> None:
    """On esp32, pieces of ESP-IDF's heap that TLS can use are counted."""
    assert micropython_server.run(_ESP32_HEAP) == "True\n90000\n"


_ROOM_FOR_ONE = """
import asyncio, socket, sys
import boardcert
from boardcert.serving import accepting, server, sharing
me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
server.tls_reserve.tls_free_bytes = lambda wanted: 0 if sharing.is_anyone_connected() else wanted
servers = [server.Server(me, silent_ms=300) for _ in sys.argv[2:]]
async def handler(reader, writer):
    await reader.read(1)
async def main():
    for each, port in zip(servers, sys.argv[2:]):
        asyncio.create_task(each.run(handler, int(port), "127.0.0.1"))
    await asyncio.sleep_ms(200)
    clients = [socket.socket() for _ in servers]
    for client, port in zip(clients, sys.argv[2:]):
        client.connect(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
    for _ in range(600):
        if all([each.accepted or each.refused for each in servers]):
            break
        await asyncio.sleep_ms(100)
    print([(each.accepted, each.refused) for each in servers])
asyncio.run(main())
"""


def _two_ports() -> list[str]:
    return [str(reserved_port()) for _ in range(2)]


def test_two_servers_that_share_the_room_for_one_refuse_nobody(directory: Path) -> None:
    """Two servers that see the same room for one client refuse nobody."""
    printed = micropython_server.run(_ROOM_FOR_ONE, str(directory), *_two_ports())
    assert printed == "[(1, 0), (1, 0)]\n"


_TWO_SERVERS = """
import asyncio, sys
import boardcert
from boardcert.serving import accepting, server, sharing
me = boardcert.identity(directory=sys.argv[1], names=["localhost"])
server.tls_reserve.tls_free_bytes = lambda wanted: 0 if sharing.is_anyone_connected() else wanted
accepting._PAUSE_MS = 700  # So that chance gives the other none.
busy, other = [server.Server(me) for _ in range(2)]
async def handler(reader, writer):
    await asyncio.sleep_ms(100)
async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    await reader.read(1)
    writer.close()
async def ask_on(port):
    while not other.accepted and busy.accepted < 20:
        await ask(port)
async def main():
    for each, port in zip((busy, other), sys.argv[2:]):
        asyncio.create_task(each.run(handler, int(port), "127.0.0.1"))
    await asyncio.sleep_ms(200)
    asking = asyncio.create_task(ask_on(sys.argv[2]))
    while not busy.accepted:
        await asyncio.sleep_ms(1)
    asyncio.create_task(ask(sys.argv[3]))
    await asking
    print(other.accepted, busy.accepted < 10, other.refused, busy.refused)
asyncio.run(main())
"""


def test_who_connects_again_and_again_leaves_room_for_another_server(directory: Path) -> None:
    """A client that reconnects constantly leaves a turn to another server's client."""
    assert micropython_server.run(_TWO_SERVERS, str(directory), *_two_ports()) == "1 True 0 0\n"


_MAKE_ROOM = """
from boardcert.serving import server
class Client:
    is_waiting = has_spoken = False
    def __init__(self, name, silent):
        self.name = name
        self.yields = lambda: silent
server.tls_reserve.heap_free_bytes = lambda wanted: len(ended)
class Server(server.Server):
    def end(self, client):
        ended.append(client.name)
for wanted in (1, 2, 3):
    ended = []
    this = Server(None)
    this._open = {Client("shaking hands", False): None, Client("silent", True): None}
    this.make_room(wanted)
    print(ended)
"""


def test_who_is_still_shaking_hands_makes_room_last() -> None:
    """Clients in a handshake are closed last, only if closing silent ones was not enough."""
    printed = micropython_server.run(_MAKE_ROOM).splitlines()
    assert printed == ["['silent']", *2 * ["['silent', 'shaking hands']"]]
