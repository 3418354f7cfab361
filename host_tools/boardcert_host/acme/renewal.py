"""Renewals: what was obtained once is obtained again before it expires, by the same plan.

For cron, `boardcert acme --renew`; and for anything else that runs periodically, `renew_due`.
"""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import clock
from ..errors import Error
from . import kept
from .kept import Kept
from .plan import Registration

# Of the time from a certificate's beginning to its end: 30 of 90 days, 2 of 6.
_LAST_PART = 3

RENEWED, NOT_DUE, FAILED = "renewed", "not due", "failed"


@dataclass(frozen=True)
class Outcome:
    """Of one board. *status*: RENEWED, NOT_DUE or FAILED; *certificate*: what it has now, if any.

    *error*: why it failed.
    """

    host: str
    status: str
    certificate: dict[str, Any] | None
    error: Error | None = None


def is_due(state: Kept, within: datetime.timedelta | None, now: datetime.datetime) -> bool:
    """Return whether something is left to be done: an unfinished order, or a renewal.

    *within*: of the end; None: in the last third of its time.
    """
    if state.installed is None or state.order or state.chains:
        return True
    begin, end = (clock.from_text(state.installed[name]) for name in ("not_before", "not_after"))
    return now >= end - ((end - begin) / _LAST_PART if within is None else within)


def renew_due(
    within: datetime.timedelta | None, on_step: Callable[[str, str], None]
) -> Iterator[Outcome]:
    """Renew what is due, one board after another, and give the outcome of each.

    *within*: see `is_due`. *on_step* is called with a board and each of its steps, in words. What
    fails for one board keeps none of the others from its turn; and nobody is asked for anything.
    """
    for host in kept.hosts():
        state = None
        try:
            state = kept.load(host)
            if state is None or not is_due(
                state, within, datetime.datetime.now(datetime.timezone.utc)
            ):
                yield Outcome(host, NOT_DUE, state and state.installed)
                continue
            yield _renew(host, state, on_step)
        except Error as error:
            yield Outcome(host, FAILED, state and state.installed, error)


def _renew(host: str, state: Kept, on_step: Callable[[str, str], None]) -> Outcome:
    from .obtain import obtain

    done = obtain(state.plan, Registration(), lambda step: on_step(host, step), asks=False)
    return Outcome(host, RENEWED, done.certificate)
