"""A pseudo-terminal for the virtual board's USB serial port: `mpremote repl` needs one.

mpremote polls the file descriptor of its port, which pyserial's socket:// does not have.
"""

import contextlib
import os
import select
import socket
import threading
import time

try:
    import tty
except ImportError:  # Windows has none.
    tty = None

_LOOK_S = 0.05
_BLOCK_BYTES = 4096
_STOP_TIMEOUT_S = 5


class PseudoTerminal:
    """A serial port at `path`, connected to *usb_port* while a program has it open.

    *usb_port*: socket://127.0.0.1:PORT; `path` is the same on systems without pseudo-terminals.
    """

    def __init__(self, usb_port: str) -> None:
        self.path = usb_port
        self._tcp_port = int(usb_port.rpartition(":")[2])
        self._thread: threading.Thread | None = None
        self._ends = threading.Event()

    def __enter__(self) -> "PseudoTerminal":
        if tty is None:
            return self
        self._master, board_end = os.openpty()
        tty.setraw(board_end)
        self.path = os.ttyname(board_end)
        os.close(board_end)  # From now on, the master end shows whether it is open.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is None:
            return
        self._ends.set()
        self._thread.join(_STOP_TIMEOUT_S)
        os.close(self._master)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        while not self._ends.is_set():
            if not any(event & select.POLLHUP for _, event in poll.poll(0)):
                with contextlib.suppress(OSError):  # The board restarts, or is off.
                    self._join()
            time.sleep(_LOOK_S)

    def _join(self) -> None:
        """Pass bytes in both directions until one of the ends is closed."""
        with socket.create_connection(("127.0.0.1", self._tcp_port)) as board:
            poll = select.poll()
            for descriptor in (self._master, board.fileno()):
                poll.register(descriptor, select.POLLIN)
            while not self._ends.is_set():
                for descriptor, event in poll.poll(_LOOK_S * 1000):
                    if event & select.POLLIN and descriptor == self._master:
                        board.sendall(os.read(self._master, _BLOCK_BYTES))
                    elif event & select.POLLIN:
                        data = board.recv(_BLOCK_BYTES)
                        if not data:
                            return
                        _write_all(self._master, data)
                    elif event:
                        return


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
