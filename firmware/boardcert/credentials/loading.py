"""Load what can be served without changes, quickly: the usual boot. All else is left to sources.

It is released again, with store: what the identity needs from then on is in lifecycle.
"""

import hashlib
import os

from .. import __version__, board
from ..storage import store
from ..storage.record import GENERATED, INSTALLED, TOKEN_MARK, WIPING, WISH
from .stale import stale_reason


def load_quickly(directory: str, arguments: dict) -> tuple | None:
    """Return (source, record) when what is stored can be served as it is, else None."""
    notices = []
    stored = []
    try:
        files = os.listdir(directory)
        for name in (INSTALLED, GENERATED):
            if any([name + suffix in files for suffix in store.SLOTS]):
                stored.append((name, store.load(directory, name, notices)))
    except (OSError, UnicodeError):  # FAT may have names that are no UTF-8.
        return None
    if not stored or notices or WIPING in files or WISH in files:
        return None
    source, record = stored[0]
    marks = [file for file in files if file[:5] == "mark."]
    if sorted(marks) != sorted(marks_of(stored, files)):
        return None
    if "marker" not in files and source == GENERATED:
        return None
    digest = settings_digest(directory, arguments)
    if record.facts.get("settings") != digest or (_has_builtin() and source == GENERATED):
        return None
    return None if source == GENERATED and stale_reason(record.facts) else (source, record)


def settings_digest(directory: str, arguments: dict) -> str:
    """Return a digest of everything that determines the settings, the version included."""
    config = store.read_config(directory)
    inputs = (sorted(arguments.items()), config, board.unique_id(), __version__)
    return hashlib.sha256(repr(inputs).encode()).digest().hex()


def marks_of(stored, files: list) -> list:
    """Return the names of the empty files that mark what is *stored*, see losses.

    *stored*: (source, Record) pairs. *files*: the names there, a token's perhaps among them.
    """
    marks = [f"mark.{source}.{record.generation}" for source, record in stored]
    return marks + [TOKEN_MARK] if "token" in files else marks


def _has_builtin() -> bool:
    try:
        import boardcert_builtin  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        return False
    except Exception:  # noqa: BLE001, S110 (it is there, and sources reports its fault)
        pass
    return True
