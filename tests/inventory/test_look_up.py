"""Looking up one board among many gives the same as reading all of them."""

import pytest
from boardcert_host.errors import Error
from boardcert_host.trust import location, look_up, pins
from boardcert_host.trust.pins import add_pin, load_pins
from inventory_cases import key

_PLACES = (
    ("kitchen.local", 20034, "192.168.4.1"),
    ("kitchen.local:443", None, "192.168.4.1"),
    ("hall.local:8443", None, "192.168.4.2"),
    ("shed.local:1", None, None),
    ("shed.local:2", None, None),
    ("shed", None, "192.168.4.3"),
    ("shed_local.example", 443, "192.168.4.2"),
    ("[fd00::7]:20034", None, "fd00::7"),
    ("fd00::8", 20034, "fd00::8"),
    ("10.0.0.1:5", None, "10.0.0.1"),
    ("10.0.0.1:6", None, "10.0.0.1"),
)
_ASKED = ("kitchen", "kitchen.local", "kitchen.local:443", "kitchen.local:1", "KITCHEN.local.")
_ASKED += ("hall", "hall.local", "hall.local:8443", "shed", "shed.local", "shed.local:2", "shed:9")
_ASKED += ("192.168.4.1", "192.168.4.1:20034", "192.168.4.2", "192.168.4.2:443", "192.168.4.9")
_ASKED += ("fd00::7", "[fd00::7]:20034", "[fd00::8]:20034", "fd00::9", "10.0.0.1", "10.0.0.1:6")
_ASKED += ("https://hall.local/", "shed%local", "s", "kitchen.loca", "10.0.0")


@pytest.fixture
def known(inventory):
    """Add boards whose names could be confused."""
    for number, (host, port, address) in enumerate(_PLACES):
        facts = {"public_key_pin": key(chr(ord("A") + number)), "fingerprint": "00"}
        add_pin(host, facts | {"unique_id": f"{number:02}"}, port, address)


def outcome(find):
    """Return the place or the error."""
    try:
        return find()
    except Error as error:
        return error.message


def test_queries_find_what_reading_all_finds(known):
    """Queries by any host spelling, certificate name, key or chip find the same board."""
    boards = load_pins()
    for name in (None, "hall.local"):
        for text in _ASKED:
            by_query = outcome(lambda text=text, name=name: look_up.place_of(text, name))
            by_reading = outcome(lambda text=text, name=name: location.find(text, boards, name))
            assert by_query == by_reading, (text, name)
    (pin,) = look_up.of_unit("02")
    assert pin.host == "hall.local:8443" and look_up.of_unit("99") == []
    assert look_up.with_keys([pin.public_key_pin, key("Z")]) == [pin]
    found = look_up.about_all([("hall", None), ("10.0.0.1:5", None), ("nobody", None)])
    assert {one.host for one in found} >= {"hall.local:8443", "10.0.0.1:5", "10.0.0.1:6"}
    assert not {one.host for one in found} & {"kitchen.local", "shed.local:1"}


def test_one_board_is_found_without_reading_all(known, monkeypatch):
    """Commands about one board do not read all, and still suggest similar names."""
    from boardcert_host.commands.shared import pinned_as

    monkeypatch.setattr(pins, "load_pins", None)
    assert pinned_as("kitchen") == "kitchen.local"
    with pytest.raises(Error) as caught:
        pinned_as("kitchn")
    assert "kitchen.local" in caught.value.hint
