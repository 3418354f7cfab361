"""Where the jobs are: procrastinate's tables, in a schema of their own beside the inventory's.

They are made at the first use, in the version of the procrastinate that is installed, and brought
up to a newer one by its own migrations.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ..errors import USAGE, Error
from ..inventory import store, troubles
from ..inventory.place import Place, inventory_place

_HINT = "for example --inventory postgresql://station@db.example/boards"
_VERSION_TABLE = "boardcert_jobs_version"


def shared_place() -> Place:
    """Return where the inventory is. Raises Error if that is not PostgreSQL, which can be shared.

    And when a package is missing.
    """
    place = inventory_place()
    if place.file:
        raise Error(f"workers need an inventory in PostgreSQL, not {place}", _HINT, USAGE)
    try:
        import procrastinate  # noqa: F401 (its absence is reported here)
        import psycopg  # noqa: F401
    except ImportError as error:
        raise troubles.missing_driver(error) from error
    return place


def connection_options() -> dict[str, Any]:
    """Return what procrastinate's connections are made with; its tables are there by then."""
    from psycopg.conninfo import conninfo_to_dict

    url = sa.make_url(shared_place().url).set(drivername="postgresql")
    text = url.render_as_string(hide_password=False)
    schema = _schema()
    options = str(conninfo_to_dict(text).get("options") or "")
    return {"conninfo": text, "kwargs": {"options": f"{options} -csearch_path={schema}".strip()}}


def _schema() -> str:
    """Return the name of the schema; make and fill it where it is not there."""
    with store.writing() as connection:  # Of several programs, one is first.
        _, schema = _schemas(connection)
        quoted = connection.dialect.identifier_preparer.quote(schema)
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quoted}")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted}")
        _bring_up_to_date(connection)
    return schema


def use_jobs(connection: sa.Connection) -> None:
    """Have a transaction of the inventory find the tables of the jobs, too."""
    quote = connection.dialect.identifier_preparer.quote
    current, jobs = map(quote, _schemas(connection))
    connection.exec_driver_sql(f"SET LOCAL search_path TO {current}, {jobs}")


def _schemas(connection: sa.Connection) -> tuple[str, str]:
    """Return the schemas of the inventory, and of its jobs."""
    current = connection.execute(sa.text("SELECT current_schema()")).scalar_one()
    return current, "boardcert_jobs" if current == "public" else f"{current}_jobs"


def _bring_up_to_date(connection: sa.Connection) -> None:
    import procrastinate
    from procrastinate.schema import SchemaManager

    installed = procrastinate.__version__
    connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {_VERSION_TABLE} (version text)")
    there = connection.scalar(sa.text(f"SELECT version FROM {_VERSION_TABLE}"))  # noqa: S608
    if there is None:
        _execute(connection, SchemaManager.get_schema())
        insert = sa.text(f"INSERT INTO {_VERSION_TABLE} VALUES (:version)")  # noqa: S608
        connection.execute(insert, {"version": installed})
    elif _numbers(there) > _numbers(installed):
        hint = f"install procrastinate {there} or newer; nothing was changed"
        raise Error(f"the jobs are of procrastinate {there}, here is {installed}", hint)
    elif _numbers(there) < _numbers(installed):
        for text in _migrations_after(_numbers(there), SchemaManager.get_migrations_path()):
            _execute(connection, text)
        update = sa.text(f"UPDATE {_VERSION_TABLE} SET version = :version")  # noqa: S608
        connection.execute(update, {"version": installed})


def _migrations_after(version: tuple[int, ...], folder: str) -> Iterator[str]:
    """Yield the files after a version: their names begin with theirs, such as 03.04.00_01_..."""
    for path in sorted(Path(folder).glob("*.sql")):
        if _numbers(path.name.partition("_")[0]) > version:
            yield path.read_text("utf-8")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3])


def _execute(connection: sa.Connection, text: str) -> None:
    """Run several statements as they are: nothing in them is a parameter."""
    raw_of(connection).execute(text)


def raw_of(connection: sa.Connection) -> Any:
    """Return psycopg's connection, which procrastinate takes."""
    raw = connection.connection.driver_connection
    if raw is None:
        raise ValueError("a connection that is closed")
    return raw


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Turn what procrastinate and psycopg raise into Error."""
    import procrastinate.exceptions
    import psycopg

    try:
        yield
    except SQLAlchemyError as error:
        raise troubles.explain(error, inventory_place()) from error
    except (psycopg.Error, procrastinate.exceptions.ConnectorException) as error:
        raise Error(f"cannot use the jobs in {inventory_place()}: {error}") from error
