"""The virtual Pico W on Wi-Fi: memory, connections and times, as its clients see them."""

import json
import socket
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench_board import BenchBoard
from boardcert_host.board import file_writer, installation
from boardcert_host.errors import Error
from boardcert_host.verify.tls_probe import unverified_context
from boardcert_host.virtual import VirtualBoard, VirtualNetwork

_APP, _PAGE, _TELL = 443, 20034, 8
_SSID, _PASSWORD = "bench", "a password for it"
_MOST = 8
_RUNS = 5
_TIMEOUT_S = 60
_START_TIMEOUT_S = 180
_CLIENT_ERRORS = (OSError, ValueError, IndexError)


def measure(firmware: Path) -> dict[str, Any]:
    """Return the figures of a Pico W on Wi-Fi; under "with_flash" including its flash's times."""
    with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as name:
        flash = Path(name, "package.bin")
        with BenchBoard(firmware, flash).board(keep=flash) as board:
            installation.install(board.usb_port)
            installation.install_microdot(board.usb_port)
        plain, slow = (
            Radio(BenchBoard(firmware, flash, is_slow), Path(name)).measure()
            for is_slow in (False, True)
        )
    return plain | {"with_flash": slow}


class Radio:
    """Measures *boards* that have the package and Microdot; *directory*: for flashes."""

    def __init__(self, boards: BenchBoard, directory: Path) -> None:
        self._boards = boards
        self._directory = directory

    def measure(self) -> dict[str, Any]:
        """Return the figures of README.md beside this file, "With the radio on"."""
        with self._served(microdot=False) as board:
            figures = self._memory(board)
            figures |= self._page_times(board)
            held = _held(board)
            figures["page_clients"] = _most(lambda count: _answered_at_once(board, count))
            boots = [self._boot(board) for _ in range(_RUNS)]
        figures |= {name: statistics.median([boot[name] for boot in boots]) for name in boots[0]}
        with self._served(microdot=True) as board:
            app_free = _tell(board)["free"]
            held_app = _held(board)
        return figures | {"connections": held, "app_connections": held_app, "app_free": app_free}

    @contextmanager
    def _served(self, microdot: bool) -> Iterator[VirtualBoard]:
        """Run a board that has its certificate for its assigned address, and serves."""
        settled = self._directory / f"radio-{microdot}.bin"
        network = VirtualNetwork(_SSID, password=_PASSWORD)
        script = Path(__file__).with_name("measure_network.py").read_text()
        head = f"ssid, password, microdot = {_SSID!r}, {_PASSWORD!r}, {microdot}\n"
        with self._boards.board(keep=settled, network=network, pace="idle") as board:
            file_writer.put_file(board.usb_port, (head + script).encode(), "/main.py")
            board.reset()
            _wait_answer(board, _APP)
        again = self._boards.of(settled)
        with again.board(network=network, pace="idle") as board:
            _wait_answer(board, _APP)
            _wait_answer(board, _PAGE)
            yield board

    def _memory(self, board: VirtualBoard) -> dict[str, int]:
        """Return the free memory before and while it serves, and what a connection uses."""
        noted = _tell(board)
        free = []
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(_connect(board, _APP))
                free.append(_tell(board)["free"])
        return {
            "free_before": noted["free_before"],
            "free_serving": noted["free"],
            "free_one_connection": free[0],
            "connection_bytes": free[0] - free[1],
        }

    def _page_times(self, board: VirtualBoard) -> dict[str, float]:
        """Return the medians of a handshake, and of loading the page over a new connection."""
        runs = []
        for _ in range(_RUNS):
            start = board.clock_us
            with _connect(board, _PAGE) as secure:
                shaken = board.clock_us
                secure.sendall(_request("/"))
                secure.recv(1)
                first = board.clock_us
                _read_all(secure)
                whole = board.clock_us
            runs.append([(moment - start) / 1000 for moment in (shaken, first, whole)])
        names = ("handshake_ms", "page_first_byte_ms", "page_whole_ms")
        return dict(zip(names, map(statistics.median, zip(*runs, strict=True)), strict=True))

    def _boot(self, board: VirtualBoard) -> dict[str, float]:
        """Reset the board; return the time to its first answer, and the radio's share of it."""
        board.reset()
        answered_us = _wait_answer(board, _APP)
        noted = _tell(board)
        radio_us = noted["joined_us"] - noted["start_us"]
        return {
            "boot_to_answer_ms": answered_us / 1000,
            "radio_and_join_ms": radio_us / 1000,
            "boot_without_radio_ms": (answered_us - radio_us) / 1000,
        }


def _connect(board: VirtualBoard, port: int) -> ssl.SSLSocket:
    context = unverified_context()  # Before the board waits for it.
    raw = socket.create_connection(board.network.address(port), timeout=_TIMEOUT_S)
    try:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(raw)
    except BaseException:
        raw.close()
        raise


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode()


def _read_all(secure: ssl.SSLSocket) -> bytes:
    pieces = []
    # The board closes without a TLS alert: see Content-Length.
    try:
        while piece := secure.recv(65536):
            pieces.append(piece)
    except ssl.SSLEOFError:
        pass
    return b"".join(pieces)


def _get(board: VirtualBoard, port: int, path: str) -> bytes:
    """Return the body of a 200 answer. Raises OSError or ValueError for any other."""
    with _connect(board, port) as secure:
        secure.sendall(_request(path))
        head, _, body = _read_all(secure).partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise ValueError(head[:40].decode("ascii", "replace"))
    return body


def _tell(board: VirtualBoard) -> dict[str, int]:
    with socket.create_connection(board.network.address(_TELL), timeout=_TIMEOUT_S) as raw:
        return json.loads(b"".join(iter(lambda: raw.recv(4096), b"")))


def _wait_answer(board: VirtualBoard, port: int) -> int:
    """Retry until the board answers; return its clock then, in microseconds since its reset."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            _get(board, port, "/0" if port == _APP else "/")
            return board.clock_us
        except _CLIENT_ERRORS as error:
            if time.monotonic() > deadline:
                raise Error(f"the board does not answer on {port}: {error}") from error
        time.sleep(0.01)


def _most(succeeds: Callable[[int], bool]) -> int:
    """Return the largest count, from 1 to 8, up to which all succeed."""
    counts = range(1, _MOST + 1)
    return next((count - 1 for count in counts if not succeeds(count)), _MOST)


def _held(board: VirtualBoard) -> int:
    """Return how many simultaneous requests the application's port has without an error."""
    return _most(lambda count: _all_at_once(board, count, _APP, f"/{count}") == [count] * count)


def _answered_at_once(board: VirtualBoard, count: int) -> bool:
    """Return whether *count* browsers at once, each with a new connection, get the page."""
    return None not in _all_at_once(board, count, _PAGE, "/")


def _all_at_once(board: VirtualBoard, count: int, port: int, path: str) -> list[int | None]:
    """Return the results of *count* clients at once: a number, 0 for text, None for an error."""

    def ask(_number: int) -> int | None:
        try:
            body = _get(board, port, path)
        except _CLIENT_ERRORS:
            return None
        return int(body) if body.isdigit() else 0

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))
