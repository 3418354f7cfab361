"""Who has ordered a verification from the workers waits here for what is found."""

import time
from collections.abc import Callable, Sequence

from ..errors import Error
from ..fleet.run import Summary, summary_of
from ..fleet.spool import Entry, Spool
from ..inventory import runs, store
from . import jobs
from .station import Station
from .verifying import Plan

_POLL_S = 1.0
# A worker reports at least so often that it is alive, by default.
_ALIVE_S = 60


class Ordered:
    """A run that workers do. *kept*: has all entries in the end.

    *on_entries*: is called with entries as they come. *say*: with what is in the way, in words.
    """

    def __init__(
        self,
        plan: Plan,
        kept: Spool,
        on_entries: Callable[[Sequence[Entry]], None],
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._kept = kept
        self._on_entries = on_entries
        self._say = say
        self._number = 0
        self._last = 0
        self._begun = time.monotonic()
        self._has_warned = False

    def verify(self) -> None:
        """Order a run, and wait for its end. What nobody has begun when this ends is cancelled.

        Raises Error when a part of it has failed for good.
        """
        self._number = jobs.begin(jobs.make_app(Station()), self._plan)
        try:
            while not self._look():
                time.sleep(_POLL_S)
        finally:
            jobs.cancel(self._number)

    def summary(self, most: int) -> Summary:
        """Return what was found so far, with the *most* worst servers.

        What only all entries together show is passed on once more.
        """
        with store.reading() as connection:
            for _, entries in runs.results(connection, self._number):
                self._kept.add_entries(entries)
                if again := [one for one in entries if one["again"]]:
                    self._on_entries(again)
        return summary_of(self._kept, most, time.monotonic() - self._begun)

    def _look(self) -> bool:
        """Pass on what is new; return whether the run is over."""
        with store.reading() as connection:
            # First this: what comes in between is passed on below.
            is_over = runs.get(connection, self._number).finished_at is not None
            for last, entries in runs.results(connection, self._number, self._last):
                self._last = last
                # What was corrected before it was seen here is passed on now, and again at the end.
                self._on_entries([one | {"again": False} for one in entries])
        if is_over:
            return True
        if failed := jobs.count_failed(self._number):
            raise Error(f"workers could not do {failed} jobs of this run: they said why")
        if not jobs.count_workers(_ALIVE_S) and not self._has_warned:
            self._say("no worker is there: start one, here or elsewhere: boardcert worker")
            self._has_warned = True
        return False
