"""Faults of an inventory: one sentence, exit code 3, nothing changed or lost."""

import contextlib
import datetime
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from boardcert_host import clock
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.inventory import database, schema, troubles
from boardcert_host.inventory.place import Place
from boardcert_host.trust.pins import add_pin, forget_pin, load_pins
from inventory_cases import sentence

_KEY = "sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k="
_FACTS = {"public_key_pin": _KEY, "fingerprint": "AB:CD"}
_OTHER = {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "EF:01"}


def spoil_middle(path):
    """Overwrite the pages after the first with invalid data."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


def make_other(path):
    """Put another program's database there."""
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
        connection.commit()
    path.chmod(0o600)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"not a database " * 1000),
        lambda path: os.truncate(path, path.stat().st_size // 2),
        spoil_middle,
        make_other,
    ],
    ids=["empty", "other", "half", "middle", "notes"],
)
def test_a_damaged_inventory_is_never_an_empty_one(spoil, sqlite, capsys):
    """A damaged inventory is never read as empty, which would trust any board; it is kept."""
    add_pin("kitchen.local", _FACTS)
    spoil(sqlite)
    before = sqlite.read_bytes()
    for words in ("pin list", "verify 127.0.0.1:9", "list", "tag kitchen.local shelf"):
        said = sentence(capsys, *words.split())
        assert str(sqlite) in said and ("damaged" in said or "not an inventory" in said)
    with pytest.raises(Error):
        add_pin("hall.local", _OTHER)
    assert sqlite.read_bytes() == before
    main(["doctor", "--json"])
    assert '"inventory"' in capsys.readouterr().out


def test_doctor_finds_damage_that_no_command_has_met(sqlite, capsys):
    """`doctor` reads the whole inventory, finds damage, and reports its other checks, too."""
    add_pin("kitchen.local", _FACTS)
    assert main(["tag", "kitchen.local", "shelf"]) == 0
    capsys.readouterr()
    with contextlib.closing(sqlite3.connect(sqlite)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_tags_tag'"
        (page,) = connection.execute(query).fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    assert len(load_pins()) == 1
    main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("fail  inventory: ") and "damaged" in line]
    assert [line for line in lines if "clock" in line]


def test_an_inventory_of_a_newer_version_is_left_alone(inventory, capsys):
    """An inventory of a newer version is refused with that version."""
    add_pin("kitchen.local", _FACTS)
    set_version = sa.text("UPDATE inventory_version SET version_num = :version")
    with database.writing() as connection:
        connection.execute(set_version, {"version": "9999"})
    for words in ("pin list", "forget kitchen.local", "export boards.jsonl"):
        said = sentence(capsys, *words.split())
        assert "of a newer boardcert (tables 9999)" in said
    newest, schema.REVISIONS = schema.REVISIONS, ("9999",)
    try:
        assert len(load_pins()) == 1
    finally:
        schema.REVISIONS = newest


def test_a_file_that_others_may_use_is_refused(sqlite, capsys, monkeypatch):
    """A file that others may use, by mode or owner, or no regular file, is refused."""
    add_pin("kitchen.local", _FACTS)
    assert sqlite.stat().st_mode & 0o777 == 0o600
    for mode in (0o644, 0o660, 0o606):
        sqlite.chmod(mode)
        said = sentence(capsys, "pin", "list")
        assert f"mode {mode:04o}" in said and f"chmod 600 {sqlite}" in said
    sqlite.chmod(0o600)
    assert main(["pin", "list"]) == 0
    capsys.readouterr()
    user = os.geteuid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: user + 1)
        assert "belongs to another user" in sentence(capsys, "pin", "list")
    sqlite.rename(sqlite.with_name("other"))
    sqlite.mkdir()
    assert "is not a file" in sentence(capsys, "pin", "list")


def test_only_its_owner_can_read_what_is_beside_it(sqlite):
    """The log, index and lock beside it have mode 0600, whatever the umask."""
    old = os.umask(0)
    try:
        add_pin("kitchen.local", _FACTS)
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE boards SET notes = 'x'")
            modes = {path.name: path.stat().st_mode & 0o777 for path in sqlite.parent.iterdir()}
    finally:
        os.umask(old)
    assert "inventory.db-wal" in modes
    assert set(modes.values()) == {0o600}


def test_what_another_program_holds_is_waited_for_and_then_told(
    inventory, new_engine, monkeypatch, capsys
):
    """A lock is waited for, then reported; readers need not wait."""
    add_pin("kitchen.local", _FACTS)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE boards SET notes = 'not yet'")
        monkeypatch.setattr(database, "_WAIT_S", 1)
        said = sentence(capsys, "note", "kitchen.local", "mine")
        assert "another program holds the inventory" in said
        assert len(load_pins()) == 1
    assert main(["note", "kitchen.local", "mine"]) == 0


def test_a_full_disk_loses_nothing(sqlite, new_engine, monkeypatch, capsys):
    """On a full disk the change fails, and the old content stays."""
    add_pin("kitchen.local", _FACTS)
    before, prepare = load_pins(), database._prepare_sqlite

    def prepare_small(connection, record):
        prepare(connection, record)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    monkeypatch.setattr(database, "_prepare_sqlite", prepare_small)
    said = sentence(capsys, "note", "kitchen.local", "x" * 9000)
    assert f"no room for the inventory {sqlite}" in said
    assert load_pins() == before
    monkeypatch.undo()
    os.environ["BOARDCERT_INVENTORY"] = str(sqlite)
    assert main(["note", "kitchen.local", "x" * 9000]) == 0


_KILLED = """
import os, signal, sys
from boardcert_host.inventory import boards, database
with database.writing() as connection:
    board_id = boards.add_board(connection, {"public_key_pin": "sha256//x", "fingerprint": "AB"})
    boards.add_host(connection, "killed.local", board_id, None, None)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_program_that_is_killed_while_it_writes_changes_nothing(inventory):
    """A program killed while it writes changes nothing, and blocks no other."""
    add_pin("kitchen.local", _FACTS)
    before = load_pins()
    done = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    assert load_pins() == before
    assert add_pin("hall.local", _OTHER)[1]


def test_a_program_that_is_killed_while_it_makes_the_file_leaves_none(sqlite, monkeypatch):
    """The file is created whole: a program killed in between leaves none."""

    def stop(connection):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(schema, "upgrade", stop)
        with pytest.raises(KeyboardInterrupt):
            add_pin("kitchen.local", _FACTS)
    assert {path.name for path in sqlite.parent.iterdir()} <= {"inventory.db.lock"}
    assert load_pins() == [] and add_pin("kitchen.local", _FACTS)[1]


def test_a_clock_that_cannot_be_right_dates_nothing(inventory, monkeypatch, capsys):
    """A clock before this program's release, or hours from the server's, is refused."""
    add_pin("kitchen.local", _FACTS)
    wrong = [datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc)]
    if inventory == "postgresql":
        wrong.append(clock.now() + datetime.timedelta(hours=3))
    for time in wrong:
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda time=time: time)
            said = sentence(capsys, "note", "kitchen.local", "mine")
        assert f"the clock of this computer is wrong: it says {time:%Y-%m-%d}" in said
        assert "timedatectl" in said


def test_what_a_wrong_clock_has_dated_can_be_forgotten(sqlite, monkeypatch, capsys):
    """A board last seen in the future blocks earlier dates, until it is forgotten."""
    add_pin("hall.local", _OTHER)
    later = clock.now() + datetime.timedelta(days=400)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        add_pin("kitchen.local", _FACTS)
    said = sentence(capsys, "note", "hall.local", "mine")
    assert f"a board was seen on {later:%Y-%m-%d}" in said and "--sort last-seen" in said
    assert forget_pin("kitchen.local").host == "kitchen.local"
    assert main(["note", "hall.local", "mine"]) == 0


def test_an_error_of_the_disk_has_a_hint():
    """SQLite's disk error gets a hint, since it may mean no room for the files beside it."""
    place = Place(Path("inventory.db"))
    cause = sqlite3.OperationalError("disk I/O error")
    error = troubles.explain(sa.exc.OperationalError("SELECT 1", None, cause), place)
    assert error.message == "cannot use the inventory inventory.db: disk I/O error"
    assert error.hint == "is the disk full? nothing was changed"
