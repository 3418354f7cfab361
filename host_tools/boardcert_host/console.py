"""What a person sees: results on stdout, everything else on stderr, colour only on a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .checks import Check

# Without emoji=False below, rich would print a part of a fingerprint such as ":AB:" as a picture.
_STYLES = {"pass": "green", "fail": "bold red", "skip": "dim"}


def messages() -> Console:
    """Return the console for messages and progress."""
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def results() -> Console:
    """Return the console for results."""
    return Console(highlight=False, soft_wrap=True, emoji=False)


def say(message: str) -> None:
    """Print "boardcert: *message*" on stderr."""
    messages().print(f"boardcert: {message}", markup=False)


def say_error(message: str, hint: str | None) -> None:
    """Print an error and, on a line of its own, its hint."""
    say(message)
    if hint:
        say(f"hint: {hint}")


def print_checks(console: Console, checks: Iterable[Check]) -> None:
    """Print one line a check; a table that fits the width on a terminal, whole lines elsewhere."""
    if not console.is_terminal:
        for check in checks:
            console.print(f"{check.status}  {check.title:<22}  {check.detail}", markup=False)
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for check in checks:
        status = Text(check.status, _STYLES[check.status])
        table.add_row(status, Text(check.title), Text(check.detail))
    console.print(table, soft_wrap=False)


def in_groups(fingerprint: str) -> list[str]:
    """Return "AB:CD:..." as lines of eight bytes, short enough to compare by eye."""
    octets = fingerprint.split(":")
    return [":".join(octets[start : start + 8]) for start in range(0, len(octets), 8)]
