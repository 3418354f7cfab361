"""The checks of a served certificate against what is known of this very board, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..certificates.fingerprint import KeyPin
from ..trust.location import find
from ..trust.pins import Pin, port_of
from .outcomes import Check


@dataclass(frozen=True)
class Acquaintance:
    """Which known board a server claims to be, or is. *pin*: None for one that nobody knows.

    *how*: what it is known by, when that is not the HOST that was asked for. *was_here*: the board
    that was last at this address, which has another key than the one that answers. *owner*: the
    known board whose key answers in place of its own.
    """

    pin: Pin | None
    how: str = ""
    was_here: Pin | None = None
    owner: Pin | None = None

    def at(self, port: int) -> Pin | None:
        """Return the board's pin, if *port* is its own: not when a tunnel may lead there."""
        return self.pin if self.pin and (not self.how or port_of(self.pin) == port) else None


def recognise(
    host: str, boards: Sequence[Pin], name: str, described: dict[str, Any]
) -> Acquaintance:
    """Return which board of *boards* HOST:PORT is, with the *name* and certificate that it has.

    By what it was called; else by the key that it has proven to hold.
    """
    place = find(host, boards, name)
    key = described["public_key_pin"]
    owner = next((pin for pin in boards if pin.public_key_pin == key), None)
    if place.known and not place.is_by_address:
        return Acquaintance(place.known, owner=owner)
    was_here = place.known
    if was_here and was_here.public_key_pin == key:
        return Acquaintance(was_here, ", at its last address")
    return Acquaintance(owner, ", by its key", was_here)


def comparisons(
    described: dict[str, Any],
    pin: KeyPin | None,
    known: Acquaintance,
    read_report: Callable[[], dict[str, Any]] | None,
) -> list[Check]:
    """Compare a *described* certificate with three things, each of which may be missing.

    *known*: among the known boards. *read_report*: asks the board
    on the cable.
    """
    pinned = ("skip", "no --pin given")
    if pin:
        differs = f"the server has {pin.found_in(described)}, the pin is {pin.value}"
        pinned = ("pass", pin.value) if pin.matches(described) else ("fail", differs)
    return [
        Check("pin", "pin matches", *pinned),
        Check("known", "known board", *_known_outcome(described, known)),
        Check("usb", "same over USB", *_usb_outcome(described, read_report)),
    ]


def _known_outcome(described: dict[str, Any], acquaintance: Acquaintance) -> tuple[str, str]:
    """A board is known by its key; it may have signed another certificate since."""
    known, key = acquaintance.pin, described["public_key_pin"]
    if known is None and acquaintance.was_here:
        other = acquaintance.was_here.host
        hint = f"ask that one by its name: boardcert verify {other}"
        return "warn", f"not {other}, which was last at this address, but another key; {hint}"
    if known is None:
        return "skip", "not pinned: see `boardcert pin add`"
    if key != known.public_key_pin:
        since = f"{known.public_key_pin} since {known.first_seen[:10]}"
        owner = acquaintance.owner
        whose = f"that of {owner.host}, " if owner else ""
        return "fail", f"THE KEY CHANGED: it is {whose}{key}, {known.host} was {since}"
    called = f"{known.host}{acquaintance.how}"
    if described["fingerprint"] != known.fingerprint:
        return "pass", f"{called}, with a new certificate for the same key"
    return "pass", f"{called}, first seen {known.first_seen[:10]}"


def _usb_outcome(
    described: dict[str, Any], read_report: Callable[[], dict[str, Any]] | None
) -> tuple[str, str]:
    if read_report is None:
        return "skip", "no --usb given"
    report = read_report()
    if report["fingerprint"] == described["fingerprint"]:
        return "pass", "the board on the cable has this certificate"
    if report["public_key_pin"] == described["public_key_pin"]:
        return "fail", "the board on the cable has this key, but another certificate: restart it"
    return "fail", f"another key than the board on the cable: {report['public_key_pin']}"
