"""What a batch does with one board: identify it, name it, flash it, and report the result.

A board whose firmware has to go through its boot loader is flashed while no other board is: its
drive, and the port that appears after it, do not say which board they are of.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..board import interruptions, kept_files, mpremote, serial_ports
from ..board.installable import now_text
from ..board.kept_files import BoardState
from ..errors import Error
from ..targets import PORTAL_PORT
from . import uf2_drive
from .batch_child import Child, Outcome, file_name
from .batch_numbers import Numbers
from .batch_record import DONE, FAILED, Entry, Record
from .board_kinds import UF2, Board

# A port that has just appeared: its board boots, and the system gives it to its user.
_SETTLE_S = 15
_APPEAR_S = 60
_POLL_S = 0.2

Claim = Callable[[str], AbstractContextManager[Callable[[], str | None]]]
"""See `Batch`: for a board in its boot loader, gives the port at which it starts."""


@dataclass(frozen=True)
class Work:
    """What is to be done. *image*: what of it boards run; *is_named*: the ports were named."""

    board: Board
    image: bytes
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    is_named: bool = False


@dataclass(frozen=True)
class _Attempt:
    """One board at *port*, or its boot drive. *started*: UTC; what is not known is empty."""

    port: str
    started: str
    log: Path
    serial_number: str = ""
    host_name: str = ""
    unique_id: str | None = None


class Worker:
    """Flashes boards, several at once, each as a program of its own."""

    def __init__(
        self,
        work: Work,
        record: Record,
        numbers: Numbers,
        say: Callable[[str], None],
        claim: Claim,
    ) -> None:
        self._wanted = work
        self._record = record
        self._numbers = numbers
        self._say = say
        self._claim = claim
        self._boot_loader = threading.Lock()
        self._children: set[Child] = set()
        self._is_stopped = False

    def stop(self) -> None:
        """End what runs: those boards have failed."""
        self._is_stopped = True
        for child in list(self._children):
            child.stop()

    def work(self, place: str) -> Entry | None:
        """Flash the board at *place*, a port or a boot drive; None for one that is left alone."""
        started = now_text()
        if self._is_drive(place):
            return self._from_drive(place, started)
        state = self._look(place)
        if self._is_left_alone(place, state):
            return None
        if self._needs_boot_loader(state):
            with self._boot_loader:
                return self._flash(place, state, started)
        return self._flash(place, state, started)

    def _is_drive(self, place: str) -> bool:
        return isinstance(self._wanted.board.flashing, UF2) and Path(place).is_dir()

    def _look(self, port: str) -> BoardState | None:
        """Return what runs at *port*, None when nothing answers."""
        board = self._wanted.board
        # At a named port a board in its boot loader is silent; else nothing can be done without.
        is_waiting = self._wanted.is_named and isinstance(board.flashing, UF2)
        is_waiting = is_waiting and bool(uf2_drive.drives_of(board))
        must_answer = isinstance(board.flashing, UF2) and not is_waiting
        deadline = time.monotonic() + (_SETTLE_S if must_answer else 0)
        while True:
            with contextlib.suppress(Error):
                if serial_ports.is_answering(port):
                    return kept_files.read_state(port)
            if time.monotonic() >= deadline or self._is_stopped:
                return None
            time.sleep(_POLL_S)

    def _is_left_alone(self, port: str, state: BoardState | None) -> bool:
        """Return whether the board is not in this batch, or is done; its program then continues."""
        reason = None
        if state is None:
            if isinstance(self._wanted.board.flashing, UF2) and not self._wanted.is_named:
                reason = "no MicroPython answers"
        else:
            entry = self._record.latest().get(state.unique_id or "")
            if entry and entry.result == DONE:
                reason = f"{entry.title} is done already"
            elif not self._wanted.is_named and state.machine.encode() not in self._wanted.image:
                reason = f"a different board, {state.machine}"
        if reason is None:
            return False
        self._say(f"{port}: left alone: {reason}")
        if state:
            with contextlib.suppress(Error):
                mpremote.reset(port)
        return True

    def _needs_boot_loader(self, state: BoardState | None) -> bool:
        if not isinstance(self._wanted.board.flashing, UF2):
            return False
        build = state.build.encode() if state else b""
        return not build or build not in self._wanted.image

    def _from_drive(self, drive: str, started: str) -> Entry | None:
        """Copy the firmware to a boot drive, and flash the board that comes from it."""
        with self._boot_loader, self._claim(drive) as claim:
            log = self._new_log(drive, started)
            outcome = self._run(["--drive", drive, "--firmware-only"], log)
            port = None
            deadline = time.monotonic() + _APPEAR_S
            while outcome.error is None and port is None and time.monotonic() < deadline:
                port = claim()
                time.sleep(_POLL_S)
        if port is None:
            error = outcome.error or "the board did not start: no port appeared"
            return self._entry(_Attempt(drive, started, log), replace(outcome, error=error))
        return self._flash(port, self._look(port), started, log)

    def _flash(
        self, port: str, state: BoardState | None, started: str, log: Path | None = None
    ) -> Entry:
        unique_id = state.unique_id if state else None
        mine = self._numbers.take(unique_id)
        log = log or self._new_log(mine[1] or port, started)
        self._say(f"{port}: {mine[1] or unique_id or 'a new board'} begins")
        name = ["--hostname", mine[1]] if mine[1] else []
        outcome = self._run(["--port", port, "--serial-number", mine[0], *name], log)
        interruptions.note_started(port)  # By that program, however it ended.
        return self._entry(_Attempt(port, started, log, *mine, unique_id), outcome)

    def _run(self, more: list[str], log: Path) -> Outcome:
        wanted = self._wanted
        arguments = [wanted.board.name, *wanted.arguments, *more]
        child = Child(arguments, wanted.environment, log)
        if self._is_stopped:
            return Outcome({}, "stopped before it began")
        self._children.add(child)
        try:
            return child.run()
        finally:
            self._children.discard(child)

    def _new_log(self, title: str, started: str) -> Path:
        """Return a file for the log of one board, which is not there yet."""
        stem = f"{file_name(title)}-{started.replace('-', '').replace(':', '')}"
        self._record.logs.mkdir(parents=True, exist_ok=True)
        path, number = self._record.logs / f"{stem}.log", 2
        while path.exists():
            path, number = self._record.logs / f"{stem}-{number}.log", number + 1
        return path

    def _entry(self, attempt: _Attempt, outcome: Outcome) -> Entry:
        record: dict[str, Any] = outcome.record
        report = record.get("report") or {}
        name = (report.get("names") or [""])[0]
        urls = record.get("urls") or [f"https://{name}:{PORTAL_PORT}"]
        return Entry(
            serial_number=attempt.serial_number,
            host_name=attempt.host_name,
            unique_id=str(report.get("unique_id") or attempt.unique_id or ""),
            result=FAILED if outcome.error else DONE,
            error=outcome.error or "",
            name=name,
            public_key_pin=str(report.get("public_key_pin") or ""),
            fingerprint=str(report.get("fingerprint") or ""),
            board=self._wanted.board.name,
            firmware=str(report.get("firmware") or ""),
            package=str(report.get("version") or ""),
            url=str(urls[0]) if name else "",
            port=attempt.port,
            started=attempt.started,
            finished=now_text(),
            log=str(attempt.log.relative_to(self._record.folder)),
        )
