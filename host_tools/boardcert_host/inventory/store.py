"""Access to the inventory: what an older version kept in a file is imported first, once.

Only entries that contradict the inventory are left out, and reported: a host that has another key
there. The file stays, with another name.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from .. import clock
from ..console import questions
from ..errors import Error
from . import database, known_boards
from .place import old_file
from .tables import taken_files

_TAKEN = ".imported"


@contextlib.contextmanager
def reading() -> Iterator[sa.Connection]:
    """Yield a connection that sees the inventory as it is at this moment."""
    _take_old_file()
    with database.reading() as connection:
        yield connection


@contextlib.contextmanager
def writing(is_repair: bool = False) -> Iterator[sa.Connection]:
    """Yield the connection of the only writer, as `database.writing`."""
    _take_old_file()
    with database.writing(is_repair) as connection:
        yield connection


def _take_old_file() -> None:
    path = old_file()
    if path is None:
        return
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # Another program has just taken it over.
        return
    except OSError as error:
        reason = error.strerror or error
        raise Error(f"cannot read the known boards {path}: {reason}") from error
    entries = known_boards.read(data, str(path))
    digest, sentences = hashlib.sha256(data).hexdigest(), []
    with database.writing() as connection:
        if connection.execute(sa.select(taken_files).filter_by(digest=digest)).first() is None:
            sentences = known_boards.add(connection, entries, str(path))
            values = {"digest": digest, "path": str(path), "taken_at": clock.now()}
            connection.execute(sa.insert(taken_files).values(values))
    for sentence in sentences:
        questions().print(f"boardcert: {sentence}", markup=False)
    _move_away(path)


def _move_away(path: Path) -> None:
    """Keep a file that was taken over, under a name that no other has."""
    backup, number = path.with_name(path.name + _TAKEN), 2
    while os.path.lexists(backup):
        backup, number = path.with_name(f"{path.name}{_TAKEN}-{number}"), number + 1
    try:
        path.rename(backup)
    except FileNotFoundError:  # Another program was faster.
        return
    except OSError as error:
        reason = error.strerror or error
        raise Error(f"cannot rename {path}, which is in the inventory now: {reason}") from error
