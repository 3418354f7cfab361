"""Programs on boards that are in a virtual network, and threads that run them."""

import threading
from types import TracebackType

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


class Program:
    """Run *code* on the board in a thread, and wait until it listens on *port*, if any."""

    def __init__(self, board: VirtualBoard, code: str, port: int | None = None) -> None:
        self.output = ""
        self._error: Exception | None = None
        self._board, self._code, self._port = board, code, port
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.output = self._board.exec(LISTEN + self._code, timeout_s=200)
        except Exception as error:  # noqa: BLE001 (reported by __exit__)
            self._error = error

    def __enter__(self) -> "Program":
        self._thread.start()
        if self._port is not None:
            self._board.network.wait_listening(self._port, timeout_s=100)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._board.reset()  # else the program would wait for who does not come
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error
