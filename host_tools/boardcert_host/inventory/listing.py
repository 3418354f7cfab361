"""What `boardcert list` prints: boards that match, in an order, each with its hosts and tags."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .. import clock
from ..targets import in_local
from .history import as_data
from .tables import boards, certificates, events, hosts, tags, verdicts

# What may be compared with --where: columns of boards.
TEXT_FIELDS = ("unique_id", "serial_number", "board", "firmware", "package", "source", "verdict")
TEXT_FIELDS += ("provisioned_by", "public_key_pin", "fingerprint", "notes")
TIME_FIELDS = ("not_after", "first_seen", "last_seen", "verified_at", "provisioned_at")
SORT_FIELDS = ("host", "address", *TEXT_FIELDS[:-1], *TIME_FIELDS)
_ESCAPE = "!"
_CHUNK = 500


@dataclass(frozen=True)
class Wanted:
    """Which boards, and in what order.

    *patterns*: of hosts, addresses, chip or serial numbers, with * and ?, one of which must match;
    *where*: (field, pattern), all of which must; *tags*: all of them; *ends_before*: the
    certificate's end; *unseen_since*: not seen since then; *changed_since*: since then another
    verdict, reason, certificate, key or address was noted than before, or the first one.
    """

    patterns: Sequence[str] = ()
    where: Sequence[tuple[str, str]] = ()
    tags: Sequence[str] = ()
    ends_before: datetime.datetime | None = None
    unseen_since: datetime.datetime | None = None
    changed_since: datetime.datetime | None = None
    sort: str = "host"
    is_reversed: bool = False


def find(connection: sa.Connection, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Yield each board as JSON-able data: columns, "hosts" and "tags"."""
    found = connection.execute(_query(wanted)).mappings()
    for rows in found.partitions(_CHUNK):
        numbers = [row["id"] for row in rows]
        names, words = _hosts_of(connection, numbers), _tags_of(connection, numbers)
        for row in rows:
            more = {"hosts": names.get(row["id"], []), "tags": words.get(row["id"], [])}
            yield as_data(row) | more


def count(connection: sa.Connection, wanted: Wanted) -> int:
    """Return how many boards there are."""
    query = sa.select(sa.func.count()).select_from(boards).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def numbers_after(connection: sa.Connection, wanted: Wanted, last: int, most: int) -> list[int]:
    """Return the numbers of the next boards after number *last*, in their order, whatever sort."""
    query = sa.select(boards.c.id).where(boards.c.id > last, *_conditions(wanted))
    return list(connection.scalars(query.order_by(boards.c.id).limit(most)))


def _query(wanted: Wanted) -> sa.Select[Any]:
    key = _sort_key(wanted.sort)
    order = key.desc().nulls_last() if wanted.is_reversed else key.asc().nulls_last()
    return sa.select(boards).where(*_conditions(wanted)).order_by(order, boards.c.id)


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    conditions = [_like(boards.c[field], pattern) for field, pattern in wanted.where]
    if wanted.patterns:
        conditions.append(sa.or_(*map(_is_called, wanted.patterns)))
    for tag in wanted.tags:
        conditions.append(boards.c.id.in_(sa.select(tags.c.board_id).where(tags.c.tag == tag)))
    if wanted.ends_before:
        conditions.append(boards.c.not_after < wanted.ends_before)
    if wanted.unseen_since:
        conditions.append(boards.c.last_seen < wanted.unseen_since)
    if wanted.changed_since:
        conditions.append(_has_changed(wanted.changed_since))
    return conditions


def _has_changed(since: datetime.datetime) -> sa.ColumnElement[bool]:
    changes = (verdicts.c.first_at, certificates.c.first_seen, events.c.at)
    found = [
        sa.exists().where(time.table.c.board_id == boards.c.id, time >= since) for time in changes
    ]
    return sa.or_(*found)


def _sort_key(field: str) -> sa.ColumnElement[Any]:
    if field not in ("host", "address"):
        return boards.c[field]
    least = sa.select(sa.func.min(hosts.c[field])).where(hosts.c.board_id == boards.c.id)
    return least.scalar_subquery()


def _is_called(pattern: str) -> sa.ColumnElement[bool]:
    lower = pattern.lower()
    host = _like(hosts.c.host, lower) | _like(hosts.c.address, lower)
    host |= hosts.c.host == in_local(lower)
    mine = boards.c.id.in_(sa.select(hosts.c.board_id).where(host))
    return mine | _like(boards.c.unique_id, lower) | _like(boards.c.serial_number, pattern)


def _like(column: sa.ColumnElement[Any], pattern: str) -> sa.ColumnElement[bool]:
    """Compare with a pattern of a shell, which has * and ?; without them, as it is."""
    if not set(pattern) & set("*?"):
        return column == pattern
    for character in (_ESCAPE, "%", "_"):
        pattern = pattern.replace(character, _ESCAPE + character)
    like = pattern.replace("*", "%").replace("?", "_")
    return column.like(like, escape=_ESCAPE)


def _hosts_of(connection: sa.Connection, numbers: list[int]) -> dict[int, list[dict[str, Any]]]:
    query = sa.select(hosts).where(hosts.c.board_id.in_(numbers)).order_by(hosts.c.id)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["board_id"], []).append(as_data(row))
    return found


def _tags_of(connection: sa.Connection, numbers: list[int]) -> dict[int, list[str]]:
    query = sa.select(tags).where(tags.c.board_id.in_(numbers)).order_by(tags.c.tag)
    found: dict[int, list[str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.board_id, []).append(row.tag)
    return found


def days_left(not_after: str | None) -> int | None:
    """Return in how many days a certificate ends; negative when it has ended."""
    return (clock.from_text(not_after) - clock.now()).days if not_after else None
