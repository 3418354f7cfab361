"""The numbers and host names of a batch: each board has its own, and keeps it when repeated."""

import re
import threading

import filelock

from . import host_names
from .batch_record import Record


class Numbers:
    """Gives numbers to boards, from several threads. *pattern*: of host names, or None."""

    def __init__(self, record: Record, pattern: str | None) -> None:
        self._record = record
        self._pattern = pattern
        self._lock = threading.Lock()
        self._given: dict[tuple[str, str], filelock.BaseFileLock | None] = {}

    def take(self, unique_id: str | None) -> tuple[str, str]:
        """Return serial number and host name for a board; `give_back` ends that.

        A board that is known, by the record or the pins, has them already. The host name is empty
        where boards name themselves.
        """
        with self._lock:
            mine = self._known(unique_id)
            if mine:
                self._given.setdefault(mine, None)
                return mine
            mine, lock = self._next()
            self._given[mine] = lock
            return mine

    def give_back(self, mine: tuple[str, str]) -> None:
        """Let others have a number: its board is in the record by now, or has failed without."""
        with self._lock:
            lock = self._given.pop(mine, None)
            if lock:
                lock.release()

    def _known(self, unique_id: str | None) -> tuple[str, str] | None:
        if not unique_id:
            return None
        entry = self._record.latest().get(unique_id)
        if entry and self.fits(entry.host_name):
            return entry.serial_number, entry.host_name
        known = self._pattern and host_names.known_as(self._pattern, unique_id)
        return (self._serial(known[0]), known[1]) if known else None

    def fits(self, host_name: str) -> bool:
        """Return whether a name was given by this pattern, and not by one of another day."""
        if self._pattern is None:
            return not host_name
        pattern = "".join(
            "[0-9a-f]+" if piece.startswith("{") else re.escape(piece)
            for piece in re.split(r"(\{[^}]*\})", self._pattern)
        )
        return re.fullmatch(pattern, host_name) is not None

    def _next(self) -> tuple[tuple[str, str], filelock.BaseFileLock | None]:
        """Return the lowest number that nobody has; and the reservation of its name, if any."""
        entries = self._record.latest().values()
        if self._pattern is None:
            used = {entry.serial_number for entry in entries} | {one for one, _ in self._given}
            number = next(n for n in range(1, len(used) + 2) if str(n) not in used)
            return (str(number), ""), None
        taken = {entry.host_name for entry in entries} | {name for _, name in self._given}
        number, host_name, lock = host_names.reserve_next(self._pattern, taken - {""})
        return (self._serial(number), host_name), lock

    def _serial(self, number: int) -> str:
        """Return a number as it stands in the host name."""
        found = re.search(r"\{[^}]*\}", self._pattern or "")
        return found[0].format(n=number) if found else str(number)
