"""Verifications that workers share: started by one, done by many, each board exactly once.

A run is cut into slices; a slice that is begun again leaves out what has a result. There is one
writer at a time, so that of two with a result for one board the second sees that of the first, and
results have ascending numbers.
"""

import datetime
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .. import clock
from ..errors import Error
from . import facts
from .tables import run_results, run_slices, runs

# Results are for those who wait for them; the history of each board is elsewhere.
_KEPT = datetime.timedelta(days=1)
_PAGE = 1000


@dataclass(frozen=True)
class Run:
    """One verification. *options*: how it is made, as JSON-able data."""

    number: int
    started_at: datetime.datetime
    finished_at: datetime.datetime | None
    boards: int
    slices: int
    options: dict[str, Any]


def begin(connection: sa.Connection, boards: int, slices: int, options: dict[str, Any]) -> int:
    """Begin a run over a number of boards, in a number of slices; return the run's number."""
    values = {"who": facts.who(), "started_at": clock.now(), "boards": boards, "slices": slices}
    values |= {"options": json.dumps(options)}
    if slices == 0:
        values["finished_at"] = clock.now()
    return connection.execute(sa.insert(runs).values(values).returning(runs.c.id)).scalar_one()


def get(connection: sa.Connection, number: int) -> Run:
    """Return a run. Raises Error when it is no longer there."""
    row = connection.execute(sa.select(runs).where(runs.c.id == number)).one_or_none()
    if row is None:
        raise Error(f"the verification {number} is not in the inventory any more")
    dates = row.started_at, row.finished_at
    return Run(row.id, *dates, row.boards, row.slices, json.loads(row.options))


def judged(connection: sa.Connection, number: int, boards: Collection[int]) -> set[int]:
    """Return which of *boards* have a result."""
    mine = (run_results.c.run_id == number) & run_results.c.board_id.in_(boards)
    return set(connection.scalars(sa.select(run_results.c.board_id).where(mine)))


def add(connection: sa.Connection, number: int, entries: dict[int, dict[str, Any]]) -> None:
    """Keep results, {board: its entry}, of boards that have none."""
    known = judged(connection, number, entries.keys())
    rows = [
        {"run_id": number, "board_id": board, "host": one["asked"], "entry": json.dumps(one)}
        for board, one in entries.items()
        if board not in known
    ]
    if rows:
        connection.execute(sa.insert(run_results), rows)


def correct(connection: sa.Connection, number: int, entries: Sequence[dict[str, Any]]) -> None:
    """Replace results by what all of them together show."""
    for one in entries:
        mine = (run_results.c.run_id == number) & (run_results.c.host == one["asked"])
        connection.execute(sa.update(run_results).where(mine).values(entry=json.dumps(one)))


def end_slice(connection: sa.Connection, number: int, index: int) -> bool:
    """Record that a slice is done; return whether it was the last one."""
    mine = (run_slices.c.run_id == number) & (run_slices.c.number == index)
    if connection.execute(sa.select(run_slices).where(mine)).first() is None:
        values = {"run_id": number, "number": index, "finished_at": clock.now()}
        connection.execute(sa.insert(run_slices).values(values))
    query = sa.select(sa.func.count()).where(run_slices.c.run_id == number)
    run = get(connection, number)
    return run.finished_at is None and connection.execute(query).scalar_one() == run.slices


def finish(connection: sa.Connection, number: int) -> None:
    """Record that a run is over, and remove runs that nobody waits for any more."""
    now = clock.now()
    connection.execute(sa.update(runs).where(runs.c.id == number).values(finished_at=now))
    connection.execute(sa.delete(runs).where(runs.c.started_at < now - _KEPT))


def count(connection: sa.Connection, number: int) -> int:
    """Return how many boards have a result."""
    query = sa.select(sa.func.count()).where(run_results.c.run_id == number)
    return connection.execute(query).scalar_one()


def results(
    connection: sa.Connection, number: int, after: int = 0
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield (the last number, entries) of results after that number, in pages."""
    while True:
        mine = (run_results.c.run_id == number) & (run_results.c.id > after)
        query = sa.select(run_results.c.id, run_results.c.entry).where(mine)
        rows = connection.execute(query.order_by(run_results.c.id).limit(_PAGE)).all()
        if not rows:
            return
        after = rows[-1].id
        yield after, [json.loads(row.entry) for row in rows]
