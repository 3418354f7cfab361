"""How a board is reached, which is kept with the plan; and a name to expect in its certificate."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Way:
    """How the board is reached: as the options of `boardcert install` have it.

    *pin*: as `parse_pin` returns it. *usb*: a serial port, instead of the network.
    """

    host: str | None
    name: str | None = None
    pin: tuple[str, str] | None = None
    ca: str | None = None
    token_file: str | None = None
    usb: str | None = None
    timeout_s: float | None = None


def way_from(content: dict[str, Any]) -> Way:
    """Return the way that `asdict` has made *content* of. Raises TypeError."""
    return Way(**{**content, "pin": tuple(content["pin"]) if content.get("pin") else None})


def covered_name(names: Iterable[str]) -> str:
    """Return a host name that a certificate for *names* is good for."""
    first = next(iter(names))
    return f"board{first[1:]}" if first.startswith("*.") else first
