"""Which version the tables of an inventory have, and the way to the newest: Alembic's migrations.

Alembic is loaded only when there is something to do.
"""

from pathlib import Path

import sqlalchemy as sa

from ..errors import Error
from .tables import metadata

# Every revision in migrations/versions, the newest last.
REVISIONS = ("0001", "0002", "0003")
VERSION_TABLE = "inventory_version"
_MIGRATIONS = Path(__file__).with_name("migrations")


def is_newest(connection: sa.Connection, place: object) -> bool:
    """Return whether the tables are as this program expects them.

    *place*: of the inventory, as it is shown. Raises Error for tables of a newer program, and for
    those of another one.
    """
    inspector = sa.inspect(connection)
    if not inspector.has_table(VERSION_TABLE):
        _refuse_others(inspector, connection.dialect.name, place)
        return False
    version = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    if version in REVISIONS:
        return version == REVISIONS[-1]
    hint = "install a newer version of boardcert; nothing was changed"
    raise Error(f"the inventory {place} is of a newer boardcert (tables {version})", hint)


def _refuse_others(inspector: sa.Inspector, dialect: str, place: object) -> None:
    """Raise Error for a database without our version that is not ours to fill.

    One that is shared may have tables of other programs, but none of ours; a file may have none,
    and an empty one is a damaged one: it is made elsewhere, and put in its place when it is whole.
    """
    if dialect == "sqlite":
        hint = "move it away, or name another file; nothing was changed"
        raise Error(f"{place} is not an inventory, or is damaged", hint)
    taken = metadata.tables.keys() & set(inspector.get_table_names())
    if taken:
        hint = "give boardcert a database, or a schema, of its own"
        raise Error(f"{place} has other tables called {', '.join(sorted(taken))}", hint)


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the tables to a version, the newest, within the transaction of *connection*."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    command.upgrade(config, revision)
