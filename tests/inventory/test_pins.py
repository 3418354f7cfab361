"""Known boards in the inventory: first contact, new certificates, changed keys, concurrency."""

import multiprocessing

import pytest
from boardcert_host.errors import Error
from boardcert_host.trust.pins import (
    add_pin,
    find_pin,
    follow_key,
    follow_port,
    forget_pin,
    load_pins,
    refresh,
    rename,
)

_KEY = "sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k="
_THIRD_KEY = f"sha256//{'A' * 43}="
_OTHER_KEY = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def facts(key=_KEY, fingerprint="AB:CD", **more):
    """Return the facts about a board in a report or a certificate."""
    return {"public_key_pin": key, "fingerprint": fingerprint, **more}


pytestmark = pytest.mark.usefixtures("inventory")


def test_in_the_beginning_no_board_is_known():
    """On a new computer, no board is known."""
    assert load_pins() == []
    assert find_pin(load_pins(), ["kitchen.local"]) is None


def test_a_board_is_recognised_after_the_first_meeting():
    """After the first contact a board is known, with its number and the date."""
    pin, is_new = add_pin("kitchen.local", facts(unique_id="e66118604b4c8926"))
    assert is_new
    assert find_pin(load_pins(), ["kitchen.local:20034", "kitchen.local"]) == pin
    assert pin.unique_id == "e66118604b4c8926"
    assert pin.first_seen.endswith("Z")


def test_a_pin_for_a_port_goes_before_the_one_for_the_host():
    """A pin for a port precedes that for the host, as one address may have several boards."""
    add_pin("10.0.0.1", facts())
    add_pin("10.0.0.1:8443", facts(_OTHER_KEY))
    for port, key in ((443, _KEY), (8443, _OTHER_KEY)):
        assert find_pin(load_pins(), [f"10.0.0.1:{port}", "10.0.0.1"]).public_key_pin == key


def test_a_new_certificate_for_the_same_key_is_the_same_board():
    """A new certificate for the same key updates the fingerprint, and keeps the first date."""
    first, _ = add_pin("kitchen.local", facts(unique_id="01"))
    again, is_new = add_pin("kitchen.local", facts(fingerprint="EF:01"))
    assert not is_new
    assert (again.fingerprint, again.unique_id) == ("EF:01", "01")
    assert again.first_seen == first.first_seen
    assert load_pins() == [again]


def test_another_key_is_refused_loudly_and_changes_nothing():
    """Another key is refused with both pins and what to do, and changes nothing."""
    add_pin("kitchen.local", facts())
    before = load_pins()
    with pytest.raises(Error) as caught:
        add_pin("kitchen.local", facts(_OTHER_KEY))
    assert _KEY in caught.value.message
    assert _OTHER_KEY in caught.value.message
    assert caught.value.code == 1
    assert caught.value.hint.endswith("boardcert pin forget kitchen.local")
    assert load_pins() == before


def test_a_forgotten_board_can_be_met_anew():
    """A forgotten board can be added again: this is how to accept a new key."""
    add_pin("kitchen.local", facts())
    assert forget_pin("kitchen.local").public_key_pin == _KEY
    assert add_pin("kitchen.local", facts(_OTHER_KEY))[1]
    with pytest.raises(Error, match=r"hall\.local is not pinned"):
        forget_pin("hall.local")


def test_a_board_is_known_until_its_last_name_is_forgotten():
    """A board stays known, with its key, until its last name is forgotten."""
    add_pin("kitchen.local", facts(unique_id="01"))
    add_pin("10.0.0.1", facts())
    forget_pin("kitchen.local")
    assert [(pin.host, pin.unique_id) for pin in load_pins()] == [("10.0.0.1", "01")]
    with pytest.raises(Error, match="TWO BOARDS WITH ONE KEY"):
        add_pin("hall.local", facts(unique_id="02"))
    forget_pin("10.0.0.1")
    assert load_pins() == [] and add_pin("hall.local", facts(unique_id="02"))[1]


def test_a_key_that_was_changed_on_purpose_is_followed_by_all_names_of_the_board():
    """A deliberate key change applies to all names of the board only, and keeps the date."""
    add_pin("kitchen.local", facts(unique_id="01"))
    add_pin("10.0.0.1:20034", facts())
    add_pin("hall.local", facts(_THIRD_KEY, unique_id="02"))
    before = {pin.host: pin for pin in load_pins()}
    moved = follow_key(["10.0.0.1:20034"], _KEY, facts(_OTHER_KEY, "EF:01", unique_id="01"))
    assert {pin.host for pin in moved} == {"kitchen.local", "10.0.0.1:20034"}
    for pin in load_pins():
        if pin in moved:
            assert (pin.public_key_pin, pin.fingerprint) == (_OTHER_KEY, "EF:01")
            assert pin.first_seen == before[pin.host].first_seen
        else:
            assert pin == before[pin.host]
    assert follow_key(["kitchen.local"], _KEY, facts(_THIRD_KEY)) == []


def test_a_key_that_another_unit_has_is_refused_loudly():
    """A key of another unit is refused in each way of adding it; both units are named."""
    add_pin("kitchen.local", facts(unique_id="01"))
    add_pin("hall.local", facts(_OTHER_KEY, unique_id="02"))
    before = load_pins()
    for use in (
        lambda: add_pin("cellar.local", facts(unique_id="03")),
        lambda: follow_key(["hall.local"], _OTHER_KEY, facts(unique_id="02")),
        lambda: refresh(facts(unique_id="03")),
    ):
        with pytest.raises(Error, match="TWO BOARDS WITH ONE KEY") as caught:
            use()
        assert "kitchen.local (unit 01)" in caught.value.message
        assert caught.value.code == 1
    assert load_pins() == before


def test_a_key_that_another_unit_had_is_refused_as_well():
    """A former key of another unit, which may have been copied, is refused as well."""
    add_pin("kitchen.local", facts(unique_id="01"))
    follow_key(["kitchen.local"], _KEY, facts(_OTHER_KEY, "EF:01", unique_id="01"))
    with pytest.raises(Error, match="TWO BOARDS WITH ONE KEY"):
        add_pin("hall.local", facts(unique_id="02"))
    assert [pin.host for pin in load_pins()] == ["kitchen.local"]


def test_a_unit_has_one_key():
    """A known chip with another key is refused under another name, too."""
    add_pin("kitchen.local", facts(unique_id="01"))
    with pytest.raises(Error, match="has another key") as caught:
        add_pin("hall.local", facts(_OTHER_KEY, unique_id="01"))
    assert caught.value.hint.endswith("boardcert forget kitchen.local")
    assert [pin.host for pin in load_pins()] == ["kitchen.local"]


def test_what_was_known_by_its_key_alone_is_the_board_that_has_it_now():
    """A board added by key from the network is the same one when it reports over USB."""
    add_pin("kitchen.local", facts(unique_id="01"))
    add_pin("10.0.0.1", facts(_OTHER_KEY))
    moved = follow_key(["kitchen.local"], _KEY, facts(_OTHER_KEY, "EF:01", unique_id="01"))
    assert {pin.host for pin in moved} == {"kitchen.local"}
    assert {(pin.host, pin.unique_id) for pin in load_pins()} == {
        ("kitchen.local", "01"),
        ("10.0.0.1", "01"),
    }


def test_names_and_ports_follow_their_board():
    """Names and ports follow their board, except to a name that is in use."""
    add_pin("kitchen.local", facts(unique_id="01"), 20034)
    add_pin("kitchen.local:8443", facts(unique_id="01"))
    add_pin("hall.local:443", facts(_OTHER_KEY, unique_id="02"))
    assert not rename("kitchen.local", "hall.local", facts(unique_id="01"))
    assert not rename("kitchen.local", "larder.local", facts(unique_id="02"))
    assert rename("kitchen.local", "larder.local", facts(unique_id="01"))
    follow_port(facts(unique_id="01"), 20034, 20035)
    found = {pin.host: pin.port for pin in load_pins()}
    assert found == {"larder.local": 20035, "larder.local:8443": 8443, "hall.local:443": 443}
    follow_port(facts(unique_id="01"), 8443, 8444)
    assert "larder.local:8444" in {pin.host for pin in load_pins()}


_SPELLED = (
    ("kitchen.local", "Kitchen.local"),
    ("kitchen.local", "kitchen.local."),
    ("localhost", "LOCALHOST"),
    ("::1", "[0:0::1]"),
    ("[fd00::7]:443", "[FD00:0::7]:443"),
    ("küche.local", "xn--kche-0ra.local"),
)


def test_a_host_spelled_otherwise_is_the_same_board():
    """Other spellings of a host are the same board: a changed key must not pass by them."""
    for pair in _SPELLED:
        for first, second in (pair, reversed(pair)):
            pin, _ = add_pin(first, facts())
            assert find_pin(load_pins(), [second]) == pin
            with pytest.raises(Error, match="has another key"):
                add_pin(second, facts(_OTHER_KEY))
            assert forget_pin(second) == pin


def _add_many(name):
    for number in range(4):
        add_pin(f"{name}-{number}", facts())


def test_two_programs_lose_none_of_each_others_boards():
    """Two programs writing at once lose nothing, even if both are the first."""
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_add_many, args=(name,)) for name in ("a", "b")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(load_pins()) == 8
