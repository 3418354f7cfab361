"""A batch without boards: its record, numbers, ports, and what is refused at the start."""

import argparse
import csv
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from boardcert_host.board import serial_ports
from boardcert_host.board.serial_ports import USBPort
from boardcert_host.cli import main
from boardcert_host.commands import flash_labels
from boardcert_host.errors import Error
from boardcert_host.flash import batch as batches
from boardcert_host.flash import uf2_drive
from boardcert_host.flash.batch import Batch, BatchWishes
from boardcert_host.flash.batch_child import Child
from boardcert_host.flash.batch_numbers import Numbers
from boardcert_host.flash.batch_record import DONE, FAILED, Entry, Record
from boardcert_host.flash.board_kinds import load_board
from boardcert_host.trust import pins

_PATTERN = "sensor-{n:03}"
_NUMBER = b'{"serial_number": 1, "host_name": "a", "unique_id": "b", "result": "done"}\n'


def entry(number: int, result: str = DONE, error: str = "") -> Entry:
    """Return the record entry of a made-up board."""
    serial = f"{number:03}"
    return Entry(serial, f"sensor-{serial}", f"id{number}", result, error)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A record is read back as lines and as a table, with a comma and a line end in a value."""
    record = Record(tmp_path / "batch")
    assert record.read() == []
    wanted = [entry(1), entry(2, FAILED, 'it said "no",\nand went'), entry(2)]
    for one in wanted:
        record.add(one)
    assert record.read() == wanted
    assert record.latest() == {"id1": wanted[0], "id2": wanted[2]}
    with record.table_file.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["host_name"] for row in rows] == ["sensor-001", "sensor-002", "sensor-002"]
    assert rows[1]["error"] == 'it said "no",\\nand went'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", '=HYPERLINK("//x")'])
def test_no_cell_of_the_table_is_a_formula(text: str, tmp_path: Path) -> None:
    """No cell of the table is a formula, as boards' texts are opened in a spreadsheet."""
    record = Record(tmp_path)
    record.add(Entry("1", "", "id1", FAILED, error=text, firmware=text))
    with record.table_file.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["error"] == row["firmware"] == f"'{text}"
    assert record.read()[0].error == text


def test_half_a_line_at_the_end_is_left_out_and_written_over_by_none(tmp_path: Path) -> None:
    """A last line cut by a power failure is ignored, and the next entry starts a new line."""
    record = Record(tmp_path)
    record.add(entry(1))
    whole = record.lines_file.read_bytes()
    record.lines_file.write_bytes(whole + b'{"serial_number": "002", "ho')
    assert record.read() == [entry(1)]
    record.add(entry(2))
    assert record.read() == [entry(1), entry(2)]
    record.lines_file.write_bytes(record.lines_file.read_bytes().rstrip())
    record.add(entry(3))
    assert record.read() == [entry(1), entry(2), entry(3)]


@pytest.mark.parametrize(
    "damage", [b"{}\n", b"nothing\n", b'{"serial_number": 1, "more": 2}\n', _NUMBER]
)
def test_a_damaged_record_is_never_a_shorter_one(damage: bytes, tmp_path: Path) -> None:
    """A damaged record is an error, since a shortened one would assign a number twice."""
    record = Record(tmp_path)
    record.add(entry(1))
    record.lines_file.write_bytes(damage + record.lines_file.read_bytes())
    with pytest.raises(Error, match="damaged"):
        record.read()


def test_several_stations_lose_nothing(tmp_path: Path) -> None:
    """Several stations lose no entry: each waits for the lock."""
    numbers = range(1, 9)
    threads = [
        threading.Thread(target=Record(tmp_path).add, args=(entry(number),)) for number in numbers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = Record(tmp_path)
    assert {one.serial_number for one in record.read()} == {f"{number:03}" for number in numbers}
    with record.table_file.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(numbers)


def test_each_board_has_its_number_and_keeps_it(tmp_path: Path) -> None:
    """A board that is recorded, pinned or being flashed keeps its number."""
    record = Record(tmp_path)
    record.add(entry(1))
    record.add(entry(3, FAILED))
    known = {"unique_id": "id2", "public_key_pin": "sha256//A", "fingerprint": "AB"}
    pins.add_pin("sensor-002.local", known)
    numbers = Numbers(record, _PATTERN)
    assert numbers.take("id3") == ("003", "sensor-003")
    assert numbers.take("id2") == ("002", "sensor-002")
    assert numbers.take(None) == ("004", "sensor-004")
    assert numbers.take("new") == ("005", "sensor-005")
    numbers.give_back(("004", "sensor-004"))
    assert numbers.take(None) == ("004", "sensor-004")


def test_boards_that_name_themselves_are_counted(tmp_path: Path) -> None:
    """Without a pattern, boards that name themselves are counted."""
    record = Record(tmp_path)
    record.add(Entry("1", "", "id1", DONE))
    numbers = Numbers(record, None)
    assert [numbers.take(one) for one in ("id1", "id2", None)] == [("1", ""), ("2", ""), ("3", "")]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of USB ports, which a test changes; there is no drive."""
    ports: list[str] = []
    found = lambda: [USBPort(port, "") for port in ports]  # noqa: E731
    monkeypatch.setattr(serial_ports, "usb_ports", found)
    monkeypatch.setattr(uf2_drive, "drives_of", lambda _: [])
    return ports


def test_a_port_is_the_next_board_s_after_it_was_empty_for_a_while(
    plugged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port is free again after some time without a board, as a restart takes a second."""
    now = [0.0]
    monkeypatch.setattr(batches.time, "monotonic", lambda: now[0])
    wishes = BatchWishes(tmp_path, _PATTERN, (), None, ())
    batch = Batch(load_board("ESP32_GENERIC"), wishes, b"", lambda _: None, lambda _: None)
    worked: list[str] = []
    monkeypatch.setattr(batch._worker, "work", worked.append)

    def look(*ports: str) -> list[str]:
        plugged[:] = ports
        worked.clear()
        batch._look()
        batch.finish()
        now[0] += 1
        return worked

    assert look("a", "b") == ["a", "b"]
    assert look("a", "b") == []
    assert look("a") == [] and look("a") == []
    assert look("a", "b", "c") == ["c"]
    for _ in range(5):
        assert look("a", "c") == []
    assert look("a", "b", "c") == ["b"]


def test_no_more_boards_begin_than_were_asked_for(
    plugged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more boards start than requested; failed ones count, skipped ones do not."""
    plugged[:] = ["a", "b", "c", "d"]
    results = {"a": entry(1), "b": None, "c": entry(2, FAILED, "no"), "d": entry(3)}
    wishes = BatchWishes(tmp_path, _PATTERN, (), 2, ())
    reported: list[Entry] = []
    batch = Batch(load_board("ESP32_GENERIC"), wishes, b"", lambda _: None, reported.append)
    monkeypatch.setattr(batch._worker, "work", results.get)
    batch.run()
    assert batch.ended == reported == [results["a"], results["c"]]
    assert batches.done(reported) == [results["a"]]
    assert batches.failed(reported) == [results["c"]]
    assert batches.failed([*reported, entry(2)]) == []
    assert batch.record.read() == reported


def test_a_port_with_two_names_is_one_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port named twice, or by its /dev/serial/by-id link, is flashed once."""
    device, alias = tmp_path / "ttyACM0", tmp_path / "by-id"
    device.touch()
    alias.symlink_to(device)
    ports = (str(device), str(device), str(alias), "socket://127.0.0.1:1", "socket://127.0.0.1:1")
    monkeypatch.setattr(serial_ports, "is_there", lambda port: True)
    wishes = BatchWishes(tmp_path, _PATTERN, ports, None, ())
    batch = Batch(load_board("ESP32_GENERIC"), wishes, b"", lambda _: None, lambda _: None)
    worked: list[str] = []
    monkeypatch.setattr(batch._worker, "work", worked.append)
    batch._look()
    batch.finish()
    assert len(worked) == 2 and worked[1] == "socket://127.0.0.1:1"


@pytest.mark.parametrize("what", ["logs", "boards.jsonl"])
def test_a_folder_that_cannot_be_written_ends_the_batch(
    what: str, plugged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unwritable folder or a full disk ends the batch with an error."""
    plugged.append("/dev/ttyUSB0")
    if what == "logs":
        (tmp_path / what).touch()
    else:
        (tmp_path / what).mkdir()
    wishes = BatchWishes(tmp_path, None, (), None, ())
    batch = Batch(load_board("ESP32_GENERIC"), wishes, b"", lambda _: None, lambda _: None)
    monkeypatch.setattr(batch._worker, "_look", lambda port: None)
    monkeypatch.setattr(serial_ports, "is_there", lambda port: False)
    with pytest.raises(Error, match=what):
        batch.run()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_does_not_hold_up_a_board(tmp_path: Path) -> None:
    """On a full disk, a board's log is lost, but not its result."""
    log = tmp_path / "board.log"
    log.symlink_to("/dev/full")
    outcome = Child(["RPI_PICO_W", "--port", "/dev/ttyNOSUCH0"], {}, log).run()
    assert outcome.error == "no such port: /dev/ttyNOSUCH0"


def test_boards_of_another_batch_in_the_record_are_noticed(
    plugged: list[str], tmp_path: Path
) -> None:
    """Boards of another kind or name pattern in the record are an error."""
    record = Record(tmp_path)
    mine = Entry("001", "sensor-001", "id1", DONE, board="ESP32_GENERIC")
    others = [replace(mine, host_name="lamp-1", unique_id="id2")]
    others += [replace(mine, board="RPI_PICO_W", unique_id="id3")]
    for one in (mine, *others):
        record.add(one)
    wishes = BatchWishes(tmp_path, _PATTERN, (), None, ())
    batch = Batch(load_board("ESP32_GENERIC"), wishes, b"", lambda _: None, lambda _: None)
    assert batch.strangers() == others


def test_a_flash_that_ends_with_an_error_leaves_its_reason_and_its_log(tmp_path: Path) -> None:
    """A failed flash, a program of its own, leaves reason and log; its password is no argument."""
    log = tmp_path / "logs" / "board.log"
    secret = {"BOARDCERT_WIFI_PASSWORD": "do not tell"}
    child = Child(["RPI_PICO_W", "--port", "/dev/ttyNOSUCH0", "--wifi", "Net"], secret, log)
    outcome = child.run()
    assert outcome.error == "no such port: /dev/ttyNOSUCH0"
    assert "no such port: /dev/ttyNOSUCH0" in log.read_text()
    assert "do not tell" not in f"{child}{outcome}{log.read_text()}"
    wishes = BatchWishes(tmp_path, None, (), None, (), secret)
    assert "do not tell" not in repr(wishes)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--count", "2"], "--count needs --batch"),
        (["--records", "x"], "--records needs --batch"),
        (["--port", "a", "--port", "b"], "several ports need --batch"),
        (["--batch", "--at", "kitchen"], "--batch cannot be used with --at"),
        (["--batch", "--hostname", ""], "several boards cannot be called"),
        (["--hostname", ""], "not a host name"),
        (["--label", "k.gif"], "a label is an .svg or a .png, not k.gif"),
        (["--batch", "--firmware-only"], "--batch cannot be used with --firmware-only"),
        (["--batch", "--count", "0"], "at least 1"),
        (["--batch", "--hostname", "kitchen"], "several boards cannot be called kitchen"),
        (["--batch", "--label", "sheet.png"], "a .pdf or an .svg"),
        (["--label-text", "x"], "need --label"),
        (["--label", "x.svg", "--label-size", "62x29mm"], "is for sheets"),
        (["--label", "x.pdf", "--label-size", "5x5mm"], "too small"),
        (["--label", "x.pdf", "--label-size", "210x297mm"], "at most 194x281mm"),
        (["--label", "x.pdf", "--label-text", "a" * 41], "too long for a label"),
        (["--label", "x.pdf", "--label-text", "{secret}"], "not a text for labels"),
        (["--label", "x.pdf", "--label-text", "{name.__class__}"], "not a text for labels"),
        (["--label", "x.pdf", *["--label-text", "a"] * 3], "2 lines"),
    ],
)
def test_what_cannot_be_meant_is_told_before_a_board_is_looked_for(
    arguments: list[str], reason: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contradictory options are a usage error, and nothing is written."""
    assert main(["flash", "RPI_PICO_W", *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert list(workplace.iterdir()) == []


def test_an_older_sheet_stays(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An existing sheet is overwritten with --force only."""
    (workplace / "labels.pdf").write_bytes(b"older")
    assert main(["flash", "RPI_PICO_W", "--batch", "--label", "labels.pdf", "--json"]) == 3
    assert "exists already" in json.loads(capsys.readouterr().out)["error"]["message"]


@pytest.mark.parametrize("name", ["label.svg", "label.pdf"])
def test_one_board_gets_its_label(name: str, workplace: Path) -> None:
    """One board gets a label with the maker's text; an existing one is kept."""
    report = {"names": ["sensor-007.local"], "unique_id": "id7"}
    pin = {"public_key_pin": f"sha256//{43 * 'A'}=", "first_seen": "2026-11-29T07:00:00Z"}
    wanted = {"label": workplace / name, "label_size": None, "force": False, "batch": False}
    wanted["serial_number"] = None
    arguments = argparse.Namespace(**wanted, label_text=["S/N {serial_number}", "{date}"])
    flash_labels.draw_one(arguments, {"report": report, "pin": pin})
    label = (workplace / name).read_bytes()
    if name.endswith(".svg"):
        for text in (b">sensor-007.local<", b">S/N 007<", b">2026-11-29<"):
            assert text in label
    with pytest.raises(Error, match="exists already"):
        flash_labels.draw_one(arguments, {"report": report, "pin": pin})
