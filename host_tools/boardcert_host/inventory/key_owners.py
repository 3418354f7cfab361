"""The units that have or had a key, and what they are called."""

import sqlalchemy as sa

from . import boards
from .tables import boards as boards_table
from .tables import certificates, events, keys


def units_of(connection: sa.Connection, public_key_pin: str) -> list[str]:
    """Return what to call those that have this key, or had it, to a person."""
    query = sa.select(keys.c.unique_id).where(keys.c.public_key_pin == public_key_pin)
    units = connection.scalars(query.order_by(keys.c.unique_id))
    return [_title(connection, public_key_pin, unit) for unit in units]


def _title(connection: sa.Connection, pin: str, unique_id: str) -> str:
    """Return what one unit is called: as a board, by a former key, or by what was forgotten."""
    board = boards.by_key(connection, pin)
    if board and (board.unique_id or "") == unique_id:
        return boards.title(connection, board)
    board = boards.by_unique_id(connection, unique_id)
    if board is None and not unique_id:
        query = sa.select(boards_table).join(certificates)
        query = query.where(certificates.c.public_key_pin == pin)
        board = connection.execute(query.limit(1)).one_or_none()
    if board:
        return f"{boards.title(connection, board)}, before it had another key"
    query = sa.select(events.c.host).order_by(events.c.id.desc()).limit(1)
    query = query.where(events.c.what == "forgotten", events.c.detail == pin)
    name = connection.scalar(query) or "a board"
    return f"{name} (unit {unique_id}), forgotten" if unique_id else f"{name}, forgotten"
