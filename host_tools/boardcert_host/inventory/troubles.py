"""Errors of the database, SQLite or PostgreSQL, each as one sentence with a hint."""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import Error
from .place import Place

_HELD, _FULL, _DAMAGED, _FORBIDDEN, _IO = "held", "full", "damaged", "forbidden", "I/O"
# What SQLite says, and SQLSTATEs of PostgreSQL (its manual, appendix A).
_WORDS = {
    "database is locked": _HELD,
    "is full": _FULL,
    "disk I/O error": _IO,
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "readonly": _FORBIDDEN,
    "unable to open": _FORBIDDEN,
}
_STATES = {
    "55P03": _HELD,
    "40P01": _HELD,
    "53100": _FULL,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
    "42501": _FORBIDDEN,
    "28000": _FORBIDDEN,
    "28P01": _FORBIDDEN,
}


def explain(error: SQLAlchemyError, place: Place) -> Error:
    """Return the Error for what SQLAlchemy has raised; no password is in it."""
    kind = _kind(error)
    unchanged = "nothing was changed"
    if kind == _HELD:
        return Error(f"another program holds the inventory {place}", "wait, then try again")
    if kind == _FULL:
        return Error(f"no room for the inventory {place}", f"free some space; {unchanged}")
    if kind == _DAMAGED:
        hint = f"move it away, and `boardcert import` what was exported last; {unchanged}"
        return Error(f"the inventory {place} is damaged", hint, detail=_reason(error))
    if kind == _FORBIDDEN:
        return Error(f"may not use the inventory {place}: {_reason(error)}", unchanged)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        hint = f"is the server there? {unchanged}"
        return Error(f"the connection to the inventory {place} has ended", hint)
    # What SQLite says as well where no room is left for the files beside the database.
    hint = f"is the disk full? {unchanged}" if kind == _IO else unchanged
    return Error(f"cannot use the inventory {place}: {_reason(error)}", hint)


def _kind(error: SQLAlchemyError) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else None
    state = getattr(cause, "sqlstate", None)
    if state in _STATES:
        return _STATES[state]
    return next((kind for words, kind in _WORDS.items() if words in str(cause)), None)


def _reason(error: SQLAlchemyError) -> str:
    """Return the first line of what the database said; without the statement and its values."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__


def missing_driver(error: ImportError) -> Error:
    """Return the Error for an installation that cannot speak to PostgreSQL."""
    hint = "install it: pip install 'boardcert[postgresql]'"
    return Error(f"PostgreSQL needs the package psycopg: {error}", hint)


def skewed_clock(ours: str, theirs: str, hint: str) -> Error:
    """Return the Error for a clock that cannot be right. *theirs*: what it is compared with."""
    return Error(f"the clock of this computer is wrong: it says {ours}, {theirs}", hint)
