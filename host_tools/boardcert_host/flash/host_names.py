"""Host names: a fixed one, or a pattern that numbers boards; and never one name for two boards.

A pattern is for str.format: 'sensor-{n:03}' is sensor-001 for the first board. What is taken is
known from the pins, and what is being given, by reservations.
"""

import contextlib
import re
from collections.abc import Callable, Collection, Iterator

from ..errors import CHECKED_AND_BAD, USAGE, Error
from ..patterns import has_fields
from ..targets import in_local
from ..trust import look_up, pins
from .reserved import Reservation, reserve

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_LONGEST = 63
# Decimal, or hexadecimal, filled up with zeros.
_NUMBER_FORMAT = r"(0[1-9])?[dx]?"
_MOST_BOARDS = 100_000
_EXAMPLE = "for example kitchen, or for many boards 'sensor-{n:03}'"


def check_host_name(text: str) -> str:
    """Return a host name, or a pattern, in its one spelling. Raises Error, a usage error.

    What the board would refuse later: labels of letters, digits and hyphens (RFC 1123).
    """
    is_numbered = is_pattern(text)
    longest = host_name_of(text, _MOST_BOARDS - 1) if is_numbered else text
    reason = _flaw(longest)
    # The first label is used in the network (mDNS, DHCP): two boards with the same one would clash.
    if is_numbered and not reason and "{" not in text.partition(".")[0]:
        reason = "the number belongs before the first dot"
    if reason:
        raise Error(f"not a host name: {text}", f"{reason}; {_EXAMPLE}", USAGE)
    return text.lower()


def _flaw(name: str) -> str | None:
    """Return why *name* cannot be a host name, None when it can."""
    labels = name.split(".")
    strange = re.search(r"[^A-Za-z0-9.-]", name)
    if strange:
        return f"{strange[0]!r} is not allowed, only the letters a to z, digits and hyphens"
    if not all(labels):
        return "a part before or after a dot is empty" if name else "it is empty"
    if not all(re.fullmatch(_LABEL, label) for label in labels):
        return "each part begins and ends with a letter or a digit"
    if len(name) > _LONGEST:
        return f"it has {len(name)} characters, at most {_LONGEST} are possible"
    if labels[-1].isdecimal() and len(labels) > 1:
        return "this looks like an address"
    return None


def is_pattern(text: str) -> bool:
    """Return whether *text* is to be filled in. Raises Error for a pattern that cannot be."""
    try:
        return has_fields(text, {"n": _NUMBER_FORMAT})
    except ValueError as error:
        raise Error(f"not a pattern for host names: {text}: {error}", _EXAMPLE, USAGE) from error


def host_name_of(pattern: str, number: int) -> str:
    """Return the host name of board *number*."""
    return pattern.format(n=number)


def next_free(pattern: str, taken: Collection[str] = ()) -> tuple[int, str]:
    """Return the lowest number, and its host name, that no known board has, nor one of *taken*."""
    used = {pin.host for pin in pins.load_pins()} | set(map(in_local, taken))
    for number in range(1, _MOST_BOARDS):
        host_name = host_name_of(pattern, number)
        if in_local(host_name) not in used:
            return number, host_name
    raise Error(f"all names of {pattern} are taken", "choose another pattern", USAGE)


def known_as(pattern: str, unique_id: str) -> tuple[int, str] | None:
    """Return number and host name of a known board by this *pattern*, None for others."""
    mine = {pin.host for pin in look_up.of_unit(unique_id)}
    for number in range(1, _MOST_BOARDS if mine else 1):
        host_name = host_name_of(pattern, number)
        if in_local(host_name) in mine:
            return number, host_name
    return None


def reserve_next(
    pattern: str, taken: Callable[[], Collection[str]] = tuple
) -> tuple[int, str, Reservation]:
    """Reserve what `next_free` returns, for boards that are flashed at the same time.

    *taken* returns the names that are taken by now.
    """
    tried: set[str] = set()
    while True:
        number, host_name = next_free(pattern, tried.union(taken()))
        reservation = reserve(host_name)
        # Until it was reserved, another program may have given it to a board, and ended.
        if reservation and next_free(pattern, tried.union(taken()))[0] == number:
            return number, host_name, reservation
        if reservation:
            reservation.close()
        tried.add(host_name)


def reserve_known(host_name: str) -> Reservation | None:
    """Reserve the name that a board has had; None where another board is being given it.

    A pinned one needs no reservation: no other board is given it.
    """
    if any(pin.host == in_local(host_name) for pin in pins.load_pins()):
        return Reservation()
    return reserve(host_name)


@contextlib.contextmanager
def chosen(wanted: str | None, unique_id: str | None) -> Iterator[str | None]:
    """Yield the host name for a board: *wanted*, or the next one that it stands for.

    Nobody else gets that until the end, when the board is known by it, or has failed.
    """
    if not wanted or not is_pattern(wanted):
        yield wanted
    elif unique_id and (before := known_as(wanted, unique_id)):
        yield before[1]
    else:
        _, host_name, reservation = reserve_next(wanted)
        with reservation:
            yield host_name


def refuse_duplicate(host_name: str | None, unique_id: str | None) -> None:
    """Raise Error when another board than the one with *unique_id* is known by this name."""
    if not host_name or not unique_id or is_pattern(host_name):
        return
    host = in_local(host_name)
    known = look_up.place_of(host).known
    if known and known.unique_id and known.unique_id != unique_id:
        raise Error(
            f"{host} is the board {known.unique_id}, pinned on {known.first_seen[:10]}; "
            f"this one is {unique_id}",
            f"choose another --hostname; or, if that board is gone: boardcert pin forget {host}",
            CHECKED_AND_BAD,
        )
