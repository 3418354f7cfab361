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
    known = [(result, pin) for result, pin in known if _is_about(result, pin)]
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


def _is_about(result: HostResult, pin: Pin) -> bool:
    """Return whether it is a verdict on the board.

    A silence elsewhere is not, nor that the board has no certificate for another name.
    """
    target, name = result.target, parse_host(pin.host)[0]
    if result.error:
        is_there = target.host in (name, pin.address)
        return is_there and target.port == (port_of(pin) or DEFAULT_PORT)
    return result.name == name or reasons_of(result) != [WRONG_NAME]


def seen_of(result: HostResult, pin: Pin) -> "Seen":
    """Return what is to be noted of a known board."""
    from ..inventory.history import NOT_VALID, UNREACHABLE, VALID
    from ..inventory.sightings import Seen

    why = ", ".join(reasons_of(result))
    if result.error:
        return Seen(pin.host, UNREACHABLE, f"{why}: {result.error.message}")
    is_known = result.certificate is not None and result.key_is_known
    return Seen(
        pin.host,
        VALID if result.ok else NOT_VALID,
        why,
        result.certificate if is_known else None,
        result.address if is_known and result.known else None,
    )
