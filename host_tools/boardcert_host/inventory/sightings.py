"""What `verify` found about boards, recorded for many at once by a few statements.

Unchanged facts, nearly all of them each night, are recorded in groups; a new certificate or address
is recorded as for a single board.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from .. import clock
from . import boards, history, store
from . import facts as facts_of
from .tables import boards as table
from .tables import certificates, hosts, keys, verdicts

# Below the limits of databases on values in a statement.
_MOST = 500


@dataclass(frozen=True)
class Seen:
    """What a command found at a known *host*. *verdict*: of history.VERDICTS, or "" for none.

    *facts*: of the certificate, when the board has proven the key by which it is known; then
    *address* is where that was. *detail*: what is wrong. *corrects_since*: it replaces what was
    noted of the board since then, by the same command.
    """

    host: str
    verdict: str
    detail: str = ""
    facts: Mapping[str, Any] | None = None
    address: str | None = None
    corrects_since: datetime.datetime | None = None


def note_seen(found: Sequence[Seen]) -> None:
    """Record what was found about boards, in one transaction; for a host, the last finding."""
    last = _last(found)
    with store.writing() as connection:
        for start in range(0, len(last), _MOST):
            _note(connection, last[start : start + _MOST])


def _last(found: Sequence[Seen]) -> list[Seen]:
    """Return one finding for each host: the last verdict, with the facts that another has."""
    last = {one.host: one for one in found if one.verdict}
    for one in reversed([one for one in found if not one.verdict]):
        kept = last.setdefault(one.host, one)
        if not kept.facts:
            last[one.host] = replace(kept, facts=one.facts, address=one.address)
    return list(last.values())


def _note(connection: sa.Connection, found: Sequence[Seen]) -> None:
    names = hosts.c.host.in_([one.host for one in found])
    columns = (hosts.c.host, hosts.c.address, table)
    query = sa.select(*columns).join_from(hosts, table).where(names)
    rows = {row.host: row for row in connection.execute(query)}
    # Another program may have forgotten some meanwhile.
    known = [(one, rows[one.host]) for one in found if one.host in rows]
    proven = [
        (one.facts, one, board)
        for one, board in known
        if one.facts and one.facts["public_key_pin"] == board.public_key_pin
    ]
    kept = _kept(connection, [board for _, _, board in proven])
    seen_again = []
    for facts, one, board in proven:
        if _identity(facts, board) in kept and facts_of.of_board(facts).items() <= _columns(board):
            seen_again.append(_identity(facts, board)[:2])
        else:
            boards.refresh(connection, board, facts)
        if one.address and one.address != board.address:
            boards.place_host(connection, one.host, None, one.address)
    _note_seen_again(connection, seen_again)
    _note_verdicts(connection, [(one, board) for one, board in known if one.verdict])


def _identity(facts: Mapping[str, Any], board: sa.Row[Any]) -> tuple[int, str, str]:
    return board.id, facts["fingerprint"], board.public_key_pin


def _columns(board: sa.Row[Any]) -> Any:
    return board._mapping.items()


def _kept(connection: sa.Connection, found: Sequence[sa.Row[Any]]) -> set[tuple[int, str, str]]:
    """Return (board, fingerprint, key) of what the inventory has whole: certificate and key."""
    columns = (certificates.c.board_id, certificates.c.fingerprint, certificates.c.public_key_pin)
    unit = sa.func.coalesce(table.c.unique_id, "")
    has_key = (keys.c.public_key_pin == certificates.c.public_key_pin) & (keys.c.unique_id == unit)
    query = sa.select(*columns).join_from(certificates, table).join(keys, has_key)
    mine = certificates.c.board_id.in_([board.id for board in found])
    rows = connection.execute(query.where(mine, keys.c.public_key.is_not(None)))
    return {(number, fingerprint, pin) for number, fingerprint, pin in rows}


def _note_seen_again(connection: sa.Connection, found: Sequence[tuple[int, str]]) -> None:
    """Record when boards and their certificates were seen."""
    if not found:
        return
    now = clock.now()
    mine = table.c.id.in_([number for number, _ in found])
    connection.execute(sa.update(table).where(mine).values(last_seen=now))
    own = certificates.c.board_id == sa.bindparam("board")
    own &= certificates.c.fingerprint == sa.bindparam("shown")
    rows = [{"board": number, "shown": fingerprint} for number, fingerprint in found]
    connection.execute(sa.update(certificates).where(own).values(last_seen=now), rows)


def _note_verdicts(connection: sa.Connection, known: Sequence[tuple[Seen, sa.Row[Any]]]) -> None:
    """Record a verdict for each; the same verdict again extends the existing row."""
    now, again, new = clock.now(), [], []
    for one, board in known:
        if one.corrects_since:
            history.take_back_verdict(connection, board.id, one.host, one.corrects_since)
    last = _last_verdicts(connection, [board.id for _, board in known])
    for one, board in known:
        row, detail = last.get((board.id, one.host)), facts_of.text(one.detail) or ""
        if row and (row.verdict, row.detail) == (one.verdict, detail):
            again.append(row.id)
        else:
            new.append(history.first_verdict(board.id, one.host, one.verdict, detail, now))
    if again:
        longer = {"last_at": now, "times": verdicts.c.times + 1}
        connection.execute(sa.update(verdicts).where(verdicts.c.id.in_(again)).values(longer))
    if new:
        connection.execute(sa.insert(verdicts), new)
    latest = {board.id: one.verdict for one, board in known}
    for verdict in history.VERDICTS:
        mine = table.c.id.in_([number for number, said in latest.items() if said == verdict])
        values = {"verdict": verdict, "verified_at": now}
        connection.execute(sa.update(table).where(mine).values(values))


def _last_verdicts(
    connection: sa.Connection, numbers: Sequence[int]
) -> dict[tuple[int, str], sa.Row[Any]]:
    """Return the last verdict of each board at each of its hosts."""
    newest = sa.select(sa.func.max(verdicts.c.id)).where(verdicts.c.board_id.in_(numbers))
    newest = newest.group_by(verdicts.c.board_id, verdicts.c.host)
    rows = connection.execute(sa.select(verdicts).where(verdicts.c.id.in_(newest)))
    return {(row.board_id, row.host): row for row in rows}
