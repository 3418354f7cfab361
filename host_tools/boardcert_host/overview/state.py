"""The state of an inventory: counts, ends of certificates, the worst boards, changes."""

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .. import clock
from ..inventory import telling
from ..inventory.history import NOT_VALID, UNREACHABLE, VALID
from ..inventory.tables import boards, hosts, tags, verdicts
from ..inventory.telling import Change

SOON = datetime.timedelta(days=30)
STATES = (NOT_VALID, "ended", "ends soon", UNREACHABLE, "never verified", VALID)
"""What can be the matter with a board, the worst first; `state_column` decides."""
_ENDED, _SOON, _NEVER = STATES[1], STATES[2], STATES[4]
_CHUNK = 500


@dataclass(frozen=True)
class Row:
    """One board. *names*, *address*: what it is called, and where it was; *days*: until its end.

    *reason*: what the last verdict complains of.
    """

    number: int
    state: str
    names: list[str]
    address: str
    days: int | None
    facts: Mapping[str, Any]
    tags: list[str]
    reason: str


@dataclass(frozen=True)
class Overview:
    """An inventory at a glance. *ends*: how many certificates end when, in the order of time.

    *versions*: (what, [(value, boards)]), the most frequent first. *changes*: the newest, of so
    many (*changes_count*) *since* then.
    """

    at: datetime.datetime
    count: int
    states: dict[str, int]
    ends: list[tuple[str, int]]
    versions: list[tuple[str, list[tuple[str, int]]]]
    changes: list[Change]
    changes_count: int
    since: datetime.datetime | None


def look(connection: sa.Connection, since: datetime.datetime | None, most_changes: int) -> Overview:
    """Return the state of the inventory; its size does not depend on the number of boards."""
    now = clock.now()
    state = state_column(now)
    states = dict.fromkeys(STATES, 0)
    query = sa.select(state, sa.func.count()).group_by(state)
    states |= {found: count for found, count in connection.execute(query)}
    changes, count = telling.newest(connection, since, most_changes)
    named = {"package": "boardcert", "firmware": "firmware", "board": "kind"}
    versions = [
        (title, [(value or "not known", n) for value, n in telling.count_of(connection, field)])
        for field, title in named.items()
    ]
    return Overview(
        now, sum(states.values()), states, _ends(connection, now), versions, changes, count, since
    )


def state_column(now: datetime.datetime) -> sa.ColumnElement[str]:
    """Return what is the matter with a board, as SQL: of STATES."""
    return sa.case(
        (boards.c.verdict == NOT_VALID, NOT_VALID),
        (boards.c.not_after < now, _ENDED),
        (boards.c.not_after < now + SOON, _SOON),
        (boards.c.verdict == UNREACHABLE, UNREACHABLE),
        (boards.c.verdict.is_(None), _NEVER),
        else_=VALID,
    )


def worst(connection: sa.Connection, most: int) -> Iterator[list[Row]]:
    """Yield boards in lists, the worst first, at most so many."""
    now = clock.now()
    state = state_column(now)
    rank = sa.case({name: at for at, name in enumerate(STATES)}, value=state)
    query = sa.select(boards, state.label("state"))
    query = query.order_by(rank, boards.c.not_after.asc().nulls_last(), boards.c.id).limit(most)
    found = connection.execute(query.execution_options(yield_per=_CHUNK)).mappings()
    for rows in found.partitions():
        numbers = [row["id"] for row in rows]
        names = _lists(connection, hosts, (hosts.c.host, hosts.c.address), numbers)
        words = _lists(connection, tags, (tags.c.tag,), numbers)
        reasons = _reasons(connection, numbers)
        yield [_row(row, names, words, reasons, now) for row in rows]


def _row(
    row: Mapping[Any, Any],
    names: Mapping[int, Sequence[Any]],
    words: Mapping[int, Sequence[Any]],
    reasons: Mapping[int, str],
    now: datetime.datetime,
) -> Row:
    number = row["id"]
    called = names.get(number, ())
    return Row(
        number=number,
        state=row["state"],
        names=[one.host for one in called] or ["no name"],
        address=next((one.address for one in called if one.address), ""),
        days=(row["not_after"] - now).days if row["not_after"] else None,
        facts={str(name): value for name, value in row.items()},
        tags=sorted(one.tag for one in words.get(number, ())),
        reason=reasons.get(number, ""),
    )


def _lists(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.Column[Any]],
    numbers: Sequence[int],
) -> dict[int, list[Any]]:
    """Return the rows of each board in a table, in the order in which they were added."""
    query = sa.select(table.c.board_id, *columns).where(table.c.board_id.in_(numbers))
    if "id" in table.c:
        query = query.order_by(table.c.id)
    found: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.board_id, []).append(row)
    return found


def _reasons(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Return what the last verdict of each board complains of."""
    last = sa.select(sa.func.max(verdicts.c.id)).where(verdicts.c.board_id.in_(numbers))
    last = last.group_by(verdicts.c.board_id)
    query = sa.select(verdicts.c.board_id, verdicts.c.detail).where(verdicts.c.id.in_(last))
    return {row.board_id: row.detail for row in connection.execute(query)}


def _ends(connection: sa.Connection, now: datetime.datetime) -> list[tuple[str, int]]:
    """Return how many certificates end when: by months for a year, then by years."""
    counts: Counter[tuple[int, str]] = Counter()
    column = boards.c.not_after
    query = sa.select(column).where(column.is_not(None))
    for (end,) in connection.execute(query.execution_options(yield_per=10_000)):
        counts[_period(end, now)] += 1
    return [(title, count) for (_, title), count in sorted(counts.items())]


def _period(end: datetime.datetime, now: datetime.datetime) -> tuple[int, str]:
    """Return where an end stands in the order of time, and what its period is called."""
    months = (end.year - now.year) * 12 + end.month - now.month
    if end < now:
        return -2, "has ended"
    if end < now + SOON:
        return -1, f"within {SOON.days} days"
    if months <= 12:
        return months, f"{end:%B %Y}"
    later = "later in " if end.year == now.year + 1 else ""
    return 12 * (end.year - now.year) + 12, f"{later}{end.year}"
