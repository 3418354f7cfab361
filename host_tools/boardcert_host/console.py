"""What a person sees: results on stdout, everything else on stderr, colour only on a terminal."""

import contextlib
import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

from .errors import Error

# How cells begin that spreadsheets compute.
_FORMULAS = ("=", "+", "-", "@")
_MOST_OF_A_CELL = 40
_is_quiet = False


class _Console(Console):
    """A console whose reader may close the pipe, as `head` does: the command goes on to its end.

    Nothing else writes to the terminal: control characters are escaped here, whatever their source.
    """

    def print(self, *objects: Any, **more: Any) -> None:
        """Print; a string is one line, whatever is in it."""
        shown = [neutral(one) if isinstance(one, str) else one for one in objects]
        super().print(*shown, **more)

    def status(self, status: Any, **more: Any) -> Status:
        """Show one line while something is in progress."""
        return super().status(Text(neutral(str(status))), **more)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _silence(self.file)


def _silence(file: IO[str]) -> None:
    """Discard what is written to *file*, including what is in its buffer."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, file.fileno())
    os.close(nowhere)


def print_plain(text: str) -> None:
    """Print *text* on stdout as it is; a closed pipe is not an error."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _silence(sys.stdout)


def flush_results() -> None:
    """Write what is left for stdout. Raises OSError, but not when its reader has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)


@contextlib.contextmanager
def discarding_results() -> Iterator[None]:
    """Ignore failures of stdout, such as a full disk: another error is being reported already."""
    try:
        yield
    except OSError:
        _silence(sys.stdout)


def set_verbosity(is_quiet: bool) -> None:
    """With *is_quiet*, print neither messages nor progress; errors and questions still."""
    global _is_quiet
    _is_quiet = is_quiet


def messages() -> Console:
    """Return the console for messages and progress."""
    console = questions()
    console.quiet = _is_quiet
    return console


def questions() -> Console:
    """Return the console for errors, and for questions to the person at the terminal."""
    # Without emoji=False, rich would print a part of a fingerprint such as ":AB:" as a picture.
    return _Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def results() -> Console:
    """Return the console for results."""
    return _Console(highlight=False, soft_wrap=True, emoji=False)


def terminal() -> Console:
    """Return the console for what fills the terminal, and is made to fit."""
    return _Console(highlight=False, emoji=False)


def neutral(text: str) -> str:
    """Return *text* with control characters, and those that change its direction, escaped.

    For what others wrote: names in certificates, answers of servers.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def table_cell(text: str) -> str:
    """Return *text* for a table: nothing that a board has said is a formula to a spreadsheet."""
    shown = neutral(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULAS) else shown


def as_csv(fields: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table for other programs; what a spreadsheet would calculate has an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(map(table_cell, row) for row in rows)
    return text.getvalue()


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return each of *rows*, as many cells in all, as a line with columns that are wide enough."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def counted(count: int, noun: str) -> str:
    """Return "1 board", "20 boards"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def brief(text: str) -> str:
    """Return *text*, shortened for a column, so that no board pushes others out of sight."""
    shown = neutral(text)
    is_brief = len(shown) <= _MOST_OF_A_CELL
    return shown if is_brief else f"{shown[: _MOST_OF_A_CELL - 1]}\N{HORIZONTAL ELLIPSIS}"


def say(message: str) -> None:
    """Print "boardcert: *message*" on stderr."""
    messages().print(f"boardcert: {message}", markup=False)


def say_lines(*lines: str) -> None:
    """Print *lines* on stderr: what follows a sentence of `say`."""
    for line in lines:
        messages().print(line, markup=False)


def say_error(message: str, hint: str | None) -> None:
    """Print an error and, on a line of its own, its hint; nothing if stderr fails."""
    console = questions()
    try:
        console.print(f"boardcert: {message}", markup=False)
        if hint:
            console.print(f"boardcert: hint: {hint}", markup=False)
    except OSError:  # Such as a full disk: the exit code and the JSON still say what happened.
        _silence(sys.stderr)


def agrees(question: str) -> bool:
    """Ask the person at the terminal; return whether the answer is yes."""
    questions().print(f"{question} [y/N] ", markup=False, end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say_detail(error: Error) -> None:
    """Print the cause of an error: what the board printed, and the exceptions beneath it."""
    console = questions()
    for line in error.detail.splitlines():
        console.print(f"  {line}", markup=False)
    cause = error.__cause__
    while cause:
        console.print(f"  {type(cause).__name__}: {cause}", markup=False)
        cause = cause.__cause__


def in_groups(fingerprint: str) -> list[str]:
    """Return "AB:CD:..." as lines of eight bytes, short enough to compare by eye."""
    octets = fingerprint.split(":")
    return [":".join(octets[start : start + 8]) for start in range(0, len(octets), 8)]


def print_rows(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Print (name, words) under a title; a fingerprint in lines that can be compared by eye."""
    console = results()
    console.print(title, markup=False)
    for name, words in rows:
        first, *rest = in_groups(words) if name == "fingerprint" else [words]
        for head, line in [(name, first), *(("", line) for line in rest)]:
            console.print(f"  {head:<18}  {line}", markup=False)
