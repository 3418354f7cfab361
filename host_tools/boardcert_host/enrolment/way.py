"""How a board is reached, which is kept with the plan; and a name to expect in its certificate."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..certificates.fingerprint import KeyPin
from ..targets import parse_host


@dataclass(frozen=True)
class Way:
    """How the board is reached: as the options of `boardcert install` have it.

    *pin*: as `parse_pin` returns it. *usb*: a serial port, instead of the network.
    """

    host: str | None
    name: str | None = None
    pin: KeyPin | None = None
    ca: str | None = None
    token_file: str | None = None
    usb: str | None = None
    timeout_s: float | None = None

    def renamed(self, old: str, new: str, has_new: bool) -> "Way":
        """Return the way to a board that was called *old*. *has_new*: whether its certificate is
        for *new*."""
        name, own = self.name, parse_host(old)[0]
        name = (None if name == own else name) if has_new else name or own
        return replace(self, host=new, name=name)


def way_from(content: dict[str, Any]) -> Way:
    """Return the way that `asdict` has made *content* of. Raises TypeError."""
    return Way(**{**content, "pin": KeyPin(*content["pin"]) if content.get("pin") else None})


def covered_name(names: Iterable[str]) -> str:
    """Return a host name that a certificate for *names* is good for."""
    first = next(iter(names))
    return f"board{first[1:]}" if first.startswith("*.") else first
