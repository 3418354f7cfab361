"""Record in the inventory what `boardcert verify` found about known boards."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import COULD_NOT_RUN, OK, Error
from ..targets import DEFAULT_PORT, parse_host
from ..trust.location import find
from ..trust.pins import Pin, port_of
from .judging import HostResult
from .reasons import WRONG_NAME, reasons_of

if TYPE_CHECKING:
    from ..inventory.sightings import Seen


def remember(found: Sequence[HostResult], boards: Sequence[Pin], code: int = OK) -> None:
    """Record verdicts, certificates and addresses of those among *found* that are known *boards*.

    Raises Error when that is not possible; its exit code is *code* where that tells of worse.
    """
    known = [(result, pin) for result in found if (pin := pin_of(result, boards))]
    known = [(result, pin) for result, pin in known if not result.error or _is_place(result, pin)]
    if not known:
        return
    from ..inventory.sightings import note_seen

    try:
        note_seen([seen_of(result, pin) for result, pin in known])
    except Error as error:
        error.code = code if code not in (OK, COULD_NOT_RUN) else error.code
        raise


def pin_of(result: HostResult, boards: Sequence[Pin]) -> Pin | None:
    """Return which of *boards* a result is of: by what it was called, or by its proven key."""
    if result.known:
        return result.known
    if result.certificate and result.key_is_known:
        key = result.certificate["public_key_pin"]
        return next((pin for pin in boards if pin.public_key_pin == key), None)
    place = find(str(result.target), boards, result.name)
    return None if place.is_by_address else place.known


def _is_place(result: HostResult, pin: Pin) -> bool:
    """Return whether the board serves where it was asked: a silence elsewhere is not its own."""
    target = result.target
    is_there = target.host in (parse_host(pin.host)[0], pin.address)
    return is_there and target.port == (port_of(pin) or DEFAULT_PORT)


def _verdict(result: HostResult, pin: Pin) -> str:
    """Return the verdict on the board; "" for none: it need not be valid for another name."""
    from ..inventory.history import NOT_VALID, VALID

    is_own = result.name == parse_host(pin.host)[0]
    if not is_own and reasons_of(result) == [WRONG_NAME]:
        return ""
    return VALID if result.ok else NOT_VALID


def seen_of(result: HostResult, pin: Pin) -> "Seen":
    """Return what is to be noted of a known board."""
    from ..inventory.history import UNREACHABLE
    from ..inventory.sightings import Seen

    why = ", ".join(reasons_of(result))
    if result.error:
        return Seen(pin.host, UNREACHABLE, f"{why}: {result.error.message}")
    is_known = result.certificate is not None and result.key_is_known
    return Seen(
        pin.host,
        _verdict(result, pin),
        why,
        result.certificate if is_known else None,
        result.address if is_known and result.known else None,
    )
