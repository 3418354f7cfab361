"""Migrations create the expected tables; commands load the database on demand."""

import datetime
import functools
import subprocess
import sys

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from boardcert_host.inventory import database, schema
from boardcert_host.inventory.tables import metadata
from boardcert_host.trust.pins import add_pin


def test_the_migrations_make_the_tables_that_are_expected(inventory):
    """Columns, constraints and indexes equal SQLAlchemy's reading of the database."""
    with database.writing() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert context.get_current_revision() == schema.REVISIONS[-1]
        assert compare_metadata(context, metadata) == []


def test_each_migration_is_known_to_the_program():
    """The program knows each migration, to recognise newer ones; the newest is the only head."""
    script = ScriptDirectory(str(schema._MIGRATIONS))
    revisions = [one.revision for one in script.walk_revisions()][::-1]
    assert tuple(revisions) == schema.REVISIONS
    assert script.get_heads() == [schema.REVISIONS[-1]]


_MAY = datetime.datetime(2026, 5, 1, tzinfo=datetime.timezone.utc)


def test_tables_of_the_first_version_are_brought_up_to_date(inventory, monkeypatch):
    """Tables of the first version are migrated without loss, with the keys of certificates."""
    with monkeypatch.context() as older:
        older.setattr(schema, "REVISIONS", schema.REVISIONS[:1])
        older.setattr(schema, "upgrade", functools.partial(schema.upgrade, revision="0001"))
        with database.writing() as connection:
            for number, unit in ((1, "e6601"), (2, None)):
                dates = {"first_seen": _MAY, "last_seen": _MAY}
                board = {"id": number, "public_key_pin": f"sha256//{number}", "unique_id": unit}
                board |= dates | {"fingerprint": "AB", "notes": ""}
                connection.execute(sa.insert(metadata.tables["boards"]).values(board))
                for pin in (f"sha256//{number}", f"sha256//old{number}"):
                    shown = {"board_id": number, "fingerprint": "AB", "public_key_pin": pin}
                    table = metadata.tables["certificates"]
                    connection.execute(sa.insert(table).values(shown | dates))
    with database.writing() as connection:
        found = connection.execute(sa.select(metadata.tables["keys"])).all()
        assert connection.scalar(sa.text("SELECT COUNT(*) FROM boards")) == 2
    assert sorted((row.public_key_pin, row.unique_id, row.public_key) for row in found) == [
        ("sha256//1", "e6601", None),
        ("sha256//2", "", None),
        ("sha256//old1", "e6601", None),
        ("sha256//old2", "", None),
    ]
    assert {row.first_seen.year for row in found} == {2026}


_LOADED = """
import sys
from boardcert_host.cli import main
code = main({words!r})
names = ("sqlalchemy", "sqlalchemy.orm", "alembic")
print(*(name for name in names if name in sys.modules), file=sys.stderr)
"""


def _loaded(*words):
    """Return which slow packages a command has loaded."""
    code = _LOADED.format(words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stderr.splitlines()[-1].split()


def test_commands_load_the_database_only_when_they_need_it(sqlite):
    """The database takes a quarter of a second to load; migrations take as long, once."""
    assert _loaded("pin", "list") == []
    add_pin("kitchen.local", {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "AB"})
    assert _loaded("paths") == []
    assert _loaded("pin", "list") == ["sqlalchemy"]
