"""One run over many servers: gathered, judged by the checks of `verify HOST`, noted, summed up."""

import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .. import clock
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK, Error
from ..inventory.history import NOT_VALID, UNREACHABLE
from ..trust.pins import Pin
from ..verify.judging import HostResult, Options, judge
from ..verify.known import known_boards
from ..verify.remembering import pin_of, remember
from .findings import Finding, found, not_a_host
from .gathering import Answer, Gatherer, Pace
from .jobs import Job
from .spool import Entry, Spool


@dataclass(frozen=True)
class Wishes:
    """How a run is made. *options*: of `verify HOST`; its *known_boards* are looked up here.

    *expiring_within*: a valid certificate that ends so soon is named.
    """

    options: Options = field(default_factory=Options)
    pace: Pace = field(default_factory=Pace)
    expiring_within: datetime.timedelta = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Summary:
    """What a run has found. *verdicts*, *reasons*: how many servers of each."""

    boards: int
    verdicts: dict[str, int]
    reasons: dict[str, int]
    worst: list[Entry]
    seconds: float

    @property
    def code(self) -> int:
        """Return 1 when any server failed a check, else 3 when any could not be checked, else 0."""
        if self.verdicts.get(NOT_VALID):
            return CHECKED_AND_BAD
        return COULD_NOT_RUN if self.verdicts.get(UNREACHABLE) else OK


class Run:
    """Verifies servers. *on_entries*: is called with the entries of each group, once it is noted,
    or could not be.

    A server whose key another one has as well has a second entry at the end, with that.
    """

    def __init__(
        self, wishes: Wishes, kept: Spool, on_entries: Callable[[Sequence[Entry]], None]
    ) -> None:
        self._wishes = wishes
        self._kept = kept
        self._on_entries = on_entries
        self._boards: Sequence[Pin] = ()
        self._options = replace(wishes.options, known_boards=self._look_up)
        self._begun = time.monotonic()
        self._begun_at = clock.now()

    def verify(self, pages: Iterator[list[Job]]) -> None:
        """Verify all servers. However it ends, what was gathered is noted and passed on."""
        gatherer = Gatherer(self._options, self._wishes.pace, self._take)
        try:
            gatherer.run(pages)
        finally:
            for entries in self._kept.mark_duplicates():
                note_duplicates(entries, self._begun_at)
                self._on_entries(entries)

    def summary(self, most: int) -> Summary:
        """Return what was found, with the *most* worst servers."""
        return summary_of(self._kept, most, time.monotonic() - self._begun)

    def _take(self, answers: Sequence[Answer]) -> None:
        """Judge a group, note what is known of it in the inventory, and pass it on."""
        asked = [(one, one.gathered) for one in answers if one.gathered]
        results = judge([gathered for _, gathered in asked], self._options)
        findings = [
            self._found(answer, result) for (answer, _), result in zip(asked, results, strict=True)
        ]
        jobs = [answer.job for answer in answers]
        findings += [
            not_a_host(job.title, job.target) for job in jobs if isinstance(job.target, Error)
        ]
        try:
            remember(results, self._boards)
        finally:  # What was found is said, too, where the inventory does not take it.
            self._on_entries(self._kept.add(findings))

    def _look_up(self, results: Sequence[HostResult]) -> Sequence[Pin]:
        """Return the boards of a group, and keep them for what is noted."""
        self._boards = known_boards(results)
        return self._boards

    def _found(self, answer: Answer, result: HostResult) -> Finding:
        pin = pin_of(result, self._boards)
        within = self._wishes.expiring_within
        return found(answer.job.title, result, pin, answer.attempts, within)


def summary_of(kept: Spool, most: int, seconds: float) -> Summary:
    """Return what *kept* has, with the *most* worst servers."""
    verdicts, reasons = kept.counts()
    return Summary(sum(verdicts.values()), verdicts, reasons, kept.worst(most), seconds)


def note_duplicates(entries: Sequence[Entry], since: datetime.datetime) -> None:
    """Record that other boards have the key of known ones, replacing the earlier verdict."""
    from ..inventory.sightings import Seen, note_seen

    seen = [
        Seen(one["known"], NOT_VALID, ", ".join(one["reasons"]), corrects_since=since)
        for one in entries
        if one["known"]
    ]
    if seen:
        note_seen(seen)
