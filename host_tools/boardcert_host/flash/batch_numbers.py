"""The numbers and host names of a batch: each board has its own, and keeps it when repeated."""

import re
import threading

from . import host_names
from .batch_record import Record
from .reserved import Reservation


class Numbers:
    """Gives numbers to boards, from several threads. *pattern*: of host names, or None."""

    def __init__(self, record: Record, pattern: str | None) -> None:
        self._record = record
        self._pattern = pattern
        self._lock = threading.Lock()
        # {number and name: (unique id of the board, reservation of the name)}
        self._given: dict[tuple[str, str], tuple[str | None, Reservation]] = {}

    def take(self, unique_id: str | None) -> tuple[str, str]:
        """Return serial number and host name for a board; `give_back` ends that.

        A board that is known, by the record or the pins, has them already, unless another board
        is being given its name. The host name is empty where boards name themselves.
        """
        with self._lock:
            mine = self._known(unique_id)
            if mine in self._given and self._given[mine][0] == unique_id:
                return mine
            reservation = self._reserve(mine) if mine and mine not in self._given else None
            if not mine or not reservation:
                mine, reservation = self._next()
            self._given[mine] = unique_id, reservation
            return mine

    def give_back(self, mine: tuple[str, str]) -> None:
        """Let others have a number: its board is in the record by now, or has failed without."""
        with self._lock:
            if mine in self._given:
                self._given.pop(mine)[1].close()

    def _reserve(self, known: tuple[str, str]) -> Reservation | None:
        return host_names.reserve_known(known[1]) if known[1] else Reservation()

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

    def _next(self) -> tuple[tuple[str, str], Reservation]:
        """Return the lowest number that nobody has; and the reservation of its name, if any."""
        if self._pattern is None:
            used = {entry.serial_number for entry in self._record.latest().values()}
            used |= {number for number, _ in self._given}
            number = next(n for n in range(1, len(used) + 2) if str(n) not in used)
            return (str(number), ""), Reservation()
        number, host_name, reservation = host_names.reserve_next(self._pattern, self._taken)
        return (self._serial(number), host_name), reservation

    def _taken(self) -> set[str]:
        """Return the names that boards of this batch have, or are being given."""
        recorded = {entry.host_name for entry in self._record.latest().values()}
        return (recorded | {name for _, name in self._given}) - {""}

    def _serial(self, number: int) -> str:
        """Return a number as it stands in the host name."""
        found = re.search(r"\{[^}]*\}", self._pattern or "")
        return found[0].format(n=number) if found else str(number)
