"""`boardcert flash --batch`: one board after another, and several at once, until no more appear.

A port is looked at until a board is there; when that board is done, the port is done as well until
it has been empty for a while: a board that restarts leaves its port for a second only.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..board import serial_ports
from ..errors import Error
from . import uf2_drive
from .batch_numbers import Numbers
from .batch_record import DONE, FAILED, Entry, Record
from .batch_work import Work, Worker
from .board_kinds import UF2, Board

_POLL_S = 0.5
# As long must a port be away for the next board to be another one.
_GONE_S = 3.0


@dataclass(frozen=True)
class BatchWishes:
    """What was asked for. *ports*: those named, else all on USB; *most*: boards to try, or None.

    *arguments*: of `boardcert flash`, the same for each board; *environment*: what they need.
    """

    folder: Path
    pattern: str | None
    ports: tuple[str, ...]
    most: int | None
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(repr=False, default_factory=dict)


class Batch:
    """Watches ports, and gives each board that comes to a worker, which is a thread."""

    def __init__(
        self,
        board: Board,
        wishes: BatchWishes,
        image: bytes,
        say: Callable[[str], None],
        on_entry: Callable[[Entry], None],
    ) -> None:
        self._board = board
        self._wishes = wishes
        self._ports = _distinct(wishes.ports)
        self._say = say
        self._on_entry = on_entry
        self.record = Record(wishes.folder)
        self._lock = threading.Lock()
        self._active: dict[str, threading.Thread] = {}
        # Ports whose board is done, and since when they are empty.
        self._handled: dict[str, float | None] = {}
        self._tried = 0
        self.ended: list[Entry] = []
        self.drawing = threading.Lock()  # Held while labels are drawn, in the thread of a board.
        self._failure: Error | None = None
        self._has_boot_loader = False
        self._numbers = Numbers(self.record, wishes.pattern)
        work = Work(board, image, wishes.arguments, wishes.environment, bool(wishes.ports))
        self._worker = Worker(work, self.record, self._numbers, say, self._claim_new)

    def run(self) -> None:
        """Flash boards until the wanted number was tried. Raises KeyboardInterrupt, and Error."""
        while self._failure is None and not self._is_enough():
            self._look()
            time.sleep(_POLL_S)
        self._join()
        if self._failure:
            raise self._failure

    def finish(self) -> None:
        """Wait for the boards in progress; take no others."""
        self._join()

    def stop(self) -> None:
        """Stop the boards in progress: they count as failed."""
        self._worker.stop()
        self._join()

    def strangers(self) -> list[Entry]:
        """Return the boards in the record that are of another batch: of a kind or a name unlike."""
        found = self.record.latest().values()
        fits = self._numbers.fits
        return [one for one in found if one.board != self._board.name or not fits(one.host_name)]

    def _join(self) -> None:
        while threads := [*self._active.values()]:
            threads[0].join(_POLL_S)

    def _is_enough(self) -> bool:
        with self._lock:
            most = self._wishes.most
            return most is not None and self._tried >= most

    def _look(self) -> None:
        """Begin with each board that has come."""
        places = self._places()
        now = time.monotonic()
        with self._lock:
            for place, since in list(self._handled.items()):
                if place in places:
                    self._handled[place] = None
                elif since is None:
                    self._handled[place] = now
                elif now - since > _GONE_S:
                    del self._handled[place]
            if self._has_boot_loader:
                return  # What appears now is its.
            most = self._wishes.most
            room = len(places) if most is None else most - self._tried - len(self._active)
            free = [one for one in places if one not in self._active and one not in self._handled]
            for place in free[: max(room, 0)]:
                self._begin(place)

    def _places(self) -> list[str]:
        """Return the ports at which something is, and the boot drives."""
        with self._lock:
            active = set(self._active)
        if self._ports:
            return [port for port in self._ports if port in active or serial_ports.is_there(port)]
        found = [each.device for each in serial_ports.usb_ports()]
        if isinstance(self._board.flashing, UF2):
            found += [str(drive.path) for drive in uf2_drive.drives_of(self._board)]
        return found

    def _begin(self, place: str) -> None:
        thread = threading.Thread(target=self._work, args=(place,), name=place, daemon=True)
        self._active[place] = thread
        thread.start()

    def _work(self, place: str) -> None:
        """Do all that a board needs; note how it ended. Runs in a thread of its own."""
        entry: Entry | None = None
        try:
            entry = self._worker.work(place)
            if entry:
                self.record.add(entry)
                self._on_entry(entry)
        except Error as error:
            self._failure = error  # The record, or the labels, cannot be written: no further board.
        except OSError as error:
            self._failure = Error(f"cannot write {error.filename}: {error.strerror}")
        finally:
            with self._lock:
                if entry:
                    self._numbers.give_back((entry.serial_number, entry.host_name))
                    self.ended.append(entry)
                    self._tried += 1
                me = threading.current_thread()
                for mine in [one for one, thread in self._active.items() if thread is me]:
                    del self._active[mine]
                    self._handled[mine] = None

    @contextlib.contextmanager
    def _claim_new(self, place: str) -> Iterator[Callable[[], str | None]]:
        """Yield a function that returns the port that has appeared since at *place*, or None."""
        before = {each.device for each in serial_ports.usb_ports()}
        self._has_boot_loader = True

        def claim() -> str | None:
            with self._lock:
                for each in serial_ports.usb_ports():
                    if each.device not in before and each.device not in self._active:
                        self._active[each.device] = self._active[place]
                        return each.device
            return None

        try:
            yield claim
        finally:
            self._has_boot_loader = False


def _distinct(ports: Sequence[str]) -> list[str]:
    """Return each of the *ports* once: /dev/serial/by-id has other names for the same ones."""
    devices = {os.path.realpath(one) if one.startswith("/") else one: one for one in ports}
    return list(devices.values())


def failed(entries: list[Entry]) -> list[Entry]:
    """Return the boards that failed, and were not repeated with success."""
    last = {entry.title: entry for entry in entries}
    return [entry for entry in last.values() if entry.result == FAILED]


def done(entries: list[Entry]) -> list[Entry]:
    """Return the last entries of the boards that are done."""
    last = {entry.title: entry for entry in entries}
    return [entry for entry in last.values() if entry.result == DONE]
