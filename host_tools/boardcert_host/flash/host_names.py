"""Host names: one as it is, or a pattern that numbers boards; and no name for two boards.

A pattern is for str.format: 'sensor-{n:03}' is sensor-001 for the first board. What is taken is
known from the pins.
"""

import re
import string
from collections.abc import Collection

from ..errors import CHECKED_AND_BAD, USAGE, Error
from ..targets import in_local
from ..trust import location, pins

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LONGEST = 63
# Decimal, or hexadecimal, filled up with zeros.
_NUMBER_FORMAT = r"(0[1-9])?[dx]?"
_MOST_BOARDS = 100_000
_EXAMPLE = "for example kitchen, or for many boards 'sensor-{n:03}'"


def check_host_name(text: str) -> str:
    """Return a host name, or a pattern, in its one spelling. Raises Error, a usage error.

    What the board would refuse later: labels of letters, digits and hyphens (RFC 1123).
    """
    shown = text
    if is_pattern(text):
        shown = host_name_of(text, _MOST_BOARDS - 1)
    if len(shown) > _LONGEST or not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", shown):
        raise Error(f"not a host name: {shown}", _EXAMPLE, USAGE)
    return text.lower()


def is_pattern(text: str) -> bool:
    """Return whether *text* is to be filled in. Raises Error for a pattern that cannot be."""
    try:
        fields = [field for field in string.Formatter().parse(text) if field[1] is not None]
    except ValueError as error:
        raise Error(f"not a pattern for host names: {text}: {error}", _EXAMPLE, USAGE) from error
    for _, name, form, conversion in fields:
        if name != "n" or conversion or not re.fullmatch(_NUMBER_FORMAT, form or ""):
            raise Error(f"not a pattern for host names: {text}", _EXAMPLE, USAGE)
    if not fields and ("{" in text or "}" in text):
        raise Error(f"not a host name: {text}", _EXAMPLE, USAGE)
    return bool(fields)


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
    mine = {pin.host for pin in pins.load_pins() if pin.unique_id == unique_id}
    for number in range(1, _MOST_BOARDS if mine else 1):
        host_name = host_name_of(pattern, number)
        if in_local(host_name) in mine:
            return number, host_name
    return None


def choose(wanted: str, unique_id: str | None) -> str:
    """Return the host name for a board: *wanted*, or the next one that it stands for."""
    if not is_pattern(wanted):
        return wanted
    before = known_as(wanted, unique_id) if unique_id else None
    return (before or next_free(wanted))[1]


def refuse_duplicate(host_name: str | None, unique_id: str | None) -> None:
    """Raise Error when another board than the one with *unique_id* is known by this name."""
    if not host_name or not unique_id or is_pattern(host_name):
        return
    host = in_local(host_name)
    known = location.find(host, pins.load_pins()).known
    if known and known.unique_id and known.unique_id != unique_id:
        raise Error(
            f"{host} is the board {known.unique_id}, pinned on {known.first_seen[:10]}; "
            f"this one is {unique_id}",
            f"choose another --hostname; or, if that board is gone: boardcert pin forget {host}",
            CHECKED_AND_BAD,
        )
