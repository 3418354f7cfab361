"""However a command ends, the board's own program continues."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import files_on_board
import pytest
from boardcert_host.board import usb_report
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.flash import provision
from boardcert_host.virtual import VirtualBoard

_MAIN = b"import time\nwhile True: time.sleep(1)\n"


@pytest.fixture
def busy(installed: Callable[..., VirtualBoard]) -> VirtualBoard:
    """Yield a board with an identity and a program that does not end."""
    board = installed(pace="idle")
    files_on_board.put(board, files_on_board.KITCHEN)
    usb_report.read_report(board.usb_port)
    files_on_board.put(board, {files_on_board.MAIN: _MAIN})
    board.reset()
    return board


def _raise(error: BaseException) -> Callable[..., None]:
    def step(*_arguments: object) -> None:
        raise error

    return step


def test_the_program_runs_again_after_each_end(
    busy: VirtualBoard,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The program runs again after a refusal, a pin mismatch, Ctrl-C, a broken line and success."""
    port = busy.usb_port
    flash = ["flash", "RPI_PICO_W", "--port", port]
    with _restarted(busy):
        assert main([*flash, "--erase"]) == 2
    pin = {"host": "kitchen.local", "unique_id": None, "fingerprint": "AB:CD"}
    pin |= {"public_key_pin": f"sha256//{43 * 'A'}=", "first_seen": "2026-01-01T00:00:00Z"}
    pins = tmp_path / "known_boards.json"
    pins.write_text(json.dumps({"version": 1, "boards": [pin]}))
    with _restarted(busy):
        assert main(["pin", "add", "kitchen.local", "--usb", port]) == 1
    for end in (KeyboardInterrupt(), Error("mpremote was killed")):
        monkeypatch.setattr(provision, "_install", _raise(end))
        with _restarted(busy):
            assert main(flash) != 0


@contextmanager
def _restarted(board: VirtualBoard) -> Iterator[None]:
    """Check that the board has restarted and runs its main.py."""
    boots = board.status()["boots"]
    yield
    deadline = time.monotonic() + 60
    while board.status()["boots"] == boots:
        assert time.monotonic() < deadline, "the program stays stopped"
        time.sleep(0.1)
    board.wait_ready()
