"""Transactions on the inventory: all or nothing, one writer at a time, with a time limit.

SQLite is in WAL mode, where readers and the writer do not wait for each other; a writer begins
with BEGIN IMMEDIATE, so that it waits at its start and never fails in the middle. In PostgreSQL,
an advisory lock of the transaction does the same.
"""

import contextlib
import datetime
import functools
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from .. import clock
from ..errors import USAGE, Error
from ..files import changing
from . import schema, troubles
from .place import Place, inventory_place
from .tables import boards

_WAIT_S = 10
_patience_s: int | None = None
# Of the advisory lock: "bcrt" as a number, so that other programs' locks are others.
_LOCK = 0x62637274
_SKEW = datetime.timedelta(hours=1)
_DAY = datetime.timedelta(days=1)


def be_patient(wait_s: int) -> None:
    """Set how long to wait for other writers from now on, in PostgreSQL."""
    global _patience_s
    _patience_s = wait_s


@contextlib.contextmanager
def reading() -> Iterator[sa.Connection]:
    """Yield a connection that sees the inventory as it is at this moment."""
    place = inventory_place()
    with _sentences(place), _opened(place).begin() as connection:
        yield connection


@contextlib.contextmanager
def writing(is_repair: bool = False) -> Iterator[sa.Connection]:
    """Yield the connection of the only writer; its changes are committed at the end of the block.

    *is_repair*: of what was dated by a wrong clock. Raises Error, and changes nothing.
    """
    place = inventory_place()
    with _sentences(place), _beginning(_opened(place)) as connection:
        _check_clock(connection, is_repair)
        yield connection


@contextlib.contextmanager
def held(what: str) -> Iterator[bool]:
    """Hold *what* for this program among all that share this inventory, which is in PostgreSQL.

    Yield whether no other program holds it. It is an advisory lock of the session: it ends with the
    connection, and so with the program, however that ends.
    """
    place = inventory_place()
    with _sentences(place):
        connection = _opened(place).connect()
    try:
        with _sentences(place):
            # Each statement is a transaction: a session that waits in one keeps old rows alive.
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            key = sa.func.hashtextextended(sa.func.current_schema() + f" {what}", 0)
            is_mine = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(key)))
        yield bool(is_mine)
    finally:
        with contextlib.suppress(SQLAlchemyError):  # It may have ended meanwhile.
            connection.close()


@contextlib.contextmanager
def _beginning(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Begin a transaction in which nobody else writes."""
    with engine.connect() as plain:
        connection = plain.execution_options(is_writing=True)
        with connection.begin():
            if connection.dialect.name != "sqlite":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection


@contextlib.contextmanager
def _sentences(place: Place) -> Iterator[None]:
    """Turn what databases and files raise into Error."""
    try:
        yield
    except SQLAlchemyError as error:
        raise troubles.explain(error, place) from error
    except UnicodeEncodeError as error:  # Bytes of an argument that are no text in this locale.
        raise Error("what was asked for is not text in UTF-8", None, USAGE) from error
    except ImportError as error:
        if error.name and error.name.startswith("psycopg"):
            raise troubles.missing_driver(error) from error
        raise


def _opened(place: Place) -> sa.Engine:
    """Return the engine of an inventory whose tables are there, and of this version."""
    if place.file:
        if not os.path.lexists(place.file):
            _make_file(place.file)
        _check_file(place.file)
    engine = _engine(place)
    with engine.begin() as connection:
        is_newest = schema.is_newest(connection, place)
    if not is_newest:
        _upgrade(engine, place)
    return engine


def _upgrade(engine: sa.Engine, place: Place) -> None:
    with _beginning(engine) as connection:
        if not schema.is_newest(connection, place):  # Another program may have been first.
            schema.upgrade(connection)


@functools.lru_cache(maxsize=8)
def _engine(place: Place) -> sa.Engine:
    """Return an engine that keeps no connection, since files are moved; only what it has learnt."""
    if place.file:
        url = sa.URL.create("sqlite", database=str(place.file))
        engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"timeout": _WAIT_S})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    url = sa.make_url(place.url).set(drivername="postgresql+psycopg")
    wait = {"connect_timeout": _WAIT_S}
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=wait)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # The module begins no transactions of its own.
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _prepare_postgresql(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = '{_patience_s or _WAIT_S}s'")
    cursor.close()
    connection.commit()


def _begin_sqlite(connection: sa.Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _make_file(path: Path) -> None:
    """Make an empty inventory beside *path*, and put it there when it is whole."""
    with changing(path, "the inventory"):
        if os.path.lexists(path):
            return
        with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as directory:
            part = Path(directory) / path.name
            part.touch(0o600)
            engine = _engine(Place(part))
            with contextlib.closing(engine.raw_connection()) as raw:
                raw.cursor().execute("PRAGMA journal_mode = WAL").close()
            with _beginning(engine) as connection:
                schema.upgrade(connection)
            os.replace(part, path)


def _check_file(path: Path) -> None:
    """Raise Error unless *path* is a file that only its owner reads and writes, this user."""
    try:
        found = path.stat()
    except OSError as error:
        reason = error.strerror or error
        raise Error(f"cannot read the inventory {path}: {reason}") from error
    if not stat.S_ISREG(found.st_mode):
        raise Error(f"the inventory {path} is not a file", "name another with --inventory")
    if os.name != "posix":  # Windows has no such modes; its user folders are private.
        return
    if found.st_uid != os.geteuid():
        hint = "each user has an inventory; several share one in PostgreSQL"
        raise Error(f"the inventory {path} belongs to another user", hint)
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        danger = f"others can read or change the inventory {path} (mode {mode:04o})"
        raise Error(danger, f"chmod 600 {path}")


def _check_clock(connection: sa.Connection, is_repair: bool) -> None:
    """Raise Error before something is dated by a clock that cannot be right."""
    now = clock.now()
    ours = f"{now:%Y-%m-%d %H:%M} UTC"
    hint = "set the clock: timedatectl set-ntp true; nothing was changed"
    if now < clock.WRITTEN:
        raise troubles.skewed_clock(ours, "and boardcert was written later", hint)
    if connection.dialect.name != "sqlite":
        said = connection.execute(sa.select(sa.func.now())).scalar_one()
        server = said.astimezone(datetime.timezone.utc)
        if abs(server - now) > _SKEW:
            theirs = f"the server of the inventory says {server:%Y-%m-%d %H:%M} UTC"
            raise troubles.skewed_clock(ours, theirs, hint)
        return
    newest = connection.scalar(sa.select(sa.func.max(boards.c.last_seen)))
    if newest and newest - now > _DAY and not is_repair:
        theirs = f"or was when a board was seen on {newest:%Y-%m-%d}"
        more = "or forget that board: `boardcert list --sort last-seen`"
        raise troubles.skewed_clock(ours, theirs, f"{hint}; {more}")
