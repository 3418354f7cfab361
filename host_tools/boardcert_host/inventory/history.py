"""The history of boards: events, certificates and verdicts, with a row for each change."""

import datetime
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from .. import clock
from . import facts as facts_of
from .tables import certificates, events, verdicts

VALID, NOT_VALID, UNREACHABLE = "valid", "not valid", "unreachable"
VERDICTS = (VALID, NOT_VALID, UNREACHABLE)


def note(
    connection: sa.Connection,
    what: str,
    host: str,
    detail: str = "",
    board_id: int | None = None,
    at: datetime.datetime | None = None,
) -> None:
    """Record an event, with who did it and when (*at*, or now)."""
    values = {"board_id": board_id, "host": host, "what": what, "who": facts_of.who()}
    values |= {"detail": facts_of.text(detail) or "", "at": at or clock.now()}
    connection.execute(sa.insert(events).values(values))


def note_certificate(
    connection: sa.Connection, board_id: int, facts: Mapping[str, Any], seen: datetime.datetime
) -> None:
    """Record the certificate in *facts*, or that it was seen again."""
    values = facts_of.of_certificate(facts)
    if not {"fingerprint", "public_key_pin"} <= values.keys():
        return
    own = certificates.c.board_id == board_id
    for name in ("fingerprint", "public_key_pin"):
        own &= certificates.c[name] == values[name]
    seen_again = sa.update(certificates).where(own).values(values | {"last_seen": seen})
    if connection.execute(seen_again).rowcount == 0:
        values |= {"board_id": board_id, "first_seen": seen, "last_seen": seen}
        connection.execute(sa.insert(certificates).values(values))


def first_verdict(
    board_id: int, host: str, verdict: str, detail: str, now: datetime.datetime
) -> dict[str, Any]:
    """Return the row for a verdict that is another than the one before."""
    row = {"board_id": board_id, "host": host, "verdict": verdict, "detail": detail}
    return row | {"first_at": now, "last_at": now, "times": 1}


def take_back_verdict(
    connection: sa.Connection, board_id: int, host: str, since: datetime.datetime
) -> None:
    """Remove the last verdict at *host* if it is new *since* then: a better one is to follow."""
    own = (verdicts.c.board_id == board_id) & (verdicts.c.host == host)
    last = sa.select(sa.func.max(verdicts.c.id)).where(own).scalar_subquery()
    is_new = (verdicts.c.id == last) & (verdicts.c.first_at >= since) & (verdicts.c.times == 1)
    connection.execute(sa.delete(verdicts).where(is_new))


def last_event(connection: sa.Connection, host: str) -> sa.Row[Any] | None:
    """Return the last event of what is, or was, called *host*; imported ones may be older."""
    query = sa.select(events).where(events.c.host == host)
    newest = query.order_by(events.c.at.desc(), events.c.id.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def of_host(connection: sa.Connection, host: str, board_id: int | None) -> dict[str, list[Any]]:
    """Return events, certificates and verdicts of a board, the oldest first.

    Events also of what was called *host* before, and was forgotten.
    """
    mine = events.c.host == host
    if board_id is not None:
        mine |= events.c.board_id == board_id
    return {
        "events": _rows(connection, events, mine, events.c.id),
        "certificates": _rows(
            connection,
            certificates,
            certificates.c.board_id == board_id,
            certificates.c.first_seen,
        ),
        "verdicts": _rows(connection, verdicts, verdicts.c.board_id == board_id, verdicts.c.id),
    }


def _rows(
    connection: sa.Connection, table: sa.Table, where: Any, order: sa.Column[Any]
) -> list[dict[str, Any]]:
    """Return the rows as JSON-able data, without numbers of the database's own."""
    found = connection.execute(sa.select(table).where(where).order_by(order)).mappings()
    return [as_data(row) for row in found]


def as_data(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row as JSON-able data, without numbers of the database's own."""
    return {
        str(name): clock.as_text(value) if isinstance(value, datetime.datetime) else value
        for name, value in row.items()
        if name not in ("id", "board_id")
    }
