"""The input and the outcome of a check of a certificate."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """The outcome of one check. *detail*: why.

    *status*: "pass"; "fail", when clients refuse it; "warn", when it is against a standard that no
    common client insists on; or "skip".
    """

    id: str
    title: str
    status: str
    detail: str


@dataclass(frozen=True)
class Expected:
    """What a certificate is compared with. *issued*: a CA is expected to have signed it."""

    name: str
    issued: bool
    now: datetime.datetime


Outcome = tuple[str, str]


def passed(detail: str) -> Outcome:
    """Return the outcome of a check that passed."""
    return "pass", detail


def failed(detail: str) -> Outcome:
    """Return the outcome of a check that failed: clients refuse it."""
    return "fail", detail


def warned(detail: str) -> Outcome:
    """Return the outcome of a check that found something against a standard."""
    return "warn", detail


def skipped(detail: str) -> Outcome:
    """Return the outcome of a check that was not made."""
    return "skip", detail
