"""Places of the inventory: invalid or missing ones, and one that several stations share."""

import contextlib
import os
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.flash.host_names import chosen
from boardcert_host.trust.pins import add_pin
from inventory_cases import sentence
from processes import started

_FACTS = {"public_key_pin": f"sha256//{'A' * 43}=", "fingerprint": "AB:CD"}


def test_a_server_that_is_not_there_is_named_without_the_password(monkeypatch, capsys):
    """A missing server is named without the password, and with one line of the driver's error."""
    url = "postgresql://station:secret-word@127.0.0.1:1/boards?connect_timeout=2"
    monkeypatch.setenv("BOARDCERT_INVENTORY", url)
    for words in (("pin", "list"), ("-v", "pin", "list"), ("list", "--json")):
        assert main([*words]) == 3
        output = "".join(capsys.readouterr())
        assert "postgresql://station@127.0.0.1:1/boards" in output
        assert "secret-word" not in output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgresql://station:secret-word@db.example/boards", "may not contain a password"),
        ("postgresql://db.example/boards?password=secret-word", "may not contain a password"),
        ("postgresql://db.example", "not an inventory"),
        ("mysql://db.example/boards", "not an inventory"),
        ("postgresql://db.example:99999/boards", "not an inventory"),
        ("postgresql://[db/boards", "not an inventory"),
    ],
)
def test_an_invalid_inventory_is_a_usage_error(text, said, capsys):
    """An invalid URL is a usage error, as is a password visible in the process list."""
    assert main(["--inventory", text, "pin", "list"]) == 2
    output = "".join(capsys.readouterr())
    assert said in output and "secret-word" not in output


def test_without_the_driver_the_package_to_install_is_named(monkeypatch, capsys):
    """Without the driver, the error names the extra to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = sentence(capsys, "--inventory", "postgresql://db.example/boards", "pin", "list")
    assert "pip install 'boardcert[postgresql]'" in said


def test_tables_of_another_program_are_left_alone(postgresql, capsys):
    """A schema with another program's tables of our names is refused."""
    _run_sql(postgresql, "CREATE TABLE tags (word text)")
    assert "has other tables called tags" in sentence(capsys, "pin", "list")


def _run_sql(url, statement):
    url = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with contextlib.closing(engine.raw_connection()) as raw:
        raw.cursor().execute(statement)
        raw.commit()


# Asks for a name as `flash` does, and holds it until its input ends.
_STATION = """
import sys
from boardcert_host.flash.host_names import chosen
with chosen("sensor-{n:03}", None) as name:
    print(name, flush=True)
    sys.stdin.read()
"""
_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def _next_name():
    with chosen("sensor-{n:03}", None) as name:
        return name


def test_stations_take_different_numbers(postgresql, tmp_path, monkeypatch):
    """A name is reserved until its station ends, or is killed; each schema has names of its own."""
    command = [sys.executable, "-c", _STATION]
    elsewhere = os.environ | {"BOARDCERT_CACHE": str(tmp_path / "of another computer")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": elsewhere}
    with started(command, **pipes) as station:
        assert station.stdout.readline() == "sensor-001\n"
        assert _next_name() == "sensor-002"
        with monkeypatch.context() as patch:
            _run_sql(postgresql, "CREATE SCHEMA another")
            url = postgresql.rpartition("%3D")[0] + "%3Danother"
            patch.setenv("BOARDCERT_INVENTORY", url)
            assert _next_name() == "sensor-001"
        station.kill()
    deadline = time.monotonic() + 60
    while _next_name() != "sensor-001":  # The server has yet to notice.
        assert time.monotonic() < deadline


def test_a_reservation_ends_quietly_though_its_connection_is_lost(postgresql):
    """A board is flashed to its end even if the server of the inventory restarts meanwhile."""
    with chosen("sensor-{n:03}", None) as name:
        _run_sql(postgresql, _END_OTHERS)
        assert name == _next_name() == "sensor-001"


@pytest.mark.parametrize("place", ["a file", "nowhere"])
def test_where_no_file_can_be_made_is_told(place, tmp_path, monkeypatch, capsys):
    """If the file cannot be created, the error says so: a file as directory, or no permission."""
    (tmp_path / "a file").write_text("mine")
    directory = tmp_path / "a file" if place == "a file" else "/proc/nowhere"
    monkeypatch.setenv("BOARDCERT_INVENTORY", f"{directory}/inventory.db")
    with pytest.raises(Error, match="the inventory"):
        add_pin("kitchen.local", _FACTS)
