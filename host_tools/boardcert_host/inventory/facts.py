"""What is stored of the facts that boards, certificates and people state: text, times, ports.

A board's report may hold anything; the database takes neither NUL nor half of a surrogate pair.
"""

import datetime
import getpass
import socket
from collections.abc import Mapping
from typing import Any

from .. import clock

_LONGEST = 500
# Columns of a board, and what reports call them.
_OF_REPORT = {
    "unique_id": "unique_id",
    "board": "board",
    "firmware": "firmware",
    "package": "version",
    "source": "source",
}


def text(value: object, longest: int = _LONGEST) -> str | None:
    """Return *value* if it is a text, cut to a length, and without what cannot be kept."""
    if not isinstance(value, str) or not value:
        return None
    return value[:longest].replace("\0", "").encode("utf-8", "replace").decode()


def time(value: object) -> datetime.datetime | None:
    """Return a time that was written as text; None for any other value."""
    try:
        return clock.from_text(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def of_board(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a board that *facts* fill, of a report or of a certificate."""
    found: dict[str, Any] = {name: text(facts.get(key)) for name, key in _OF_REPORT.items()}
    found["fingerprint"] = text(facts.get("fingerprint"))
    found["not_after"] = time(facts.get("not_after"))
    return {name: value for name, value in found.items() if value is not None}


def of_certificate(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a certificate that *facts* fill."""
    found: dict[str, Any] = {
        name: text(facts.get(name)) for name in ("public_key_pin", "fingerprint")
    }
    found |= {name: text(facts.get(name)) for name in ("source", "issuer", "serial_number")}
    found |= {name: time(facts.get(name)) for name in ("not_before", "not_after")}
    return {name: value for name, value in found.items() if value is not None}


def who() -> str:
    """Return who works here: user@computer."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # A container's user that has no name.
        user = "unknown"
    return text(f"{user}@{socket.gethostname()}") or "unknown"
