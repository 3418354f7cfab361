"""The checks of a served certificate against what is known of this very board, and why."""

from collections.abc import Callable
from typing import Any

from ..certificates.fingerprint import matches
from ..trust.pins import Pin
from .checks import Check


def comparisons(
    described: dict[str, Any],
    pin: tuple[str, str] | None,
    known: Pin | None,
    read_report: Callable[[], dict[str, Any]] | None,
) -> list[Check]:
    """Compare a *described* certificate with three things, each of which may be missing.

    *pin*: as `parse_pin` returns it. *known*: from the file of known boards. *read_report*: asks
    the board on the cable.
    """
    pinned = ("skip", "no --pin given")
    if pin:
        kind, wanted = pin
        differs = f"the server has {described[kind]}, the pin is {wanted}"
        pinned = ("pass", wanted) if matches(described, pin) else ("fail", differs)
    return [
        Check("pin", "pin matches", *pinned),
        Check("known", "known board", *_known_outcome(described, known)),
        Check("usb", "same over USB", *_usb_outcome(described, read_report)),
    ]


def _known_outcome(described: dict[str, Any], known: Pin | None) -> tuple[str, str]:
    """A board is known by its key; it may have signed another certificate since."""
    if known is None:
        return "skip", "not pinned: see `boardcert pin add`"
    key = described["public_key_pin"]
    if key != known.public_key_pin:
        since = f"{known.public_key_pin} since {known.first_seen[:10]}"
        return "fail", f"THE KEY CHANGED: it is {key}, {known.host} was {since}"
    if described["fingerprint"] != known.fingerprint:
        return "pass", f"{known.host}, with a new certificate for the same key"
    return "pass", f"{known.host}, first seen {known.first_seen[:10]}"


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
