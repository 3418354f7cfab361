"""What people and commands note about known boards: tags, notes, who made them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from .. import clock
from ..errors import USAGE, Error
from . import boards, history, store
from . import facts as facts_of
from .place import is_absent
from .tables import boards as table
from .tables import certificates, tags

_LONGEST_TAG = 60
_LONGEST_NOTE = 10_000


def note_provisioned(host: str, serial_number: str | None) -> None:
    """Record that a board was flashed and pinned just now, here, and its serial number."""
    with store.writing() as connection:
        (board,) = boards.named(connection, [host])
        values: dict[str, Any] = {"provisioned_at": clock.now(), "provisioned_by": facts_of.who()}
        values |= {"serial_number": facts_of.text(serial_number)} if serial_number else {}
        connection.execute(sa.update(table).where(table.c.id == board.id).values(values))
        detail = ", ".join(filter(None, (board.board, board.firmware, board.package)))
        history.note(connection, "provisioned", host, detail, board.id)


def change_tags(name: str, add: Sequence[str], remove: Sequence[str]) -> list[str]:
    """Give a board tags, and take others from it; return those that it has now."""
    for tag in (*add, *remove):
        if not tag.strip() or len(tag) > _LONGEST_TAG or not tag.isprintable() or "," in tag:
            hint = f"at most {_LONGEST_TAG} characters, no comma, for example greenhouse"
            raise Error(f"not a tag: {tag!r}", hint, USAGE)
    with store.writing() as connection:
        (board,) = boards.named(connection, [name])
        mine = tags.c.board_id == board.id
        connection.execute(sa.delete(tags).where(mine, tags.c.tag.in_((*add, *remove))))
        for tag in dict.fromkeys(add):
            connection.execute(sa.insert(tags).values(board_id=board.id, tag=tag))
        return list(connection.scalars(sa.select(tags.c.tag).where(mine).order_by(tags.c.tag)))


def change_note(name: str, text: str | None, serial_number: str | None) -> None:
    """Set a board's notes, its serial number, or both; an empty text removes what was there."""
    if text is not None and len(text) > _LONGEST_NOTE:
        raise Error(f"a note has at most {_LONGEST_NOTE} characters", None, USAGE)
    with store.writing() as connection:
        (board,) = boards.named(connection, [name])
        values: dict[str, Any] = {}
        if text is not None:
            values["notes"] = facts_of.text(text, _LONGEST_NOTE) or ""
        if serial_number is not None:
            values["serial_number"] = facts_of.text(serial_number)
        if values:
            connection.execute(sa.update(table).where(table.c.id == board.id).values(values))


def rename_board(old: str, new: str) -> None:
    """Rename the board called *old* to *new*, which no board is called."""
    with store.writing() as connection:
        (board,) = boards.named(connection, [old])
        other = boards.by_host(connection, new)
        if other:
            what = "another name of it" if other.id == board.id else "another board"
            raise Error(f"{new} is {what} already", f"boardcert forget {new}")
        boards.rename(connection, old, new)


def keys_of_renamed(old: str, new: str) -> set[str]:
    """Return the pins of the keys of the board called *new*, if it was called *old* before.

    No board of the inventory has the name *old* now, and this one was the last to have it.
    """
    if is_absent():
        return set()
    with store.reading() as connection:
        board = boards.by_host(connection, new)
        if board is None or boards.by_host(connection, old):
            return set()
        if not boards.was_renamed(connection, old, new, board.id):
            return set()
        found = sa.select(certificates.c.public_key_pin).where(certificates.c.board_id == board.id)
        return {board.public_key_pin, *connection.scalars(found)}


def forget_boards(names: Sequence[str]) -> list[str]:
    """Remove boards, all of them or none; return all that they were called."""
    with store.writing(is_repair=True) as connection:
        found = {board.id: board for board in boards.named(connection, names)}
        return [name for board in found.values() for name in boards.forget(connection, board)]
