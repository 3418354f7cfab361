"""The time, its form in text, and the earliest time that a correct clock can show."""

import datetime

# This file was written on that day.
WRITTEN = datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc)


def now() -> datetime.datetime:
    """Return the time, UTC, in whole seconds."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def as_text(time: datetime.datetime) -> str:
    """Return a time as "2026-11-29T05:00:00Z"."""
    utc = time.astimezone(datetime.timezone.utc).replace(microsecond=0)
    return utc.isoformat().replace("+00:00", "Z")


def as_minute(time: datetime.datetime) -> str:
    """Return a time as "2026-11-29 05:00", UTC."""
    return as_text(time)[:16].replace("T", " ")


def from_text(text: str) -> datetime.datetime:
    """Read what `as_text` writes, and other forms of ISO 8601; UTC where no zone is named.

    Raises ValueError.
    """
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)
