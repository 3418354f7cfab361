"""Renewals: a certificate is obtained again before it expires, by the same plan.

For cron, `boardcert acme --renew` and `boardcert est --renew`; and for the jobs of workers.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import clock
from ..errors import Error
from .shelf import Entry, Shelf

# Of the time from a certificate's beginning to its end: 30 of 90 days, 2 of 6.
_LAST_PART = 3

RENEWED, NOT_DUE, FAILED = "renewed", "not due", "failed"

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Obtained:
    """What the board serves now. *is_new*: issued this time; else by a run before this one.

    *certificate*: as `certificate.describe` says it; *chain*: all that is served, PEM.
    """

    certificate: dict[str, Any]
    chain: str
    remarks: list[str]
    is_new: bool


@dataclass(frozen=True)
class Outcome:
    """Of one board. *status*: RENEWED, NOT_DUE or FAILED; *certificate*: what it has now, if any.

    *error*: why it failed.
    """

    host: str
    status: str
    certificate: dict[str, Any] | None
    error: Error | None = None


RenewDue = Callable[[datetime.timedelta | None, Callable[[str, str], None]], Iterator[Outcome]]
"""Renews what is due, as `renew_due`, called with *within* and *on_step*."""


def is_due(state: Entry, within: datetime.timedelta | None, now: datetime.datetime) -> bool:
    """Return whether something is left to be done: an unfinished order, or a renewal.

    *within*: time before the end; None: the last third of the lifetime.
    """
    if state.installed is None or state.is_unfinished:
        return True
    begin, end = (clock.from_text(state.installed[name]) for name in ("not_before", "not_after"))
    return now >= end - ((end - begin) / _LAST_PART if within is None else within)


def renew_due(
    shelf: Shelf[Any],
    again: Callable[[Any, OnStep], Obtained],
    within: datetime.timedelta | None,
    on_step: Callable[[str, str], None],
) -> Iterator[Outcome]:
    """Renew what is due on *shelf*, one board after another, and yield the outcome of each.

    *again*: obtains by a plan, without prompting. *within*: see `is_due`. *on_step* is called with
    a board and each of its steps, in words. A failure for one board does not affect the others.
    """
    for host in shelf.hosts():
        state = None
        try:
            state = shelf.load(host)
            now = datetime.datetime.now(datetime.timezone.utc)
            if state is None or not is_due(state, within, now):
                yield Outcome(host, NOT_DUE, state and state.installed)
                continue
            done = again(state.plan, lambda step, host=host: on_step(host, step))
            yield Outcome(host, RENEWED, done.certificate)
        except Error as error:
            yield Outcome(host, FAILED, state and state.installed, error)
