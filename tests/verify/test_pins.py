"""The file of known boards: first meeting, new certificates, changed keys, and writers at once."""

import json
import multiprocessing
import os
import stat

import pytest
from boardcert_host.errors import Error
from boardcert_host.trust.pins import (
    add_pin,
    find_pin,
    follow_key,
    forget_pin,
    load_pins,
    pins_file,
)

_KEY = "sha256//RkRNzHZNo2LdBLSMtNYwVXIHTDTBIUpdTRVRGxUtB9k="
_OTHER_KEY = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def facts(key=_KEY, fingerprint="AB:CD", **more):
    """Return what a report or a certificate says of a board."""
    return {"public_key_pin": key, "fingerprint": fingerprint, **more}


@pytest.fixture(autouse=True)
def own_directory(tmp_path, monkeypatch):
    """Put the file where no directory is yet."""
    monkeypatch.setenv("BOARDCERT_PINS", str(tmp_path / "more" / "known_boards.json"))


def test_without_a_file_no_board_is_known():
    """As on a new computer."""
    assert load_pins() == []
    assert find_pin(load_pins(), ["kitchen.local"]) is None


def test_a_board_is_recognised_after_the_first_meeting():
    """With its number, and the day on which that was."""
    pin, is_new = add_pin("kitchen.local", facts(unique_id="e66118604b4c8926"))
    assert is_new
    assert find_pin(load_pins(), ["kitchen.local:20034", "kitchen.local"]) == pin
    assert pin.unique_id == "e66118604b4c8926"
    assert pin.first_seen.endswith("Z")


def test_a_pin_for_a_port_goes_before_the_one_for_the_host():
    """Several boards may stand behind one address."""
    add_pin("10.0.0.1", facts())
    add_pin("10.0.0.1:8443", facts(_OTHER_KEY))
    for port, key in ((443, _KEY), (8443, _OTHER_KEY)):
        assert find_pin(load_pins(), [f"10.0.0.1:{port}", "10.0.0.1"]).public_key_pin == key


def test_a_new_certificate_for_the_same_key_is_the_same_board():
    """The fingerprint is brought up to date, the first meeting stays what it was."""
    first, _ = add_pin("kitchen.local", facts(unique_id="01"))
    again, is_new = add_pin("kitchen.local", facts(fingerprint="EF:01"))
    assert not is_new
    assert (again.fingerprint, again.unique_id) == ("EF:01", "01")
    assert again.first_seen == first.first_seen
    assert load_pins() == [again]


def test_another_key_is_refused_loudly_and_changes_nothing():
    """Both pins are named, and what to do when there is a reason."""
    add_pin("kitchen.local", facts())
    before = pins_file().read_bytes()
    with pytest.raises(Error) as caught:
        add_pin("kitchen.local", facts(_OTHER_KEY))
    assert _KEY in caught.value.message
    assert _OTHER_KEY in caught.value.message
    assert caught.value.code == 1
    assert caught.value.hint.endswith("boardcert pin forget kitchen.local")
    assert pins_file().read_bytes() == before


def test_a_forgotten_board_can_be_met_anew():
    """That is the way to accept a new key."""
    add_pin("kitchen.local", facts())
    assert forget_pin("kitchen.local").public_key_pin == _KEY
    assert add_pin("kitchen.local", facts(_OTHER_KEY))[1]
    with pytest.raises(Error, match=r"hall\.local is not pinned"):
        forget_pin("hall.local")


def test_a_key_that_was_changed_on_purpose_is_followed_by_all_names_of_the_board():
    """Other boards stay as they are, also those that had the same key, and so does the date."""
    add_pin("kitchen.local", facts(unique_id="01"))
    add_pin("10.0.0.1:20034", facts())
    add_pin("10.0.0.2", facts(unique_id="01"))
    add_pin("hall.local", facts(unique_id="02"))
    add_pin("cellar.local", facts("sha256//other", unique_id="01"))
    before = {pin.host: pin for pin in load_pins()}
    moved = follow_key(["10.0.0.1:20034"], _KEY, facts(_OTHER_KEY, "EF:01", unique_id="01"))
    assert {pin.host for pin in moved} == {"kitchen.local", "10.0.0.1:20034", "10.0.0.2"}
    for pin in load_pins():
        if pin in moved:
            assert (pin.public_key_pin, pin.fingerprint) == (_OTHER_KEY, "EF:01")
            assert pin.first_seen == before[pin.host].first_seen
        else:
            assert pin == before[pin.host]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kitchen.local", "Kitchen.local"),
        ("kitchen.local", "kitchen.local."),
        ("localhost", "LOCALHOST"),
        ("::1", "[0:0::1]"),
        ("[fd00::7]:443", "[FD00:0::7]:443"),
        ("küche.local", "xn--kche-0ra.local"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_host_spelled_otherwise_is_the_same_board(one, other, turned):
    """A changed key must not pass because of a capital letter, in old files neither."""
    first, second = (other, one) if turned else (one, other)
    pin, _ = add_pin(first, facts())
    assert find_pin(load_pins(), [second]) == pin
    with pytest.raises(Error, match="has another key"):
        add_pin(second, facts(_OTHER_KEY))
    content = json.loads(pins_file().read_text())
    content["boards"][0]["host"] = first
    pins_file().write_text(json.dumps(content))
    assert load_pins() == [pin]
    assert forget_pin(second) == pin


def test_two_spellings_with_two_keys_are_a_damaged_file():
    """Which of them is the board nobody here can tell."""
    add_pin("kitchen.local", facts())
    content = json.loads(pins_file().read_text())
    (board,) = content["boards"]
    content["boards"].append(board | {"host": "KITCHEN.local", "public_key_pin": _OTHER_KEY})
    pins_file().write_text(json.dumps(content))
    with pytest.raises(Error, match=r"kitchen\.local is listed twice"):
        load_pins()


def test_a_file_that_is_no_utf8_is_damaged():
    """An Error that names the file, not a traceback."""
    pins_file().parent.mkdir()
    pins_file().write_bytes(b"\xff\xfe{")
    with pytest.raises(Error, match="is damaged"):
        load_pins()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"version": 2, "boards": []}',
        '{"version": 1}',
        '{"version": 1, "boards": [{"host": "kitchen.local"}]}',
        '{"version": 1, "boards": [{"host": "h", "unique_id": null, "public_key_pin": "AB",'
        ' "fingerprint": "AB", "first_seen": "2026"}]}',
    ],
)
def test_a_damaged_file_is_an_error_and_is_kept(content):
    """Reading it as empty would trust any board anew."""
    pins_file().parent.mkdir()
    pins_file().write_text(content)
    for use in (load_pins, lambda: add_pin("kitchen.local", facts())):
        with pytest.raises(Error, match="is damaged"):
            use()
    assert pins_file().read_text() == content


def test_only_its_owner_can_read_the_file():
    """Mode 0600, for the file and for its lock, and nothing else is left behind."""
    old = os.umask(0)
    try:
        add_pin("kitchen.local", facts())
    finally:
        os.umask(old)
    left = {path.name: stat.S_IMODE(path.stat().st_mode) for path in pins_file().parent.iterdir()}
    assert left.pop("known_boards.json") == 0o600
    assert set(left.values()) <= {0o600}
    assert set(left) <= {"known_boards.json.lock"}


def _add_many(name):
    for number in range(10):
        add_pin(f"{name}-{number}", facts())


def test_two_programs_lose_none_of_each_others_boards():
    """Each holds the lock from reading to writing."""
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_add_many, args=(name,)) for name in ("a", "b")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(load_pins()) == 20


def test_a_file_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    """A directory stands in its place."""
    (tmp_path / "taken").mkdir()
    monkeypatch.setenv("BOARDCERT_PINS", str(tmp_path / "taken"))
    with pytest.raises(Error, match="cannot read the known boards"):
        add_pin("kitchen.local", facts())


def test_the_file_is_plain_json_that_other_programs_can_read():
    """Its fields are an interface."""
    add_pin("kitchen.local", facts(unique_id="01"))
    content = json.loads(pins_file().read_text())
    assert content["version"] == 1
    (board,) = content["boards"]
    fields = ["host", "unique_id", "public_key_pin", "fingerprint", "first_seen"]
    assert list(board) == [*fields, "port", "address"]
