"""Look up and update single boards in the inventory: one key is one board.

A board is found by a host, by its key, or by its chip number. A key that another board has, or had,
is refused: anyone who has one of them can read the key of both.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from .. import clock
from ..errors import CHECKED_AND_BAD, Error
from . import facts as facts_of
from . import history, keys
from .tables import boards, certificates, events, hosts, verdicts

Facts = Mapping[str, Any]
_RENAMED = "renamed"


def by_host(connection: sa.Connection, host: str) -> sa.Row[Any] | None:
    """Return the board that is called *host*, None when no board is."""
    query = sa.select(boards).join(hosts).where(hosts.c.host == host)
    return connection.execute(query).one_or_none()


def by_key(connection: sa.Connection, public_key_pin: str) -> sa.Row[Any] | None:
    """Return the board that has this key."""
    query = sa.select(boards).where(boards.c.public_key_pin == public_key_pin)
    return connection.execute(query).one_or_none()


def by_unique_id(connection: sa.Connection, unique_id: str | None) -> sa.Row[Any] | None:
    """Return the board with this chip number."""
    query = sa.select(boards).where(boards.c.unique_id == unique_id)
    return connection.execute(query).one_or_none() if unique_id else None


def hosts_of(connection: sa.Connection, board_id: int) -> list[str]:
    """Return what a board is called, the oldest name first."""
    query = sa.select(hosts.c.host).where(hosts.c.board_id == board_id)
    return list(connection.scalars(query.order_by(hosts.c.id)))


def numbers_of(connection: sa.Connection, names: Collection[str]) -> dict[str, int]:
    """Return the numbers of boards, by what they are called."""
    query = sa.select(hosts.c.host, hosts.c.board_id).where(hosts.c.host.in_(names))
    return {row.host: row.board_id for row in connection.execute(query)}


def title(connection: sa.Connection, board: sa.Row[Any]) -> str:
    """Return what to call a board to a person: a name, and its chip number."""
    names = hosts_of(connection, board.id) or ["a board"]
    return f"{names[0]} (unit {board.unique_id})" if board.unique_id else names[0]


def refuse_twin(connection: sa.Connection, host: str, facts: Facts) -> None:
    """Raise Error when the key in *facts* is, or was, that of another board."""
    key, unique_id = facts["public_key_pin"], facts.get("unique_id")
    owner = by_key(connection, key)
    if owner is None:
        query = sa.select(boards).join(certificates).where(certificates.c.public_key_pin == key)
        owner = connection.execute(query.limit(1)).one_or_none()
        own = by_unique_id(connection, unique_id)
        if owner is None or (own and own.id == owner.id):
            return
    elif not owner.unique_id or not unique_id or owner.unique_id == unique_id:
        return
    called = f"{host} (unit {unique_id})" if unique_id else host
    other = title(connection, owner)
    raise Error(
        f"TWO BOARDS WITH ONE KEY: {called} has the key of {other}, {key}; nothing was changed",
        f"give both a key of their own: boardcert new-key; or, if {other} is gone: "
        f"boardcert forget {hosts_of(connection, owner.id)[0]}",
        CHECKED_AND_BAD,
    )


def refuse_second_key(connection: sa.Connection, facts: Facts) -> None:
    """Raise Error when the chip in *facts* is that of a board which has another key."""
    board = by_unique_id(connection, facts.get("unique_id"))
    if board is None or board.public_key_pin == facts["public_key_pin"]:
        return
    raise Error(
        f"{title(connection, board)} has another key than the one that is known of it: it shows "
        f"{facts['public_key_pin']}, known is {board.public_key_pin}",
        f"if it was erased, or has a new key: boardcert forget {hosts_of(connection, board.id)[0]}",
        CHECKED_AND_BAD,
    )


def add_host(
    connection: sa.Connection,
    host: str,
    board_id: int,
    port: int | None,
    address: str | None,
    first_seen: datetime.datetime | None = None,
) -> None:
    """Add the name *host* to a board."""
    values = {"host": host, "board_id": board_id, "port": port, "address": address}
    connection.execute(sa.insert(hosts).values(first_seen=first_seen or clock.now(), **values))


def add_board(
    connection: sa.Connection, facts: Facts, first_seen: datetime.datetime | None = None
) -> int:
    """Add a board that nobody has; return its number."""
    now = clock.now()
    values = {"public_key_pin": facts["public_key_pin"], "first_seen": first_seen or now}
    values |= {"last_seen": first_seen or now} | facts_of.of_board(facts)
    added = sa.insert(boards).values(values).returning(boards.c.id)
    board_id = connection.execute(added).scalar_one()
    history.note_certificate(connection, board_id, facts, first_seen or now)
    keys.note(connection, values.get("unique_id"), facts, first_seen or now)
    return board_id


def meet(connection: sa.Connection, host: str, facts: Facts) -> int:
    """Return the number of the board in *facts*, a new one or one that is known by its key.

    *host*: what it is called, for the Error when key or chip are those of another board.
    """
    refuse_twin(connection, host, facts)
    refuse_second_key(connection, facts)
    board = by_key(connection, facts["public_key_pin"])
    if board is None:
        return add_board(connection, facts)
    _update(connection, board, facts)
    return int(board.id)


def refresh(connection: sa.Connection, board: sa.Row[Any], facts: Facts) -> None:
    """Record new facts about a board, and when it was seen. Error for another board's facts."""
    refuse_twin(connection, hosts_of(connection, board.id)[0], facts)
    refuse_second_key(connection, facts)
    _update(connection, board, facts)


def _update(connection: sa.Connection, board: sa.Row[Any], facts: Facts) -> None:
    values = facts_of.of_board(facts) | {"last_seen": clock.now()}
    values["public_key_pin"] = facts["public_key_pin"]
    connection.execute(sa.update(boards).where(boards.c.id == board.id).values(values))
    history.note_certificate(connection, board.id, facts, clock.now())
    unit = facts_of.text(facts.get("unique_id")) or board.unique_id
    keys.note(connection, unit, facts, clock.now())


def set_unique_id(connection: sa.Connection, board_id: int, unique_id: str) -> None:
    """Record a board's chip number, which no other board has."""
    mine, unit = boards.c.id == board_id, facts_of.text(unique_id)
    noted = sa.update(boards).where(mine).values(unique_id=unit).returning(boards.c.public_key_pin)
    pin = connection.execute(noted).scalar_one()
    keys.note(connection, unit, {"public_key_pin": pin}, clock.now())


def place_host(connection: sa.Connection, host: str, port: int | None, address: str | None) -> None:
    """Record where a host is, as far as that is known; a new address is an event."""
    row = connection.execute(sa.select(hosts).where(hosts.c.host == host)).one()
    values = {"port": port or row.port, "address": address or row.address}
    if values == {"port": row.port, "address": row.address}:
        return
    connection.execute(sa.update(hosts).where(hosts.c.host == host).values(values))
    if row.address and values["address"] != row.address:
        detail = f"{row.address} before, {address} now"
        history.note(connection, "moved", host, detail, row.board_id)


def set_key(connection: sa.Connection, board: sa.Row[Any], facts: Facts, why: str) -> None:
    """Give a board another key, which it has itself reported. *why*: for its history.

    What was known by the new key alone, without a chip number, is the same board.
    """
    names = hosts_of(connection, board.id)
    refuse_twin(connection, names[0], facts)
    same = by_key(connection, facts["public_key_pin"])
    if same and same.id != board.id:
        for table in (hosts, events, verdicts):
            moved = sa.update(table).where(table.c.board_id == same.id)
            connection.execute(moved.values(board_id=board.id))
        connection.execute(sa.delete(boards).where(boards.c.id == same.id))
    detail = f"{board.public_key_pin} before, {facts['public_key_pin']} now; {why}"
    _update(connection, board, facts)
    history.note(connection, "new key", names[0], detail, board.id)


def forget_host(connection: sa.Connection, host: str) -> None:
    """Remove one name of a board, and with its last name the board."""
    (board,) = named(connection, [host])
    if hosts_of(connection, board.id) == [host]:
        forget(connection, board)
        return
    history.note(connection, "forgotten", host, board.public_key_pin, board.id)
    connection.execute(sa.delete(hosts).where(hosts.c.host == host))


def forget(connection: sa.Connection, board: sa.Row[Any]) -> list[str]:
    """Remove a board and all its names; its events stay. Returns the names."""
    names = hosts_of(connection, board.id)
    for name in names:
        history.note(connection, "forgotten", name, board.public_key_pin, board.id)
    connection.execute(sa.delete(boards).where(boards.c.id == board.id))
    return names


def rename(connection: sa.Connection, old: str, new: str, port: int | None = None) -> None:
    """Rename the board called *old* to *new*, which no board is called, and set its port."""
    board = by_host(connection, old)
    values = {"host": new, **({"port": port} if port else {})}
    connection.execute(sa.update(hosts).where(hosts.c.host == old).values(values))
    if new == old:
        return
    for name, detail in ((old, _now(new)), (new, f"{old} before")):
        history.note(connection, _RENAMED, name, detail, board.id if board else None)


def was_renamed(connection: sa.Connection, old: str, new: str, board_id: int) -> bool:
    """Return whether the last event of the name *old* is that this board was renamed to *new*."""
    last = history.last_event(connection, old)
    renaming = (board_id, _RENAMED, facts_of.text(_now(new)))
    return last is not None and (last.board_id, last.what, last.detail) == renaming


def _now(new: str) -> str:
    return f"{new} now"


def is_called(connection: sa.Connection, name: str) -> bool:
    """Return whether a board is called *name*, with a port or without."""
    bracketed = f"[{name}]" if ":" in name else name
    with_port = hosts.c.host.startswith(f"{bracketed}:", autoescape=True)
    query = sa.select(hosts.c.id).where((hosts.c.host == name) | with_port).limit(1)
    return connection.execute(query).first() is not None


def named(connection: sa.Connection, names: Sequence[str]) -> list[sa.Row[Any]]:
    """Return the board of each host in *names*. Raises Error for one that is not known."""
    found = []
    for name in names:
        board = by_host(connection, name)
        if board is None:
            raise Error(f"{name} is not in the inventory", "`boardcert list` prints what is")
        found.append(board)
    return found
