"""Checks as a person reads them."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..console import neutral
from .outcomes import Check

_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red", "skip": "dim"}


def print_checks(console: Console, checks: Iterable[Check]) -> None:
    """Print one line a check; a table that fits the width on a terminal, whole lines elsewhere."""
    if not console.is_terminal:
        for check in checks:
            console.print(f"{check.status}  {check.title:<22}  {check.detail}", markup=False)
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for check in checks:
        status = Text(check.status, _STYLES[check.status])
        table.add_row(status, Text(check.title), Text(neutral(check.detail), overflow="fold"))
    console.print(table, soft_wrap=False)
