"""Times as options of commands name them."""

import datetime
import re
from collections.abc import Callable

from .. import clock
from ..errors import USAGE, Error

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def add_changed_since(add: Callable[..., object]) -> None:
    """Add --changed-since by *add*, an `add_argument` of a command that chooses boards."""
    help = "boards that became known, or whose verdict, its reason, certificate, key or address "
    help += "has changed, since a date (2026-11-28, or with a time) or within a time (24h, 7d)"
    add("--changed-since", metavar="WHEN", help=help)


def since(text: str | None) -> datetime.datetime | None:
    """Return the time that WHEN names, None where it is not given. Raises Error, a usage error."""
    if text is None:
        return None
    if re.fullmatch(r"\d+[a-z]", text):
        return clock.now() - duration(text)
    try:
        return clock.from_text(text)
    except ValueError as error:
        hint = "for example 24h, 7d, 2026-11-28 or 2026-11-28T18:00Z"
        raise Error(f"not a time: {text}", hint, USAGE) from error


def duration(text: str) -> datetime.timedelta:
    """Read 30d, 12h or 4w. Raises Error, a usage error."""
    match = re.fullmatch(r"(\d{1,5})([hdw])", text)
    if match is None:
        raise Error(f"not a time: {text}", "for example 30d, 12h or 4w", USAGE)
    return datetime.timedelta(**{_UNITS[match[2]]: int(match[1])})
