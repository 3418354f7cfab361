"""Board names: numbered by a pattern, unique, with a pin that follows its board."""

import subprocess
import sys
from pathlib import Path

import pytest
from boardcert_host.board import tokens
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.flash import host_names
from boardcert_host.flash.batch_numbers import Numbers
from boardcert_host.flash.batch_record import FAILED, Entry, Record
from boardcert_host.flash.reserved import reserve
from boardcert_host.trust import pins
from processes import started

_TOKEN = "abcdefghijklmnopqrstuvwx27"  # noqa: S105 (made up)


def facts(unique_id: str, key: str = "A") -> dict[str, str]:
    """Return what is stored about a made-up board."""
    return {"unique_id": unique_id, "public_key_pin": f"sha256//{key}", "fingerprint": "AB:CD"}


def chosen(wanted: str, unique_id: str | None) -> str | None:
    """Return the name that a board gets now."""
    with host_names.chosen(wanted, unique_id) as name:
        return name


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("sensor-{n:03}", "sensor-007"),
        ("sensor-{n}.example.com", "sensor-7.example.com"),
        ("S{n:04x}", "s0007"),
    ],
)
def test_a_pattern_is_filled_in(pattern: str, expected: str) -> None:
    """A pattern is filled in as by str.format, in lower case as boards' names are."""
    assert host_names.host_name_of(host_names.check_host_name(pattern), 7) == expected


@pytest.mark.parametrize(
    "text",
    [
        "sensor-{}",
        "sensor-{m}",
        "sensor-{n",
        "sensor-n}",
        "{n.__class__}",
        "{n!r}",
        "{n:999999999}",
        "{n:03}-",
        "s_{n}",
        "{{n}}",
        "s" * 60 + "{n}",
        "kitchen.local-{n}",
        "kitchen.{n}",
        "192.168.4.1",
    ],
)
def test_what_is_no_name_for_every_board_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pattern that is invalid for some number is a usage error before anything is read."""
    with pytest.raises(Error):
        host_names.check_host_name(text)
    words = ["flash", "RPI_PICO_W", "--port", "/dev/none", "--hostname", text]
    assert main(words) == 2
    assert "for example kitchen" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-", "each part begins and ends with a letter or a digit"),
        ("-{n}", "each part begins and ends with a letter or a digit"),
        ("küche", "'ü' is not allowed, only the letters a to z, digits and hyphens"),
        ("s_1", "'_' is not allowed"),
        ("", "it is empty"),
        ("kitchen.", "a part before or after a dot is empty"),
        ("kitchen.local-{n}", "the number belongs before the first dot"),
        ("s" * 64, "it has 64 characters, at most 63 are possible"),
        ("192.168.4.1", "this looks like an address"),
    ],
)
def test_the_hint_says_what_is_wrong_with_a_host_name(text: str, reason: str) -> None:
    """The hint shows the host name as it was typed."""
    with pytest.raises(Error) as caught:
        host_names.check_host_name(text)
    assert caught.value.message == f"not a host name: {text}"
    assert reason in str(caught.value.hint)


def test_the_next_number_is_the_lowest_that_nothing_has() -> None:
    """The next number is the lowest one that no pinned or current board has."""
    for number in (1, 2, 4):
        pins.add_pin(f"sensor-{number:03}.local", facts(f"0{number}", "ABCD"[number - 1]))
    assert host_names.next_free("sensor-{n:03}") == (3, "sensor-003")
    assert host_names.next_free("sensor-{n:03}", ["sensor-003"]) == (5, "sensor-005")
    assert host_names.next_free("lamp-{n}") == (1, "lamp-1")


def test_a_board_that_is_flashed_again_keeps_its_number() -> None:
    """A board that is flashed again keeps its number: it is recognised by its chip."""
    pins.add_pin("sensor-002.local", facts("02"))
    assert chosen("sensor-{n:03}", "02") == "sensor-002"
    assert chosen("sensor-{n:03}", "03") == "sensor-001"
    assert chosen("sensor-{n:03}", None) == "sensor-001"
    assert chosen("kitchen", "02") == "kitchen"


# Asks for a name as `flash` does, holds it until its input ends, and fails.
_HOLDING = """
import sys
from boardcert_host.flash.host_names import chosen
with chosen("sensor-{n:03}", None) as name:
    print(name, flush=True)
    sys.stdin.read()
    raise SystemExit("failed")
"""


def test_programs_at_the_same_time_take_different_numbers(tmp_path: Path) -> None:
    """Several flashes, and a batch; one that has failed, or was killed, gives its number back."""
    command = [sys.executable, "-c", _HOLDING]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with started(command, **pipes) as first, started(command, **pipes) as second:
        names = {program.stdout.readline().strip() for program in (first, second)}
        assert names == {"sensor-001", "sensor-002"}
        assert chosen("sensor-{n:03}", "09") == "sensor-003"
        numbers = Numbers(Record(tmp_path), "sensor-{n:03}")
        mine = numbers.take(None)
        assert mine == ("003", "sensor-003")
        assert chosen("sensor-{n:03}", None) == "sensor-004"
        numbers.give_back(mine)
        first.kill()
        second.stdin.close()
        assert (first.wait(), second.wait()) == (-9, 1)
    assert chosen("sensor-{n:03}", None) == "sensor-001"
    assert chosen("lamp-{n}", None) == "lamp-1"


def test_without_a_usable_cache_a_board_is_named_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache cannot be made, or another user's lock in it cannot be opened."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("BOARDCERT_CACHE", str(cache))
    assert chosen("sensor-{n:03}", None) == "sensor-001"
    # Which root cannot open either.
    (lock,) = (cache / "names").iterdir()
    lock.unlink()
    lock.mkdir()
    assert chosen("sensor-{n:03}", None) == "sensor-001"
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOARDCERT_CACHE", str(tmp_path / "file"))
    assert chosen("sensor-{n:03}", None) == "sensor-001"
    # A batch tells its own boards apart even so.
    numbers = Numbers(Record(tmp_path), "sensor-{n:03}")
    assert [numbers.take(None)[1] for _ in range(2)] == ["sensor-001", "sensor-002"]


def test_a_name_is_reserved_however_it_and_the_inventory_are_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that a board has in .local is reserved, in the file that the inventory is."""
    monkeypatch.setenv("BOARDCERT_INVENTORY", str(tmp_path / "boards.db"))
    with host_names.chosen("sensor-{n:03}", None) as name:
        assert name == "sensor-001"
        assert chosen("sensor-{n:03}.local", None) == "sensor-002.local"
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("BOARDCERT_INVENTORY", "boards.db")
        assert chosen("sensor-{n:03}", None) == "sensor-002"
        monkeypatch.setenv("BOARDCERT_INVENTORY", "others.db")
        assert chosen("sensor-{n:03}", None) == "sensor-001"


def failed(unique_id: str) -> Entry:
    """Return the entry of a made-up board that was given the first name, and failed."""
    return Entry("001", "sensor-001", unique_id, FAILED)


def test_the_name_of_a_repeated_board_is_reserved(tmp_path: Path) -> None:
    """It is not pinned yet; if another program is giving it to a board, the next one is taken."""
    record = Record(tmp_path)
    record.add(failed("01"))
    numbers = Numbers(record, "sensor-{n:03}")
    mine = numbers.take("01")
    assert mine == numbers.take("01") == ("001", "sensor-001")
    assert chosen("sensor-{n:03}", None) == "sensor-002"
    numbers.give_back(mine)
    with host_names.chosen("sensor-{n:03}", None) as name:
        assert name == "sensor-001"
        assert numbers.take("01") == ("002", "sensor-002")
        # A pin is stronger.
        pins.add_pin("sensor-001.local", facts("01"))
        assert numbers.take("01") == ("001", "sensor-001")


def test_two_stations_give_no_name_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look into the record and the lock, the other one's board fails with the name."""
    record = Record(tmp_path)
    numbers = Numbers(record, "sensor-{n:03}")

    def reserve_late(name: str) -> object:
        if not record.read():
            record.add(failed("02"))
        return reserve(name)

    monkeypatch.setattr(host_names, "reserve", reserve_late)
    assert numbers.take("01") == ("002", "sensor-002")
    assert numbers.take("02") == ("001", "sensor-001")


def test_a_name_that_another_board_has_is_refused() -> None:
    """A name of another board is refused; the board itself, or an unknown chip, may have it."""
    pins.add_pin("kitchen.local", facts("01"))
    with pytest.raises(Error, match=r"kitchen\.local is the board 01, .* this one is 02") as caught:
        host_names.refuse_duplicate("kitchen", "02")
    assert "pin forget kitchen.local" in (caught.value.hint or "")
    host_names.refuse_duplicate("kitchen", "01")
    host_names.refuse_duplicate("kitchen", None)
    host_names.refuse_duplicate("larder", "02")


def test_renaming_moves_pin_and_token() -> None:
    """Renaming moves pin and token, with the date of the first contact."""
    first, _ = pins.add_pin("kitchen.local", facts("01"))
    tokens.keep_token("kitchen.local", "sha256//A", _TOKEN)
    assert pins.rename("kitchen.local", "larder.local", facts("01"))
    tokens.rename("kitchen.local", "larder.local")
    (pin,) = pins.load_pins()
    assert (pin.host, pin.first_seen) == ("larder.local", first.first_seen)
    assert tokens.find_token(["larder.local"]) == _TOKEN
    assert tokens.find_token(["kitchen.local"]) is None


@pytest.mark.parametrize(
    ("other", "taken"), [(facts("01", "B"), False), (facts("02"), False), (facts("01"), True)]
)
def test_the_pin_of_another_board_is_not_moved(other: dict[str, str], taken: bool) -> None:
    """A pin of another key or chip is not moved, and none is overwritten."""
    pins.add_pin("kitchen.local", facts("01"))
    if taken:
        pins.add_pin("larder.local", facts("03", "C"))
    before = pins.load_pins()
    assert not pins.rename("kitchen.local", "larder.local", other)
    assert pins.load_pins() == before
