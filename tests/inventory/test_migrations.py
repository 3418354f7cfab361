"""The migrations make the tables that the program expects; what need not be loaded is not."""

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from boardcert_host.inventory import database, schema
from boardcert_host.inventory.tables import metadata
from boardcert_host.trust.pins import add_pin


def test_the_migrations_make_the_tables_that_are_expected(inventory):
    """Columns, constraints and indexes; as SQLAlchemy sees them in the database."""
    with database.writing() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert context.get_current_revision() == schema.REVISIONS[-1]
        assert compare_metadata(context, metadata) == []


def test_each_migration_is_known_to_the_program():
    """By which it knows what is newer than itself; the newest is the only head."""
    script = ScriptDirectory(str(schema._MIGRATIONS))
    revisions = [one.revision for one in script.walk_revisions()][::-1]
    assert tuple(revisions) == schema.REVISIONS
    assert script.get_heads() == [schema.REVISIONS[-1]]


_LOADED = """
import sys
from boardcert_host.cli import main
code = main({words!r})
names = ("sqlalchemy", "sqlalchemy.orm", "alembic")
print(*(name for name in names if name in sys.modules), file=sys.stderr)
"""


def _loaded(*words):
    """Return which of the slow packages a command has loaded."""
    code = _LOADED.format(words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stderr.splitlines()[-1].split()


def test_commands_load_the_database_only_when_they_need_it(sqlite):
    """It takes a quarter of a second; migrations as long again, and are for once."""
    assert _loaded("pin", "list") == []
    add_pin("kitchen.local", {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "AB"})
    assert _loaded("paths") == []
    assert _loaded("pin", "list") == ["sqlalchemy"]
