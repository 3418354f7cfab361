"""`boardcert virtual --wifi`: virtual boards in a virtual Wi-Fi, for a person and a browser."""

import contextlib
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from ..console import say, say_lines
from ..errors import OK, Error
from .board import VirtualBoard
from .network import VirtualNetwork
from .pty import PseudoTerminal

_PORTS = {443: "https", 20034: "https", 80: "http"}  # a board's, with their schemes
_PAGE_PORT = 20034
_BOARD = "RPI_PICO_W"  # in its network, it behaves like a real one
# For the command that flashes a board: each gets a new number, since earlier ones stay pinned.
HOST_NAME = "--hostname 'virtual-{n}'"
_LOOK_EVERY_S = 1


@dataclass(frozen=True)
class WifiWishes:
    """The user's options: name and password of the Wi-Fi, number of boards, capture file."""

    ssid: str
    password: str
    boards: int = 1
    pcap: Path | None = None

    def place(self, path: Path, number: int) -> Path:
        """Return the path for board *number*: *path* itself if there is only one board."""
        return path if self.boards == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


class _Watched:
    """One board, and what has been printed about it."""

    def __init__(self, number: int, board: VirtualBoard, serial_port: str) -> None:
        self._title = f"board {number}"
        self._board = board
        self._serial_port = serial_port
        self._address: str | None = None
        self._listening: set[int] = set()

    def introduce(self, wishes: WifiWishes) -> None:
        """Print how to reach it."""
        board, network = self._board, self._board.network
        ways = [f"{self._title:<17}mpremote connect {self._serial_port}"]
        ways += [f"{self._url(port)} leads to its port {port}" for port in _PORTS]
        if not board.has_package:
            page = f"127.0.0.1:{network.address(_PAGE_PORT)[1]}"
            then = f"boardcert flash {_BOARD} {HOST_NAME} --port {board.usb_port}"
            lock = "" if wishes.password else " --wifi-open"
            ways.append(f"{then} --wifi {shlex.quote(wishes.ssid)}{lock} --at {page}")
        first, *rest = ways
        say_lines(f"  {first}", *(f"{'':19}{way}" for way in rest))

    def look(self) -> None:
        """Print what has changed: its address, and the ports that it listens on."""
        status = self._board.status()
        if not status["powered"]:
            raise Error(f"{self._title} went off: {self._board.wait_off()}", "its flash is kept")
        found = [each for each in status["network"]["addresses"] if ":" not in each]
        address = found[-1] if found else None
        if address != self._address:
            self._address = address
            self._listening.clear()
            say(f"{self._title}: its address is {address}" if address else f"{self._title} left")
        for port in _PORTS.keys() - self._listening if address else ():
            if self._board.network.listens(port):
                self._listening.add(port)
                say(f"{self._title} listens on {port}: open {self._url(port)}")
                if port == _PAGE_PORT:
                    self._say_how_to_verify()

    def _say_how_to_verify(self) -> None:
        """By its address there: the certificate does not have the one on loopback."""
        page = f"127.0.0.1:{self._board.network.address(_PAGE_PORT)[1]}"
        usb = self._board.usb_port
        say_lines(f"{'':19}boardcert verify {page} --name {self._address} --usb {usb}")

    def _url(self, port: int) -> str:
        return f"{_PORTS[port]}://127.0.0.1:{self._board.network.address(port)[1]}"


def run_in_wifi(directory: Path, firmware: Path, ring_oscillator: str, wishes: WifiWishes) -> int:
    """Run boards on a Wi-Fi network until Ctrl-C; print how to reach them, and when they listen."""
    network = VirtualNetwork(wishes.ssid, password=wishes.password)
    with contextlib.ExitStack() as stack:
        watched = []
        for number in range(1, wishes.boards + 1):
            board = VirtualBoard(
                directory if wishes.boards == 1 else directory / f"board{number}",
                firmware=firmware,
                ring_oscillator=ring_oscillator,
                network=network,
            )
            stack.enter_context(board)
            if wishes.pcap is not None:
                board.network.capture(wishes.place(wishes.pcap, number))
            terminal = stack.enter_context(PseudoTerminal(board.usb_port))
            watched.append((number, board, terminal.path))
        for _, board, _ in watched:
            board.wait_ready()
        return _watch([_Watched(*each) for each in watched], directory, wishes)


def _watch(boards: list[_Watched], directory: Path, wishes: WifiWishes) -> int:
    lock = "WPA2" if wishes.password else "open, without a password"
    what = "a virtual board runs" if wishes.boards == 1 else f"{wishes.boards} virtual boards run"
    say(f"{what} in range of the Wi-Fi {wishes.ssid} ({lock}); flash and log are in {directory}")
    for board in boards:
        board.introduce(wishes)
    say_lines("  Ctrl-C stops it.")
    try:
        while True:
            for board in boards:
                board.look()
            time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        say("switched off")
        return OK
