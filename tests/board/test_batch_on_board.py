"""`boardcert flash --batch`: four boards at once; the program for one of them is killed."""

import csv
import json
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
import run_command
from boardcert_host.board import serial_ports, usb_report
from boardcert_host.board.serial_ports import USBPort
from boardcert_host.trust import pins
from boardcert_host.virtual import VirtualBoard
from boardcert_host.virtual.boot_drive import BootDrive
from prepared import AT_ONCE

_NAMES = {f"sensor-{number:03}" for number in range(1, 5)}


@pytest.fixture
def boards(firmware: Path, package_flash: Path, tmp_path: Path) -> Iterator[list[VirtualBoard]]:
    """Yield four boards on cables that have the package already."""
    with ExitStack() as stack:
        started = []
        for number in range(4):
            directory = tmp_path / f"board{number}"
            directory.mkdir()
            shutil.copy(package_flash, directory / "flash.bin")
            board = VirtualBoard(directory, firmware=firmware, pace="idle", **AT_ONCE)
            stack.enter_context(board)
            board.wait_ready()
            started.append(board)
        yield started


class Killer(threading.Thread):
    """Kills the program that flashes the board at *port* as soon as it has started."""

    def __init__(self, port: str, logs: Path) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._logs = logs
        self.is_over = threading.Event()
        self.killed: list[int] = []

    def run(self) -> None:
        """Search for the program until it can be killed."""
        while not self.killed and not self.is_over.wait(0.05):
            for child in psutil.Process().children():
                if self._is_it(child) and any("image" in log.read_text() for log in self._log()):
                    child.send_signal(signal.SIGKILL)
                    self.killed.append(child.pid)

    def _is_it(self, child: psutil.Process) -> bool:
        try:
            words = child.cmdline()
        except psutil.Error:
            return False
        self._name = words[words.index("--hostname") + 1] if "--hostname" in words else ""
        return "flash" in words and self._port in words

    def _log(self) -> list[Path]:
        return list(self._logs.glob(f"{self._name}-*.log"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run a batch with --json; return its exit code, its object and its messages."""
    return run_command.run(capsys, "flash", "VIRTUAL_PICO_W", "--batch", *arguments)


@pytest.mark.timeout(900)  # Four boards compute at once, and one of them does so twice.
def test_four_boards_of_which_one_is_killed_and_repeated(
    boards: list[VirtualBoard],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three boards are finished; the fourth is named, keeps its name, and is repeated alone."""
    folder, sheet = tmp_path / "records", tmp_path / "labels.svg"
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", "")
    program = tmp_path / "app.py"
    program.write_text("print('the maker')\n")
    wanted = ["--hostname", "sensor-{n:03}", "--records", str(folder), "--label", str(sheet)]
    wanted += ["--label-text", "S/N {serial_number}", "--main", str(program)]
    for board in boards:
        wanted += ["--port", board.usb_port]
    killer = Killer(boards[3].usb_port, folder / "logs")
    killer.start()
    try:
        code, answer, messages = run(capsys, *wanted, "--count", "4")
    finally:
        killer.is_over.set()
        killer.join()
    assert killer.killed
    assert (code, len(answer["done"])) == (1, 3), answer
    (failed,) = answer["failed"]
    assert failed["error"] == "flash was killed by signal 9"
    assert failed["unique_id"] == boards[3].unique_id
    assert failed["host_name"] in messages
    assert {one["host_name"] for one in answer["done"]} == _NAMES - {failed["host_name"]}
    assert all(one["host_name"] in sheet.read_text() for one in answer["done"])
    assert failed["host_name"] not in sheet.read_text()

    # Finished boards are left alone.
    code, answer, messages = run(capsys, *wanted, "--count", "1", "--force")
    assert (code, answer["failed"]) == (0, [])
    (repeated,) = answer["done"]
    assert repeated["unique_id"] == boards[3].unique_id
    assert repeated["host_name"] == failed["host_name"]
    _check(boards, folder, sheet)


def _check(boards: list[VirtualBoard], folder: Path, sheet: Path) -> None:
    """Compare the record, the pins and the labels with the boards' own reports."""
    lines = [json.loads(line) for line in (folder / "boards.jsonl").read_text().splitlines()]
    with (folder / "boards.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == lines
    assert [line["result"] for line in lines].count("failed") == 1
    done = {line["unique_id"]: line for line in lines if line["result"] == "done"}
    assert {line["host_name"] for line in done.values()} == _NAMES
    pinned = {pin.host: pin for pin in pins.load_pins()}
    labels = sheet.read_text()
    assert done.keys() == {board.unique_id for board in boards}
    for board in boards:
        line, report = done[board.unique_id], usb_report.read_report(board.usb_port)
        assert line["public_key_pin"] == report["public_key_pin"]
        assert line["name"] == report["names"][0] == f"{line['host_name']}.local"
        assert line["serial_number"] == line["host_name"].rpartition("-")[2]
        assert (line["firmware"], line["package"]) == (report["firmware"], report["version"])
        assert line["started"] <= line["finished"]
        assert pinned[line["name"]].unique_id == board.unique_id
        assert f"S/N {line['serial_number']}" in labels
        log = (folder / line["log"]).read_text()
        assert report["public_key_pin"] in log and "verify" in log
        assert board.exec("print(open('/main.py').read())").strip() == "print('the maker')"
    assert len({line["log"] for line in lines}) == 5


@pytest.mark.timeout(600)  # The whole package is copied.
def test_a_new_board_in_its_boot_loader_is_flashed_when_it_appears(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new board's boot drive, reset and port are recognised as one board with one log."""
    drive, folder = tmp_path / "drive", tmp_path / "records"
    monkeypatch.setenv("BOARDCERT_BOOT_DRIVES", str(drive))
    with BootDrive(tmp_path / "board", drive, pace="idle", **AT_ONCE) as empty:
        # The port is listed as a system does it: while the board's firmware runs.
        listed = lambda: [USBPort(empty.usb_port, "")] if empty.board else []  # noqa: E731
        monkeypatch.setattr(serial_ports, "usb_ports", listed)
        code, answer, messages = run(
            capsys, "--hostname", "new-{n}", "--count", "1", "--records", str(folder)
        )
        assert (code, answer["failed"]) == (0, []), messages
        (done,) = answer["done"]
        report = usb_report.read_report(empty.usb_port)
    assert done["unique_id"] == report["unique_id"]
    assert done["name"] == report["names"][0] == "new-1.local"
    (log,) = (folder / "logs").iterdir()
    text = log.read_text()
    assert "the board restarted" in text and report["public_key_pin"] in text
