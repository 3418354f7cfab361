"""Who has ordered a verification from the workers waits here, and is told what was found."""

import time
from collections.abc import Callable, Sequence

from ..errors import Error
from ..fleet.run import Summary, summary_of
from ..fleet.spool import Spool, Told
from ..inventory import runs, store
from . import jobs

_POLL_S = 1.0
# A worker tells at least so often that it is alive, by default.
_ALIVE_S = 60


class Waiting:
    """A run, seen from outside. *tell*: is given results as they come; *say*: what is in the way."""

    def __init__(
        self,
        number: int,
        tell: Callable[[Sequence[Told]], None],
        say: Callable[[str], None],
    ) -> None:
        self._number = number
        self._tell = tell
        self._say = say
        self._last = 0
        self._begun = time.monotonic()
        self._is_missing_told = False

    def wait(self) -> None:
        """Wait until the run is over. Raises Error when a part of it has failed for good."""
        while not self._look():
            time.sleep(_POLL_S)

    def summary(self, kept: Spool, most: int) -> Summary:
        """Return what was found so far, with the *most* worst; *kept* has it all then.

        What only all results together tell is told once more.
        """
        with store.reading() as connection:
            for _, told in runs.results(connection, self._number):
                kept.add_told(told)
                if again := [one for one in told if one["again"]]:
                    self._tell(again)
        return summary_of(kept, most, time.monotonic() - self._begun)

    def _look(self) -> bool:
        """Tell what is new; return whether the run is over."""
        with store.reading() as connection:
            # First this: what comes in between is told below.
            is_over = runs.get(connection, self._number).finished_at is not None
            for self._last, told in runs.results(connection, self._number, self._last):
                self._tell([one for one in told if not one["again"]])
        if is_over:
            return True
        if failed := jobs.count_failed(self._number):
            raise Error(f"workers could not do {failed} jobs of this run: they said why")
        if not jobs.count_workers(_ALIVE_S) and not self._is_missing_told:
            self._say("no worker is there: start one, here or elsewhere: boardcert worker")
            self._is_missing_told = True
        return False
