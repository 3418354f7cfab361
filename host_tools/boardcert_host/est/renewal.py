"""Renewals of what EST servers have issued: for cron, and for the jobs of workers."""

import datetime
from collections.abc import Callable, Iterator

from ..enrolment.renewals import Obtained, OnStep, Outcome
from ..enrolment.renewals import renew_due as renew_on_shelf
from .kept import SHELF
from .plan import Plan


def renew_due(
    within: datetime.timedelta | None, on_step: Callable[[str, str], None]
) -> Iterator[Outcome]:
    """Renew what is due, and yield each outcome: see `enrolment.renewals.renew_due`."""
    return renew_on_shelf(SHELF, _again, within, on_step)


def _again(plan: Plan, on_step: OnStep) -> Obtained:
    from .obtain import obtain

    return obtain(plan, on_step, asks=False)
