"""What is kept of each board, in a directory in which a person keeps other files, too."""

import json

import pytest
from boardcert_host.cli import main
from boardcert_host.enrolment.way import Way
from boardcert_host.errors import Error
from boardcert_host.est.kept import SHELF, Kept
from boardcert_host.est.plan import Plan
from boardcert_host.renewal.following import follow

KEY = "public_key_pin"


@pytest.fixture
def boards():
    """Return the directory of all boards, with an enrolment of kitchen.local."""
    SHELF.save("kitchen.local", kept("kitchen.local"))
    return SHELF.home() / "boards"


def kept(host):
    return Kept(Plan(Way(host), "https://e/est"))


def names(boards):
    return sorted(path.name for path in boards.glob("*.json"))


def test_a_damaged_file_that_was_moved_stays_there(boards):
    """A file of another version that a person gave another name is not taken up again."""
    path = boards / "kitchen.local.json"
    path.write_text(json.dumps({"host": "kitchen.local", "plan": {"of": "another version"}}))
    with pytest.raises(Error, match="is damaged") as raised:
        SHELF.load("kitchen.local")
    assert "to another directory" in str(raised.value.hint)
    path.rename(boards / "kitchen.local.damaged.json")
    assert SHELF.load("kitchen.local") is None and SHELF.hosts() == []
    assert names(boards) == ["kitchen.local.damaged.json"]


@pytest.mark.parametrize(
    "damage", [{"request": "x"}, {"request": 7}, {"installed": [1]}, {"installed": {KEY: [7]}}]
)
def test_a_damaged_request_ends_no_renaming(damage, boards):
    """Whose key it is for is not known: it stays as it is, and its renewal says so."""
    path = boards / "kitchen.local.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    before = path.read_bytes()
    assert not follow("kitchen.local", "hall.local", is_own=False, keys=["sha256//"])
    with pytest.raises(Error, match="is damaged"):
        SHELF.load("kitchen.local")
    assert path.read_bytes() == before and names(boards) == [path.name]


@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_copy_is_no_renewal_once_its_board_is_forgotten(boards, is_renamed, capsys):
    """Neither of a board nor of one that was renamed since it was saved."""
    host = "larder.local" if is_renamed else "kitchen.local"
    if is_renamed:
        SHELF.rename("kitchen.local", host, is_own=False)
    copy = boards / f"{host}.2026-11.json"
    copy.write_bytes((boards / f"{host}.json").read_bytes())
    assert SHELF.hosts() == [host]
    assert main(["est", host, "--forget"]) == 0
    capsys.readouterr()
    assert SHELF.hosts() == [] and SHELF.load(host) is None
    assert names(boards) == [copy.name]


def test_a_copy_under_the_name_of_another_board_is_not_that_boards(boards):
    """Its content names its board: nothing is kept of the other one."""
    (boards / "hall.local.json").write_bytes((boards / "kitchen.local.json").read_bytes())
    assert SHELF.load("hall.local") is None and SHELF.hosts() == ["kitchen.local"]


@pytest.mark.parametrize("content", ["[1, 2]", "{", '{"host": 1}', '{"host": "attic.local"}'])
def test_a_file_of_a_person_stays_as_it_is(boards, content):
    """A file that is not ours keeps its name, and is no board."""
    (boards / "Notes of mine.json").write_text(content)
    assert SHELF.hosts() == ["kitchen.local"] and SHELF.load("attic.local") is None
    assert names(boards) == ["Notes of mine.json", "kitchen.local.json"]


def test_a_renaming_is_remembered_until_the_next_change(boards):
    """A file says what it was renamed from, and no longer once it is saved."""
    SHELF.rename("kitchen.local", "larder.local", is_own=False)
    path = boards / "larder.local.json"
    assert json.loads(path.read_bytes())["renamed_from"] == "kitchen.local"
    entry = SHELF.load("larder.local")
    SHELF.save("larder.local", entry)
    assert "renamed_from" not in json.loads(path.read_bytes())
    assert SHELF.load("larder.local") == entry and SHELF.load("kitchen.local") is None


def test_what_cannot_be_read_is_the_trouble_of_one_board(boards, capsys):
    """A file that cannot be read affects no other board, and its renewal says so."""
    (boards / "hall.local.json").mkdir()
    (boards / "gone.local.json").symlink_to(boards / "nothing")
    assert SHELF.load("larder.local") is None
    assert SHELF.load("kitchen.local") == kept("kitchen.local")
    SHELF.rename("kitchen.local", "larder.local", is_own=False)
    assert SHELF.hosts() == ["hall.local", "larder.local"]
    assert main(["est", "--renew"]) == 3
    captured = capsys.readouterr()
    lines = [f"{host}: failed, no certificate yet" for host in ("hall.local", "larder.local")]
    assert captured.out.splitlines() == lines
    assert f"cannot read {boards / 'hall.local.json'}: Is a directory" in captured.err
