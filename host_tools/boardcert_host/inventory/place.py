"""Where the inventory is: this user's file, or a database that several computers share.

Nothing here loads what is needed to open it, which takes a quarter of a second.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import platformdirs

from ..errors import USAGE, Error
from ..files import own_file

VARIABLE = "BOARDCERT_INVENTORY"
_FILE_NAME = "inventory.db"
_SCHEMES = ("postgresql", "postgres")
_EXAMPLE = "a file, or for example postgresql://station@db.example/boards"

_chosen: str | None = None


@dataclass(frozen=True)
class Place:
    """Where the inventory is. *file*: of SQLite; else *url*, which may hold a password."""

    file: Path | None
    url: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return what a person is shown: no password."""
        if self.file:
            return str(self.file)
        parts = urlsplit(self.url)
        user = f"{parts.username}@" if parts.username else ""
        port = f":{parts.port}" if parts.port else ""
        return f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"


@contextlib.contextmanager
def chosen(text: str | None) -> Iterator[None]:
    """Take what --inventory says, None without it, until the end. Raises Error, a usage error."""
    global _chosen
    if text is not None:
        place = _read(text)
        parts = urlsplit(place.url)
        if parts.password or "password" in parse_qs(parts.query):
            hint = f"in ~/.pgpass, $PGPASSWORD or ${VARIABLE}: others can read arguments"
            raise Error(f"--inventory {place} may not contain a password", hint, USAGE)
    _chosen = text
    try:
        yield
    finally:
        _chosen = None


def inventory_place() -> Place:
    """Return where it is: by --inventory, $BOARDCERT_INVENTORY, or a file in the user's data."""
    text = _chosen or os.environ.get(VARIABLE)
    if text:
        return _read(text)
    return Place(Path(platformdirs.user_data_dir("boardcert")) / _FILE_NAME)


def old_file() -> Path | None:
    """Return the known boards of a version before the inventory, if they are still to be taken in.

    Not into one that is named on the command line, perhaps for once.
    """
    path = own_file("BOARDCERT_PINS", "known_boards.json")
    return path if _chosen is None and os.path.lexists(path) else None


def is_absent() -> bool:
    """Return whether there is nothing yet: no inventory, and nothing to be taken into it."""
    file = inventory_place().file
    return file is not None and not os.path.lexists(file) and old_file() is None


def _read(text: str) -> Place:
    if "://" not in text:
        return Place(Path(text).expanduser())
    try:
        parts = urlsplit(text)
        if parts.scheme not in _SCHEMES or not parts.path.strip("/") or parts.port == 0:
            raise ValueError
    except ValueError as error:
        shown = text.partition("://")[0]
        raise Error(f"not an inventory: {shown}://...", _EXAMPLE, USAGE) from error
    return Place(None, text)
