"""Invalid or missing places of the inventory: one sentence for each."""

import contextlib
import sys

import pytest
import sqlalchemy as sa
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.trust.pins import add_pin
from inventory_cases import sentence

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
    with contextlib.closing(_engine(postgresql).raw_connection()) as raw:
        raw.cursor().execute("CREATE TABLE tags (word text)")
        raw.commit()
    assert "has other tables called tags" in sentence(capsys, "pin", "list")


def _engine(url):
    url = sa.make_url(url).set(drivername="postgresql+psycopg")
    return sa.create_engine(url, poolclass=sa.NullPool)


@pytest.mark.parametrize("place", ["a file", "nowhere"])
def test_where_no_file_can_be_made_is_told(place, tmp_path, monkeypatch, capsys):
    """If the file cannot be created, the error says so: a file as directory, or no permission."""
    (tmp_path / "a file").write_text("mine")
    directory = tmp_path / "a file" if place == "a file" else "/proc/nowhere"
    monkeypatch.setenv("BOARDCERT_INVENTORY", f"{directory}/inventory.db")
    with pytest.raises(Error, match="the inventory"):
        add_pin("kitchen.local", _FACTS)
