"""Pinned boards: what known_hosts is for SSH, kept in the inventory.

A board is trusted at the first contact, and recognised by its public key from then on. A new
certificate for the same key (renewed, renamed, dated) is the same board; another key is not. One
is replaced only by the board's own word, over a connection that was checked (`follow_key`);
otherwise a person has to forget the old one first.

SQLAlchemy is loaded in functions, and not where there is no inventory yet: it takes a quarter of
a second.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import clock
from ..errors import CHECKED_AND_BAD, Error
from ..inventory.place import is_absent
from ..targets import Target, canonical, parse_host

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True)
class Pin:
    """One known board. *host*: HOST or HOST:PORT, as for `verify`. *first_seen*: UTC.

    *port*: where it serves; *address*: where it was last. None: not known.
    """

    host: str
    unique_id: str | None
    public_key_pin: str
    fingerprint: str
    first_seen: str
    port: int | None = None
    address: str | None = None


def load_pins() -> list[Pin]:
    """Return all known hosts, sorted. A damaged inventory is an Error, never an empty list."""
    if is_absent():
        return []
    from ..inventory import store
    from ..inventory.tables import hosts

    with store.reading() as connection:
        return [as_pin(row) for row in connection.execute(pin_query().order_by(hosts.c.host))]


def find_pin(pins: Sequence[Pin], names: Sequence[str]) -> Pin | None:
    """Return what is known of the first of *names*, say HOST:PORT, HOST, that is known at all."""
    by_host = {pin.host: pin for pin in pins}
    spelled = [canonical(name) for name in names]
    return next((by_host[name] for name in spelled if name in by_host), None)


def port_of(pin: Pin) -> int | None:
    """Return the port where a board serves, None when that is not known."""
    return parse_host(pin.host)[1] or pin.port


def add_pin(
    host: str,
    facts: Mapping[str, Any],
    port: int | None = None,
    address: str | None = None,
    is_own_port: bool = False,
) -> tuple[Pin, bool]:
    """Pin a board by *facts*: public_key_pin, fingerprint and, from a report, unique_id and more.

    *port*, *address*: where it serves; a port in *host* comes first. *is_own_port*: *port* is only
    what the board says of itself, so that a known port of this computer, forwarded to it, is kept.
    Returns the pin, and whether it is new. The same key under a new certificate refreshes what is
    known of the board and of the place. Another key, or one that another unit has, raises Error and
    changes nothing.
    """
    from ..inventory import boards, history, store

    host = canonical(host)
    port = parse_host(host)[1] or port
    with store.writing() as connection:
        known = _pin_of(connection, host)
        if known and known.public_key_pin != facts["public_key_pin"]:
            raise changed_key(known, facts["public_key_pin"])
        board_id = boards.meet(connection, host, facts)
        if known:
            is_forwarded = is_own_port and known.port and _is_loopback(known.address)
            boards.place_host(connection, host, None if is_forwarded else port, address)
        else:
            boards.add_host(connection, host, board_id, port, address)
            history.note(connection, "pinned", host, facts["public_key_pin"], board_id)
        return _found(connection, host), known is None


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def refresh(facts: Mapping[str, Any]) -> None:
    """Record the certificate in *facts*, the newest for its key, if that key is known."""
    if is_absent():
        return
    from ..inventory import boards, store

    with store.writing() as connection:
        board = boards.by_key(connection, facts["public_key_pin"])
        if board:
            boards.refresh(connection, board, facts)


def forget_pin(host: str) -> Pin:
    """Remove one name of a board, and with its last name the board; return what was known."""
    from ..inventory import boards, store

    host = canonical(host)
    if is_absent():
        raise not_pinned(host)
    with store.writing(is_repair=True) as connection:
        pin = _pin_of(connection, host)
        if pin is None:
            raise not_pinned(host)
        boards.forget_host(connection, host)
        return pin


def rename(old: str, new: str, facts: Mapping[str, Any]) -> bool:
    """Rename the pins of *old* to *new*, if they are of the board in *facts*.

    Pins with a port as well. Returns False, and changes nothing, if none has its key and chip, or
    *new* is pinned already.
    """
    if is_absent():
        return False
    from ..inventory import boards, store

    old, new = old.lower(), canonical(new)  # An old name may be one that nothing else took.
    with store.writing() as connection:
        board = _same_board(connection, facts)
        if board is None or boards.is_called(connection, new):
            return False
        mine = [(host, parse_host(host)) for host in boards.hosts_of(connection, board.id)]
        moved = [(host, port) for host, (name, port) in mine if name == old]
        for host, port in moved:
            boards.rename(connection, host, str(Target(new, port)) if port else new)
    return bool(moved)


def follow_port(facts: Mapping[str, Any], old: int, new: int) -> None:
    """Record that the board in *facts* now serves its page on port *new*, not on *old*."""
    if is_absent():
        return
    from ..inventory import boards, store

    with store.writing() as connection:
        board = _same_board(connection, facts)
        for host in boards.hosts_of(connection, board.id) if board else []:
            name, port = parse_host(host)
            moved = str(Target(name, new)) if port else host
            is_free = moved == host or boards.by_host(connection, moved) is None
            if port_of(_found(connection, host)) == old and is_free:
                boards.rename(connection, host, moved, new)


def follow_key(names: Sequence[str], old: str, facts: Mapping[str, Any]) -> list[Pin]:
    """Replace the key *old* of a board by that of *facts*, which the board itself reported.

    For a change that we ordered over a connection that was checked: of the board that is called by
    one of *names*, or has the unique_id. Returns its pins as they are now.
    """
    if is_absent():
        return []
    from ..inventory import boards, store

    spelled = {canonical(name) for name in names}
    with store.writing() as connection:
        board = boards.by_key(connection, old)
        if board is None:
            return []
        mine = boards.hosts_of(connection, board.id)
        is_same = board.unique_id is not None and board.unique_id == facts.get("unique_id")
        if not is_same and not spelled & set(mine):
            return []
        boards.set_key(connection, board, facts, "ordered from here")
        return [_found(connection, host) for host in mine]


def not_pinned(host: str, hint: str | None = None) -> Error:
    """Return the Error for a *host* that is not known. *hint*: what may have been meant."""
    return Error(f"{host} is not pinned", hint or "`boardcert list` prints those that are")


def changed_key(known: Pin, found: str) -> Error:
    """Return the Error for a board that shows another key than the pinned one."""
    return Error(
        f"{known.host} has another key than the one pinned on {known.first_seen[:10]}: "
        f"it shows {found}, pinned is {known.public_key_pin}",
        "another board answers, or this one was erased; if that is expected: "
        f"boardcert pin forget {known.host}",
        CHECKED_AND_BAD,
    )


def _same_board(connection: "sa.Connection", facts: Mapping[str, Any]) -> "sa.Row[Any] | None":
    """Return the board in *facts*: of its key, and of its chip where that is known."""
    from ..inventory import boards

    board = boards.by_key(connection, facts["public_key_pin"])
    is_same_chip = board and board.unique_id in (None, facts.get("unique_id"))
    return board if is_same_chip else None


def pin_query() -> Any:
    """Return the query for pins: its columns are the fields of Pin, in their order."""
    import sqlalchemy as sa

    from ..inventory.tables import boards, hosts

    of_board = (boards.c.unique_id, boards.c.public_key_pin, boards.c.fingerprint)
    columns = (hosts.c.host, *of_board, hosts.c.first_seen, hosts.c.port, hosts.c.address)
    return sa.select(*columns).join_from(hosts, boards)


def as_pin(row: Sequence[Any]) -> Pin:
    host, unique_id, public_key_pin, fingerprint, first_seen, port, address = row
    date = clock.as_text(first_seen)
    return Pin(host, unique_id, public_key_pin, fingerprint, date, port, address)


def _pin_of(connection: "sa.Connection", host: str) -> Pin | None:
    from ..inventory.tables import hosts

    row = connection.execute(pin_query().where(hosts.c.host == host)).one_or_none()
    return as_pin(row) if row else None


def _found(connection: "sa.Connection", host: str) -> Pin:
    pin = _pin_of(connection, host)
    if pin is None:
        raise not_pinned(host)
    return pin
