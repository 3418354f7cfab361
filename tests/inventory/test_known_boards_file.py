"""The known-boards file of older versions: imported into the inventory once."""

import json
import os
from pathlib import Path

import pytest
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.inventory import store
from boardcert_host.trust.pins import Pin, add_pin, forget_pin, load_pins

_KEY = "sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k="
_OTHER_KEY = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
_SEEN = "2026-11-28T00:00:00Z"
_KITCHEN = Pin("kitchen.local", "01", _KEY, "AB", _SEEN, 20034, "192.168.4.7")

pytestmark = pytest.mark.usefixtures("inventory")


def write(*pins, name="known_boards.json"):
    """Write the file as version 0.1.0 did; return its path."""
    path = Path(os.environ["BOARDCERT_PINS"]).with_name(name)
    path.write_text(json.dumps({"version": 1, "boards": [vars(pin) for pin in pins]}, indent=2))
    return path


def backups(path):
    """Return the renamed copies of the file."""
    return sorted(one.name for one in path.parent.glob(f"{path.name}?*"))


def test_the_known_boards_are_in_the_inventory_and_the_file_is_kept():
    """Any first command imports dates, ports and addresses, and keeps the file."""
    hall = Pin("hall.local:8443", None, _OTHER_KEY, "EF", "2026-11-27T00:00:00Z", 8443, None)
    path = write(_KITCHEN, hall)
    content = path.read_bytes()
    assert load_pins() == [hall, _KITCHEN]
    assert not path.exists() and backups(path) == ["known_boards.json.imported"]
    assert path.with_name("known_boards.json.imported").read_bytes() == content
    write(Pin("attic.local", None, f"sha256//{'A' * 43}=", "01", _SEEN))
    assert len(load_pins()) == 3
    assert backups(path) == ["known_boards.json.imported", "known_boards.json.imported-2"]


def test_a_file_is_taken_over_once(monkeypatch):
    """The file is imported once, even if the program is killed before it renames the file."""
    path = write(_KITCHEN)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_move_away", lambda path: None)
        assert load_pins() == [_KITCHEN]
        forget_pin("kitchen.local")
    assert path.exists()
    assert load_pins() == []
    assert not path.exists()


def test_names_of_one_board_are_of_one_board():
    """Names of one board become one entry, even if only one has the chip's number."""
    other = Pin("10.0.0.1:20034", None, _KEY, "AB", "2026-11-27T00:00:00Z", 20034, None)
    write(_KITCHEN, other)
    assert {(pin.host, pin.unique_id) for pin in load_pins()} == {
        ("10.0.0.1:20034", "01"),
        ("kitchen.local", "01"),
    }


@pytest.mark.parametrize("other", ["Kitchen.local", "kitchen.local."])
def test_old_spellings_are_brought_to_one(other):
    """Spellings with one key become one board; with two keys, the user has to decide."""
    path = write(_KITCHEN, Pin(other, None, _KEY, "AB", _SEEN))
    assert [pin.host for pin in load_pins()] == ["kitchen.local"]
    content = write(_KITCHEN, Pin(other, None, _OTHER_KEY, "AB", _SEEN)).read_text()
    with pytest.raises(Error, match=r"kitchen\.local is listed twice"):
        load_pins()
    assert path.read_text() == content


def test_two_boards_with_one_key_are_both_kept_and_shouted_about(capsys):
    """Two boards with one key are both kept with their pins, with a loud warning."""
    write(_KITCHEN, Pin("hall.local", "02", _KEY, "AB", "2026-11-29T00:00:00Z"))
    assert {pin.host for pin in load_pins()} == {"hall.local", "kitchen.local"}
    said = capsys.readouterr().err
    assert "TWO BOARDS WITH ONE KEY: hall.local (unit 02) and kitchen.local (unit 01)" in said
    assert main(["history", "hall.local"]) == 0
    assert "TWO BOARDS WITH ONE KEY" in capsys.readouterr().out


def test_what_contradicts_the_inventory_is_left_out_and_told(capsys):
    """An entry that contradicts the inventory is skipped and reported."""
    add_pin("kitchen.local", {"public_key_pin": _OTHER_KEY, "fingerprint": "EF"})
    attic = Pin("attic.local", None, f"sha256//{'A' * 43}=", "01", _SEEN)
    path = write(_KITCHEN, attic)
    found = {pin.host: pin.public_key_pin for pin in load_pins()}
    assert found == {"attic.local": attic.public_key_pin, "kitchen.local": _OTHER_KEY}
    said = capsys.readouterr().err
    assert "kitchen.local has another key in the inventory" in said and _KEY in said
    assert backups(path)


def test_a_chip_with_two_keys_is_told(capsys):
    """A chip with two keys and names is reported, with the older entry to forget."""
    write(_KITCHEN, Pin("hall.local", "01", _OTHER_KEY, "EF", "2026-11-29T00:00:00Z"))
    found = {pin.host: pin.unique_id for pin in load_pins()}
    assert found == {"hall.local": None, "kitchen.local": "01"}
    assert "hall.local has the chip number of kitchen.local" in capsys.readouterr().err


def _damaged():
    """Yield invalid contents of the file."""
    yield from (b"", b"[]", b"\xff\xfe{", b'{"version": 2, "boards": []}', b'{"version": 1}')
    yield b'{"version": 1, "boards": [{"host": "kitchen.local"}]}'
    for wrong in (
        {"public_key_pin": "AB"},
        {"port": "20034"},
        {"address": "kitchen"},
        {"host": "not a host"},
        {"first_seen": "soon"},
        {"unique_id": 1},
    ):
        boards = [vars(_KITCHEN) | wrong]
        yield json.dumps({"version": 1, "boards": boards}).encode()


def test_a_damaged_file_is_an_error_and_is_kept():
    """A damaged file is an error and is kept, as reading it as empty would trust any board."""
    path = write()
    facts = {"public_key_pin": _KEY, "fingerprint": "AB"}
    for content in _damaged():
        path.write_bytes(content)
        for use in (load_pins, lambda: add_pin("kitchen.local", facts)):
            with pytest.raises(Error, match="is damaged"):
                use()
        assert path.read_bytes() == content and backups(path) == []


def test_an_inventory_that_is_named_for_once_does_not_take_the_file(tmp_path, capsys):
    """With --inventory, the file is not imported; `import` does that."""
    path = write(_KITCHEN)
    named = ["--inventory", str(tmp_path / "other.db")]
    assert main([*named, "pin", "list"]) == 0
    assert path.exists()
    assert main([*named, "import", str(path)]) == 0
    assert "1 board added" in capsys.readouterr().out
    assert main([*named, "pin", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pins"] == [vars(_KITCHEN)]
    assert load_pins() == [_KITCHEN]
