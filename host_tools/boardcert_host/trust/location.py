"""Resolve a HOST as users write it: one rule of boards, ports and addresses for all commands.

HOST is a name, one in .local without that, an address, or a URL; with a port or without. It is the
board that is pinned so, with this port before without; else, without one, the board that is pinned
with some port; else the one that was last at this address. The port is the one that was named, else
the one that is known of the board, else 443. Where a name is not found, the last address is used.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..targets import DEFAULT_PORT, Target, canonical, in_local, is_address, parse_host
from .pins import Pin, find_pin, port_of


@dataclass(frozen=True)
class Place:
    """A board as a person names it. *target*: where it is. *known*: its pin; None: not known.

    *names*: what pins and key ring may call it. *is_by_address*: it is the board that was last at
    this address, where another may be by now. *pins*: all that HOST may mean.
    """

    target: Target
    names: tuple[str, ...]
    known: Pin | None
    is_by_address: bool
    pins: tuple[Pin, ...]


def find(text: str, boards: Sequence[Pin], name: str | None = None) -> Place:
    """Return the board that the user calls *text*, among *boards* or a new one. Raises Error.

    *name*: of its certificate, where that is not HOST; it may be pinned by that.
    """
    host, named_port = parse_host(text)
    names = names_of(text, name)
    known = find_pin(boards, names)
    found = [known] if known else _with_some_port(boards, names, named_port)
    is_by_address = not found
    found = found or _last_at(boards, host, named_port)
    if len({pin.public_key_pin for pin in found}) == 1:
        known = found[0]
    if known and parse_host(known.host)[0] == in_local(host):
        host = in_local(host)
    ports = {port_of(pin) for pin in found} - {None}
    pinned_port = ports.pop() if len(ports) == 1 else None
    address = known.address if known and not is_address(host) else None
    target = Target(host, named_port or pinned_port or DEFAULT_PORT, address, pinned_port)
    called = dict.fromkeys([*names, *(pin.host for pin in found if known), str(target)])
    return Place(target, tuple(called), known, known is not None and is_by_address, tuple(found))


def names_of(text: str, name: str | None = None) -> list[str]:
    """Return what a HOST may be pinned as, the most likely first. *name*: as for `find`."""
    _, port = parse_host(text)
    found: list[str] = []
    for one in (parse_host(text)[0], name):
        spelled = list(dict.fromkeys([one, in_local(one)])) if one else []
        found += [str(Target(each, port)) for each in spelled if port]
        found += spelled
    return found


def name_for(place: Place, text: str, facts: dict[str, Any]) -> str:
    """Return the name by which to pin the board in *facts*, which the user calls *text*.

    The name that it is pinned by already; else *text*, with the .local that its certificate has.
    """
    if place.known and not place.is_by_address:
        return place.known.host
    host, port = parse_host(text)
    host = in_local(host) if in_local(host) in facts.get("names", ()) else host
    return canonical(str(Target(host, port))) if port else host


def did_you_mean(text: str, boards: Sequence[Pin]) -> str | None:
    """Return a hint with the known boards that are called nearly so; None when none is."""
    by_label = {parse_host(pin.host)[0].removesuffix(".local"): pin.host for pin in boards}
    label = parse_host(text)[0].removesuffix(".local")
    by_label.pop(label, None)  # Known as it was written: that is not what was meant.
    close = [by_label[each] for each in difflib.get_close_matches(label, by_label)]
    return f"did you mean {' or '.join(close)}?" if close else None


def _with_some_port(boards: Sequence[Pin], names: Sequence[str], named: int | None) -> list[Pin]:
    """Return the boards that are pinned with a port under *names*, when no port was *named*."""
    return [] if named else [pin for pin in boards if parse_host(pin.host)[0] in names]


def _last_at(boards: Sequence[Pin], address: str, named: int | None) -> list[Pin]:
    """Return the boards that were last at *address*, with the port that was *named*, if any."""
    here = [pin for pin in boards if pin.address == address]
    return [pin for pin in here if named in (None, port_of(pin))]
