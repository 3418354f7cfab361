"""Programs on the board that talk over UART0, and threads that run them.

A client that comes before the program waits: DTR is high except while a program is running.
"""

import threading
from types import TracebackType

from boardcert_host.virtual import VirtualBoard

_OPEN = """
import machine, time
from machine import Pin
dcd, dtr = Pin(2, Pin.IN), Pin(3, Pin.OUT, value=1)
uart = machine.UART(0, baudrate={baudrate}, tx=Pin(0), rx=Pin(1), rxbuf=4096, txbuf=4096,
                    timeout=20000)
dtr(0)
def wait_for_client():
    while dcd():
        pass
def hang_up():
    uart.flush()
    dtr(1)
"""


class Program:
    """Run *code* on the board in a thread, with `uart` and `wait_for_client`; then hang up."""

    def __init__(self, board: VirtualBoard, code: str, baudrate: int = 1_000_000) -> None:
        self.output = ""
        self._error: Exception | None = None
        self._board = board
        self._code = _OPEN.format(baudrate=baudrate) + code + "\nhang_up()\n"
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.output = self._board.exec(self._code)
        except Exception as error:  # noqa: BLE001 (reported by __exit__)
            self._error = error

    def __enter__(self) -> "Program":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error
