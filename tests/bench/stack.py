"""The free stack of a Pico W while its page is used, and the interrupts' use of it."""

import contextlib
import datetime
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from bench_board import BenchBoard
from boardcert_host.board import file_writer, installation, kept_files
from boardcert_host.board.installable import Installable
from boardcert_host.board.over_https import BoardAPI
from boardcert_host.ca import authorities
from boardcert_host.ca.csr import read_request
from boardcert_host.certificates.fingerprint import KeyPin
from boardcert_host.targets import PORTAL_PORT, Target
from boardcert_host.virtual import VirtualBoard, VirtualNetwork

_HOST_NAME = "bench"
_MAIN = b"import boardcert\nboardcert.run()\n"
_TELL = "me = boardcert.identity(); print(me.admin_token(), me.public_key_pin)"
_START_TIMEOUT_S = 180
_TIMEOUT_S = 120
_DAYS = 30
_ASK_EACH_S = 0.05


def measure(firmware: Path) -> dict[str, int]:
    """Return the figures of README.md beside this file, "The stack".

    Two boards are measured, one of which is its own authority; each figure is the worse one.
    """
    one, other = [
        _measure(firmware, {"hostname": _HOST_NAME, "chain": chain})
        for chain in ("self", "authority")
    ]
    worse = {name: min(left, other[name]) for name, left in one.items()}
    return worse | {"interrupts": max(one["interrupts"], other["interrupts"])}


def _measure(firmware: Path, settings: dict[str, str]) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as name:
        flash = Path(name, "package.bin")
        with BenchBoard(firmware, flash).board(keep=flash) as board:
            installation.install(board.usb_port)
            kept_files.write_settings(board.usb_port, settings)
            kept_files.write_wifi(board.usb_port, _HOST_NAME, "")
            file_writer.put_file(board.usb_port, _MAIN, "/main.py")
        network = VirtualNetwork(_HOST_NAME)
        with BenchBoard(firmware, flash).board(network=network, pace="idle") as board:
            return _Measured(board).figures()


class _Measured:
    """Measures the free stack in the steps of a running *board*, and the interrupts' maximum.

    Its name is queried by mDNS all the time, as the answers are the deepest interrupts.
    """

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board
        self._figures: dict[str, int] = {}
        self._interrupts = 0

    def figures(self) -> dict[str, int]:
        """Run the steps, and return the free stack in each."""
        board = self._board
        with _asked(board):
            self._note("first_boot", lambda: self._boot(board.reset))
            token, pin = board.exec(f"import boardcert; {_TELL}").split()
            self._note("boot", lambda: self._boot(board.reset))
            target = Target(*board.network.address(PORTAL_PORT))
            page = BoardAPI(target, pin=KeyPin.of_key(pin), token=token, timeout_s=_TIMEOUT_S)
            self._note("request", page.report)
            request = page.csr()
            self._note("install", lambda: page.install(_certificate(request)))
            self._note("remove", page.remove)
            self._note("renew", page.renew)
            self._note("new_key", lambda: page.new_key(_HOST_NAME))
            self._note("reset", lambda: page.reset(_HOST_NAME))
        return self._figures | {"interrupts": self._interrupts}

    def _note(self, name: str, step: Callable[[], object]) -> None:
        self._board.forget_stack()
        step()
        stack = self._board.stack
        self._figures[f"{name}_left"] = stack["thread_left"]
        self._interrupts = max(self._interrupts, stack["interrupts"])

    def _boot(self, begin: Callable[[], None]) -> None:
        begin()
        self._board.network.wait_listening(PORTAL_PORT, _START_TIMEOUT_S)


def _certificate(request: bytes) -> Installable:
    """Return a new CA's certificate for the key and names of *request*."""
    now = datetime.datetime.now(datetime.timezone.utc)
    ca = authorities.create(None, (), now)
    read = read_request(request)
    return Installable([ca.issue(read, read.names, _DAYS, now)])


@contextlib.contextmanager
def _asked(board: VirtualBoard) -> Iterator[None]:
    """Query *board*'s name by mDNS (RFC 6762, section 5.1) continuously."""
    ended = threading.Event()
    labels = b"".join(bytes([len(label)]) + label for label in (_HOST_NAME.encode(), b"local"))
    question = struct.pack(">6H", 0, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 1, 1)

    def ask() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            while not ended.wait(_ASK_EACH_S):
                caller.sendto(question, board.network.mdns_address())

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        ended.set()
        asking.join()
