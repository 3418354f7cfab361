"""`boardcert list`, `history`, `tag`, `note`, `rename` and `forget`."""

import csv

import pytest
from boardcert_host.board import tokens
from boardcert_host.cli import main
from boardcert_host.inventory.sightings import Seen, note_seen
from boardcert_host.trust.pins import add_pin, follow_key
from inventory_cases import key, names, report, run

_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)

pytestmark = pytest.mark.usefixtures("inventory")


_FOUND = {
    "": "hall_x sensor-001 sensor-002",
    "sensor-*": "sensor-001 sensor-002",
    "SENSOR-00?.local": "sensor-001 sensor-002",
    "hall_x.local sensor-001.local": "hall_x sensor-001",
    "hall?x*": "hall_x",
    "sensor_001.*": "",
    "Sensor-001": "sensor-001",
    "10.0.0.3:8443": "hall_x",
    "192.168.4.*": "sensor-001 sensor-002",
    "e6602": "sensor-002",
    "0001": "sensor-001",
    "%": "",
    "--where source=installed": "sensor-002",
    "--where board=*Pico* --where unique-id=e6603": "hall_x",
    "--expiring 20d": "sensor-001",
    "--expiring 5w --sort not-after": "sensor-001 hall_x",
    "--sort not-after --reverse": "sensor-002 hall_x sensor-001",
    "--sort address": "sensor-001 sensor-002 hall_x",
    "--sort serial-number --reverse": "sensor-001 sensor-002 hall_x",
    "--unseen 1h": "",
    "--tag north": "",
}


def test_boards_are_found_and_sorted(three, capsys):
    """Boards are selected by patterns, fields and times; unknown values sort last."""
    for words, found in _FOUND.items():
        assert names(capsys, *words.split()) == [f"{name}.local" for name in found.split()], words


def test_boards_have_tags_and_notes(three, capsys):
    """Tags are unique, and can be removed."""
    assert run(capsys, "tag", "sensor-001.local", "north", "shelf", "north")["tags"] == [
        "north",
        "shelf",
    ]
    run(capsys, "tag", "10.0.0.3", "north")
    assert names(capsys, "--tag", "north") == ["hall_x.local", "sensor-001.local"]
    assert names(capsys, "--tag", "north", "--tag", "shelf") == ["sensor-001.local"]
    assert run(capsys, "tag", "hall_x.local", "--remove", "north")["tags"] == []
    run(capsys, "note", "hall_x.local", "new battery", "--serial-number", "0017")
    (board,) = run(capsys, "list", "0017")["boards"]
    assert (board["notes"], board["unique_id"]) == ("new battery", "e6603")
    run(capsys, "note", "hall_x.local", "")
    assert run(capsys, "list", "0017")["boards"][0]["notes"] == ""


def test_a_table_is_for_people_and_csv_for_spreadsheets(three, capsys):
    """CSV for spreadsheets contains no formula from a note, unlike the table for people."""
    run(capsys, "note", "hall_x.local", '=HYPERLINK("http://x")')
    run(capsys, "tag", "hall_x.local", "north")
    assert main(["list"]) == 0
    head, hall, first, _ = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["name", "address"]
    assert hall.split()[:2] == ["hall_x.local", "+1"] and hall.endswith("  north")
    assert first.split()[:4] == ["sensor-001.local", "192.168.4.11", "e6601", "10"]
    assert main(["list", "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["host"] for row in rows] == [
        "hall_x.local",
        "sensor-001.local",
        "sensor-002.local",
    ]
    assert rows[0]["notes"] == '\'=HYPERLINK("http://x")'
    assert rows[0]["hosts"] == "hall_x.local 10.0.0.3:8443"
    assert main(["list", "nothing"]) == 0
    assert capsys.readouterr() == ("", "boardcert: no known board matches\n")


def test_an_empty_inventory_says_how_boards_get_into_it(inventory, capsys):
    """An empty inventory gets a hint; a pattern without a match gets another."""
    for words in ([], ["--sort", "verdict", "--reverse"]):
        assert main(["list", *words]) == 0
        assert "no board is known yet\nboardcert: hint: " in capsys.readouterr().err
    assert main(["list", "--tag", "north"]) == 0
    assert "no known board matches" in capsys.readouterr().err


def test_the_history_of_a_board_outlives_it(three, capsys):
    """History keeps keys, certificates, verdicts and users; an unchanged verdict is one row."""
    follow_key(["sensor-001.local"], key("B"), report(1, 3650) | {"public_key_pin": key("Z")})
    for verdict in ("valid", "valid", "not valid", "valid"):
        note_seen([Seen("sensor-001.local", verdict, "dates" if verdict[0] == "n" else "")])
    told = run(capsys, "history", "SENSOR-001")
    assert [one["what"] for one in told["events"]] == ["pinned", "provisioned", "new key"]
    assert {one["public_key_pin"] for one in told["certificates"]} == {key("B"), key("Z")}
    rows = [(one["verdict"], one["times"], one["detail"]) for one in told["verdicts"]]
    assert rows == [("valid", 2, ""), ("not valid", 1, "dates"), ("valid", 1, "")]
    assert "@" in told["events"][0]["who"]
    assert run(capsys, "list", "--where", "verdict=valid")["boards"][0]["hosts"]
    assert run(capsys, "forget", "sensor-001.local")["forgotten"] == ["sensor-001.local"]
    assert names(capsys, "sensor-001.local") == []
    add_pin("sensor-001.local", report(9))
    told = run(capsys, "history", "sensor-001")
    assert [one["what"] for one in told["events"]][-2:] == ["forgotten", "pinned"]
    assert main(["history", "sensor-001.local"]) == 0
    assert "sensor-001.local forgotten by " in capsys.readouterr().out


def test_all_names_are_forgotten_or_none(three, capsys):
    """`forget` removes all named boards or none: an unknown name stops it."""
    assert main(["forget", "sensor-002.local", "sensor-003.local"]) == 3
    assert "sensor-003.local is not pinned" in capsys.readouterr().err
    assert "sensor-002.local" in names(capsys)
    told = run(capsys, "forget", "sensor-002.local", "10.0.0.3:8443")
    assert told["forgotten"] == ["sensor-002.local", "hall_x.local", "10.0.0.3:8443"]
    assert names(capsys) == ["sensor-001.local"]


def test_a_renamed_board_takes_its_token_along(three, capsys):
    """A board's token follows it to a new name that no board has."""
    tokens.keep_token("hall_x.local", key("D"), _TOKEN)
    assert main(["rename", "hall_x.local", "sensor-001.local"]) == 3
    assert "is another board already" in capsys.readouterr().err
    assert main(["rename", "hall_x", "Larder"]) == 0
    assert "own name and certificate: boardcert set larder.local" in capsys.readouterr().err
    assert names(capsys, "e6603") == ["larder.local"]
    assert tokens.find_token(["larder.local"]) == _TOKEN


def test_a_token_that_another_stands_in_the_way_of_is_named(three, capsys):
    """If a forgotten board's token has the new name, both stay, and a hint says what to do."""
    tokens.keep_token("hall_x.local", key("D"), _TOKEN)
    tokens.keep_token("larder.local", key("E"), _TOKEN[::-1])
    assert main(["rename", "hall_x.local", "larder.local"]) == 3
    messages = capsys.readouterr().err
    assert "its token did not follow: the key ring has another token for larder.local" in messages
    assert "boardcert token larder.local --usb PORT" in messages and _TOKEN not in messages
    assert {entry.token for entry in tokens.load_tokens().values()} == {_TOKEN, _TOKEN[::-1]}


_WRONG = (
    "list --where source",
    "list --where colour=red",
    "list --sort colour",
    "list --expiring soon",
    "list --json --csv",
    "tag hall_x.local",
    "tag hall_x.local a,b",
    "tag hall_x.local ''",
    "note hall_x.local",
    "rename hall_x.local no/host",
    "forget",
)


def test_what_is_not_said_rightly_is_a_usage_error(three, capsys):
    """Usage errors list the valid choices."""
    for words in _WRONG:
        assert main([word.strip("'") for word in words.split()]) == 2, words
        assert "boardcert: hint: " in capsys.readouterr().err


@pytest.mark.parametrize("words", [["list", "\udcff"], ["list", "--where", "notes=\udcff"]])
def test_bytes_that_are_no_text_are_a_usage_error(words, three, capsys):
    """Bytes that are not text, passed by a shell, are a usage error."""
    assert main(words) == 2
    assert "not text in UTF-8" in capsys.readouterr().err
    assert main(["verify", "--tag", "\udcff"]) == 2
