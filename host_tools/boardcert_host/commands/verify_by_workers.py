"""`boardcert verify --all --workers`: the work is done by others, the summary is the same."""

import argparse
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..console import say
from ..errors import USAGE, Error
from .times import duration

if TYPE_CHECKING:
    from ..fleet.run import Summary
    from ..fleet.spool import Spool, Told
    from ..inventory.listing import Wanted

_DAY_S = 86400


def check_workers(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for options that do not go with --workers."""
    if not (arguments.all or arguments.tag or arguments.changed_since):
        raise Error("--workers goes with --all, --tag or --changed-since", None, USAGE)
    if arguments.ca:
        hint = "a worker holds boards against the CA of its own computer"
        raise Error("--ca does not go with --workers", hint, USAGE)


@contextlib.contextmanager
def verified(
    arguments: argparse.Namespace,
    wanted: "Wanted",
    tell: "Callable[[Sequence[Told]], None]",
) -> "Iterator[tuple[Callable[[], None], Callable[[Spool, int], Summary]]]":
    """Begin a run; give what waits for it, and what sums it up. Jobs that are left are cancelled.

    Raises Error.
    """
    from ..workers import jobs
    from ..workers.station import Station
    from ..workers.verifying import Plan
    from ..workers.waiting import Waiting

    days = duration(arguments.expiring).total_seconds() / _DAY_S
    plan = Plan(wanted, arguments.timeout, arguments.retries, days)
    number = jobs.begin(jobs.make_app(Station()), plan)
    waiting = Waiting(number, tell, say)
    try:
        yield waiting.wait, waiting.summary
    finally:
        jobs.cancel(number)
