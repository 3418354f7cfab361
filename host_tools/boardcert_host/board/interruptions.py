"""Boards whose program a command has stopped: each is restarted, however the command ends."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from ..console import messages
from ..errors import Error

# The ports at which MicroPython waits at its prompt because of this process.
_stopped: set[str] = set()
# Of these, the ports whose board was reset softly since, with what its program had set.
_cleared: dict[str, dict[str, Any]] = {}
# What the programs had set that are at these ports until the next soft reset.
_programs: dict[str, dict[str, Any]] = {}


def note_stopped(port: str) -> None:
    """Record that the program of the board at *port* is stopped, or is about to be."""
    _stopped.add(port)


def note_interrupted(port: str) -> None:
    """Record that a program which may have been running at *port* was stopped just now."""
    _stopped.add(port)
    _cleared.pop(port, None)


def note_program(port: str, program: dict[str, Any]) -> None:
    """Record what the *program* has set that the next soft reset of the board at *port* ends."""
    _cleared.pop(port, None)
    _programs[port] = program


def note_cleared(port: str) -> None:
    """Record that the board at *port* was reset softly."""
    _cleared[port] = _programs.pop(port, {})


def cleared(port: str) -> dict[str, Any] | None:
    """Return what the program at *port* had set, if the board was reset softly since; else None."""
    return _cleared.get(port)


def note_started(port: str) -> None:
    """Record that the board at *port* was restarted."""
    _stopped.discard(port)
    _cleared.pop(port, None)
    _programs.pop(port, None)


@contextlib.contextmanager
def programs_go_on(restart: Callable[[str], None]) -> Iterator[None]:
    """Restart at the end, however it comes, each board whose program was stopped.

    *restart*(port): see `mpremote.reset`; Error for a board that is out of reach: it was unplugged,
    or has no power.
    """
    for noted in (_stopped, _cleared, _programs):
        noted.clear()
    try:
        yield
    finally:
        for port in sorted(_stopped):
            waiting = messages().status(f"restarting the board at {port}; Ctrl-C leaves it stopped")
            with waiting, contextlib.suppress(Error):
                restart(port)
        _cleared.clear()
