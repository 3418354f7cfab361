"""A verification that workers share: cut into slices, judged, and ended by the last of them."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..fleet.gathering import Pace
from ..fleet.jobs import Job
from ..fleet.run import Run, Wishes, note_duplicates
from ..fleet.spool import Entry, spool
from ..inventory import boards as boards_of
from ..inventory import listing, runs, store
from ..inventory.listing import Wanted
from ..trust import look_up
from ..trust.location import find
from ..verify.judging import Options
from ..verify.own_ca import own_ca_file
from .station import JOBS, Station

# Boards of a job. Results are kept as they come: a large job loses no more than a small one.
_LEAST, _MOST, _SLICES = 10, 1000, 20
_PAGE = 1000


@dataclass(frozen=True)
class Plan:
    """What is verified, and how: as the options of `verify --all` have it."""

    wanted: Wanted = field(default_factory=Wanted)
    timeout_s: float = 10.0
    retries: int = 2
    expiring_days: float = 30.0

    def options(self) -> dict[str, Any]:
        """Return what is kept of it for the workers."""
        names = ("timeout_s", "retries", "expiring_days")
        return {name: getattr(self, name) for name in names}


def slices(wanted: Wanted) -> list[list[int]]:
    """Return the numbers of the boards, in slices."""
    found: list[int] = []
    with store.reading() as connection:
        while numbers := listing.numbers_after(
            connection, wanted, found[-1] if found else 0, _PAGE
        ):
            found += numbers
    size = min(_MOST, max(_LEAST, len(found) // _SLICES))
    return [found[at : at + size] for at in range(0, len(found), size)]


def verify_slice(station: Station, number: int, index: int, boards: Sequence[int]) -> str:
    """Judge the boards of a slice that have no result, and end the run with its last slice.

    Returns a sentence about it. Raises StoppedError, and what verifying raises; it may be done
    again then, and goes on.
    """
    with store.reading() as connection:
        run = runs.get(connection, number)
        missing = sorted(set(boards) - runs.judged(connection, number, boards))
        pins = {pin.host: pin for pin in look_up.first_names(connection, missing)}
        numbers = boards_of.numbers_of(connection, pins)
    wishes = _wishes(run.options, station)
    counts: dict[str, int] = {}

    def keep(entries: Sequence[Entry]) -> None:
        # Duplicates are sought among all at the end.
        first = {numbers[one["asked"]]: one for one in entries if not one["again"]}
        if not first:
            return
        with store.writing() as connection:
            runs.add(connection, number, first)
        for one in first.values():
            counts[one["verdict"]] = counts.get(one["verdict"], 0) + 1
        station.go_on()

    jobs = [Job(pin.host, find(pin.host, [pin]).target) for pin in pins.values()]
    with spool() as kept:
        Run(wishes, kept, keep).verify(_pages(station, jobs))
    with store.writing() as connection:
        is_last = runs.end_slice(connection, number, index)
    if is_last:
        end_run(number)
    listed = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    return f"run {number}, slice {index + 1} of {run.slices}: {listed or 'nothing left to do'}"


def end_run(number: int) -> None:
    """Find what only all entries together show, and note that the run is over."""
    with store.reading() as connection:
        run = runs.get(connection, number)
    with spool() as kept:
        with store.reading() as connection:
            for _, entries in runs.results(connection, number):
                kept.add_entries(entries)
        for entries in kept.mark_duplicates():
            note_duplicates(entries, run.started_at)
            with store.writing() as connection:
                runs.correct(connection, number, entries)
    with store.writing() as connection:
        runs.finish(connection, number)


def _pages(station: Station, jobs: list[Job]) -> Iterator[list[Job]]:
    station.go_on()
    yield jobs


def _wishes(options: dict[str, Any], station: Station) -> Wishes:
    return Wishes(
        Options(own_ca=own_ca_file(), timeout_s=options["timeout_s"]),
        Pace(max(1, station.parallel // JOBS), options["retries"]),
        datetime.timedelta(days=options["expiring_days"]),
    )
