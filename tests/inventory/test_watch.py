"""`boardcert watch`: the inventory live, on terminals of any width, and on a pipe."""

import datetime
import io
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.inventory import store
from boardcert_host.inventory.changes import forget_boards
from boardcert_host.inventory.sightings import Seen, note_seen
from boardcert_host.overview import terminal, watching
from boardcert_host.overview.state import STATES, look, worst
from boardcert_host.overview.verifying import Verification
from boardcert_host.overview.watching import Watch
from boardcert_host.trust.pins import add_pin
from inventory_cases import report, sentence
from rich.console import Console
from servers import refusing_port

_LIMIT_S = 120
_sqlite = pytest.mark.parametrize("inventory", ["sqlite"], indirect=True)


def _view(note=""):
    with store.reading() as connection:
        rows = [row for rows in worst(connection, 50) for row in rows]
        return terminal.View(look(connection, None, 50), rows, note)


def _drawn(view, width, height=24):
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, no_color=True)
    console.print(terminal.draw(view, width, height))
    return file.getvalue().splitlines()


@_sqlite
@pytest.mark.parametrize("width", [30, 59, 80, 100, 200])
def test_it_fits_a_terminal_of_any_width(three, width):
    """A narrow terminal shows the most important first: counts, state and name."""
    note_seen([Seen("sensor-002.local", "not valid", "certificate dates " * 20)])
    lines = _drawn(_view("verifying all boards"), width)
    assert max(map(len, lines)) <= width and lines[0].startswith("3 boards, ")
    text = "\n".join(lines)
    assert "1 not valid" in text and "verifying" in text
    table = lines[next(at for at, line in enumerate(lines) if line.startswith("state")) + 1 :]
    assert table[0].startswith("not valid") and table[1].startswith("ends soon")
    assert ("address" in text, "days left" in text) == (width >= 100, width >= 60)


@_sqlite
def test_a_low_terminal_shows_the_worst(three):
    """A low terminal shows the worst boards, and the changes below."""
    lines = _drawn(_view(), 80, height=14)
    assert len(lines) <= 14
    assert sum(line.startswith(STATES) for line in lines) == 1


def test_what_boards_say_is_no_command_to_the_terminal(sqlite):
    """Text from boards contains neither control sequences nor markup."""
    add_pin("evil.local", report(1))
    note_seen([Seen("evil.local", "not valid", "\x1b[2J[red]evil\u202e")])
    text = "\n".join(_drawn(_view(), 200))
    assert "\x1b" not in text and "\u202e" not in text and "[red]evil" in text


def _watch(monkeypatch, *steps):
    """Return a Watch that stops after these *steps*, which run between its updates."""
    rest = iter(steps)
    left = [len(steps)]

    def pause(_):
        left[0] -= 1
        next(rest)()

    monkeypatch.setattr(watching.time, "sleep", pause)
    return Watch(5, Verification(None, None), lambda: left[0] == 0)


def test_on_a_pipe_there_is_a_line_for_each_change(three, capsys, monkeypatch):
    """A pipe gets one line for each change, and none for a repeated verdict."""
    seen = [Seen("sensor-001.local", "valid")]
    steps = [lambda: note_seen(seen), lambda: note_seen(seen), lambda: None]
    steps.append(lambda: forget_boards(["hall_x.local"]))
    _watch(monkeypatch, *steps).on_pipe()
    told = [line[17:] for line in capsys.readouterr().out.splitlines()]
    assert told.pop(0) == "3 boards: 1 ends soon, 2 never verified"
    assert told.pop(0) == "sensor-001.local valid"
    assert told.pop(-1) == "2 boards: 1 ends soon, 1 never verified"
    assert len(told) == 2 and all(" forgotten by " in line for line in told)


@_sqlite
def test_trouble_with_the_database_is_shown_and_outlived(three, monkeypatch):
    """A database fault is shown above the last state; at the start, it is an error."""
    watch = _watch(monkeypatch, lambda: None)
    view = watch._look(24)
    with monkeypatch.context() as patch:

        def fail():
            raise Error("another program holds the inventory")

        patch.setattr(store, "reading", fail)
        after = watch._next(view, 24)
        with pytest.raises(Error, match="holds the inventory"):
            watch._look(24)
    assert (after.rows, after.note) == (view.rows, "another program holds the inventory")


@_sqlite
def test_ctrl_c_leaves_the_terminal_as_it_was(three):
    """Ctrl-C restores the terminal, and the program dies of the signal."""
    main_end, terminal_end = pty.openpty()
    command = [sys.executable, "-m", "boardcert_host", "watch", "--interval", "1"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        command, stdin=terminal_end, stdout=terminal_end, stderr=terminal_end, env=environment
    )
    os.close(terminal_end)
    try:
        shown = _read_until(main_end, b"3 boards")
        process.send_signal(signal.SIGINT)
        shown += _read_until(main_end, b"\x1b[?1049l")
        assert process.wait(_LIMIT_S) == -signal.SIGINT
    finally:
        process.kill()
        process.wait()
        os.close(main_end)
    assert shown.startswith(b"\x1b[?1049h") and b"Traceback" not in shown


def _read_until(descriptor, words):
    data, end = b"", time.monotonic() + _LIMIT_S
    while words not in data:
        assert time.monotonic() < end, data
        data += os.read(descriptor, 65536)
    return data


@_sqlite
def test_boards_are_verified_beside_it(inventory):
    """A separate program verifies, and its verdicts are in the inventory."""
    add_pin("127.0.0.1", report(1), refusing_port())
    verification = Verification(datetime.timedelta(hours=1), None)
    assert verification.words == ""
    verification.go_on()
    assert verification.words == "verifying all boards"
    end = time.monotonic() + _LIMIT_S
    while verification.words == "verifying all boards":
        assert time.monotonic() < end
        time.sleep(0.1)
        verification.go_on()
    verification.close()
    assert verification.words.startswith("verified at ")
    assert _view().overview.states["unreachable"] == 1


@pytest.mark.parametrize("words", ["--interval 0", "--verify soon", "--verify 0h"])
def test_wrong_times_are_a_sentence(words, capsys):
    """Wrong times are reported before anything is read."""
    assert main(["watch", *words.split()]) == 2
    assert capsys.readouterr().err.startswith("boardcert: ")


def test_without_an_inventory_there_is_nothing_to_watch(sqlite, capsys):
    """Without an inventory, the error says what to do."""
    assert "there is no inventory yet" in sentence(capsys, "watch")
