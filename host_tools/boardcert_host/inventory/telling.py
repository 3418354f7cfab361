"""What happened to boards, in words: events, certificates and verdicts."""

import datetime
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .tables import boards, certificates, events, hosts, verdicts

REPORTED = "report made"
"""What an event is called that is of no board: see `note_report`."""


@dataclass(frozen=True)
class Change:
    """Something that happened. *host*: what the board is called; *words*: what, for a person."""

    at: datetime.datetime
    host: str
    words: str


def of_event(row: Mapping[str, Any]) -> str:
    """Return the words of an event."""
    detail = f": {row['detail']}" if row["detail"] else ""
    return f"{row['what']} by {row['who']}{detail}"


def of_certificate(row: Mapping[str, Any]) -> str:
    """Return the words of a certificate. *row*: with its end as text, or as a time."""
    until = f", valid until {str(row['not_after'])[:10]}" if row["not_after"] else ""
    return f"certificate {row['fingerprint']}{until}"


def of_verdict(row: Mapping[str, Any]) -> str:
    """Return the words of a verdict that stayed for a while."""
    detail = f": {row['detail']}" if row["detail"] else ""
    until = str(row["last_at"])[:10]
    times = f" ({row['times']} times until {until})" if row["times"] > 1 else ""
    return f"{row['verdict']}{times}{detail}"


def newest(
    connection: sa.Connection, since: datetime.datetime | None, most: int
) -> tuple[list[Change], int]:
    """Return the newest changes, at most so many, and how many there are since then.

    *since*: None for all that is known.
    """
    lines, count = [], 0
    for when, query, words in _sources(since):
        count += connection.execute(
            sa.select(sa.func.count()).select_from(query.subquery())
        ).scalar_one()
        found = connection.execute(query.order_by(when.desc()).limit(most)).mappings()
        lines += [_change(row, words) for row in found]
    return heapq.nlargest(most, lines, key=lambda one: one.at), count


def of_boards(
    connection: sa.Connection, numbers: Sequence[int], most: int
) -> dict[int, tuple[list[Change], int]]:
    """Return of each board its newest changes, at most so many, and how many there are."""
    found: dict[int, list[Change]] = {number: [] for number in numbers}
    for _, query, words in _sources(None):
        mine = query.where(query.selected_columns.board_id.in_(numbers))
        for row in connection.execute(mine).mappings():
            found[row["board_id"]].append(_change(row, words))
    return {
        number: (heapq.nlargest(most, lines, key=lambda one: one.at), len(lines))
        for number, lines in found.items()
    }


def _change(row: Mapping[Any, Any], words: Any) -> Change:
    return Change(row["at"], row["host"] or "", words(row))


def _sources(since: datetime.datetime | None) -> Iterable[tuple[Any, Any, Any]]:
    """Yield the column of the time, the query, and the words of each kind of change."""
    name = sa.select(hosts.c.host).where(hosts.c.board_id == certificates.c.board_id)
    name = name.order_by(hosts.c.id).limit(1).scalar_subquery()
    for table, when, host, words in (
        (events, events.c.at, events.c.host, of_event),
        (certificates, certificates.c.first_seen, name, of_certificate),
        (verdicts, verdicts.c.first_at, verdicts.c.host, of_verdict),
    ):
        columns = [column for column in table.c if column.name not in ("at", "host", "id")]
        query = sa.select(*columns, when.label("at"), host.label("host"))
        if since:
            query = query.where(when >= since)
        if table is events:
            query = query.where(events.c.what != REPORTED)
        yield when, query, words


def last_report(connection: sa.Connection, who: str) -> datetime.datetime | None:
    """Return when *who* made the last report, None before the first."""
    mine = (events.c.what == REPORTED) & (events.c.who == who)
    return connection.execute(sa.select(sa.func.max(events.c.at)).where(mine)).scalar_one()


def count_of(connection: sa.Connection, field: str) -> list[tuple[str | None, int]]:
    """Return how many boards have which value of a column, the most frequent first."""
    column = boards.c[field]
    query = sa.select(column, sa.func.count()).group_by(column)
    found = connection.execute(query.order_by(sa.func.count().desc(), column))
    return [(value, count) for value, count in found]
