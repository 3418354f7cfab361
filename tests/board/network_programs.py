"""Programs on boards that are in a virtual network."""

import time

import program
from boardcert_host.virtual import VirtualBoard

SSID, PASSWORD = "HomeNet", "correct horse"
JOIN = f"""
import network, time
network.hostname("{{host_name}}")
link = network.WLAN(network.STA_IF)
link.active(True)
link.connect("{SSID}", "{PASSWORD}")
since = time.ticks_ms()
while not link.isconnected() and time.ticks_diff(time.ticks_ms(), since) < 20000:
    time.sleep_ms(10)
print(link.ifconfig()[0])
"""
LISTEN = """
import socket, time
def listen(port, backlog=4, address="0.0.0.0"):
    listening = socket.socket(socket.getaddrinfo(address, port)[0][0])
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(socket.getaddrinfo(address, port)[0][-1])
    listening.listen(backlog)
    return listening
def accept(port, backlog=4, wait_ms=0, address="0.0.0.0"):
    listening = listen(port, backlog, address)
    time.sleep_ms(wait_ms)
    connection = listening.accept()[0]
    listening.close()
    return connection
"""


def join(board: VirtualBoard, host_name: str) -> str:
    """Let *board* join the network; return its address."""
    return board.exec(JOIN.format(host_name=host_name)).strip()


class Program(program.Program):
    """A program.Program with `listen` and `accept`; if it listens on *port*, that is waited for."""

    def __init__(self, board: VirtualBoard, code: str, port: int | None = None) -> None:
        super().__init__(board, LISTEN + code, timeout_s=200)
        self._port = port

    def __enter__(self) -> "Program":
        super().__enter__()
        deadline = time.monotonic() + 100
        while self._port is not None and not self.board.network.listens(self._port):
            assert self.is_running and time.monotonic() < deadline, self.failure
            time.sleep(0.05)
        return self
