"""A board's own authority, fetched once the board has proven to be the known one."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from ..ca.board_authority import excess
from ..certificates.certificate import parse
from ..certificates.fingerprint import KeyPin
from ..errors import CHECKED_AND_BAD, Error
from ..trust.location import name_for
from ..trust.look_up import did_you_mean, place_of
from .hosts import verify_hosts
from .judging import HostResult, Options
from .known import known_boards
from .of_authority import authority_facts
from .own_ca import own_ca_file

# By which a board is known to be the one that is meant: at least one of them has passed.
_IDENTIFYING = ("known", "pin", "usb")


@dataclass(frozen=True)
class Served:
    """A board's authority, and what the board is called here."""

    host: str
    authority: x509.Certificate


def served_authority(
    text: str,
    *,
    name: str | None = None,
    pin: KeyPin | None = None,
    read_report: Callable[[], dict[str, Any]] | None = None,
    timeout_s: float = 10.0,
) -> Served:
    """Return the authority of the board that the user calls *text*, over TLS. Raises Error.

    The board has proven that it has the key of its pin, of the *pin* that was given, or of the
    report over USB; and all checks of `boardcert verify` have passed.
    """
    place = place_of(text, name)
    target = place.target
    read_report = functools.cache(read_report) if read_report else None  # It restarts the board.
    options = Options(
        name=name,
        pin=pin,
        known_boards=known_boards,
        own_ca=own_ca_file(),
        read_report=read_report,
        timeout_s=timeout_s,
    )
    (result,) = verify_hosts([target], options)
    if result.error:
        raise result.error
    if result.certificate is None or not result.ok:
        raise Error(f"{target} is not valid: {'; '.join(result.failures)}", None, CHECKED_AND_BAD)
    if not any(one.id in _IDENTIFYING and one.status == "pass" for one in result.checks):
        hint = f"boardcert pin add {text}, or give --pin or --usb"
        raise Error(f"{target} is not a known board", did_you_mean(text) or hint, CHECKED_AND_BAD)
    if result.authority is None:
        raise _without(text, result)
    if wide := excess(result.authority, parse(result.certificate_der or b"")):
        raise _too_wide(text, wide)
    if read_report:
        _compare(read_report(), result.authority)
    return Served(name_for(place, text, result.certificate), result.authority)


def _compare(report: dict[str, Any], authority: x509.Certificate) -> None:
    """Raise Error unless the *report* over USB names this authority; an older board names none."""
    named = report.get("authority")
    found = authority_facts(authority)["fingerprint"]
    if isinstance(named, dict) and named.get("fingerprint") != found:
        message = f"the board on the cable has another authority, {named.get('fingerprint')}"
        raise Error(message, "restart it, and try again", CHECKED_AND_BAD)


def _too_wide(text: str, wide: list[str]) -> Error:
    """Return the Error for an authority that may sign for more than its board."""
    reason = f"its authority may sign for {', '.join(wide)}, beyond the names of a board"
    hint = f"remove such names from its setting names, then boardcert new-key {text}"
    return Error(f"{text}: {reason}", hint, CHECKED_AND_BAD)


def _without(text: str, result: HostResult) -> Error:
    """Return the Error for a board without an authority of its own."""
    certificate = result.certificate or {}
    if certificate["issuer"] == certificate["subject"]:
        reason = "it signs for itself alone, and has no authority that could be trusted"
        hint = f"boardcert set {text} chain=authority gives it one"
    else:
        reason = f"its certificate is of {certificate['issuer']}, not of an authority of its own"
        hint = "boardcert ca trust FILE takes the certificate of another CA"
    return Error(f"{result.target}: {reason}", hint, CHECKED_AND_BAD)
