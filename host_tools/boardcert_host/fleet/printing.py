"""Print the summary of a run: the worst servers, and how many there are of each kind."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..console import counted, neutral
from .run import Summary
from .spool import Entry

_STYLES = {"valid": "yellow", "not valid": "bold red", "unreachable": "red"}


def print_summary(console: Console, summary: Summary) -> None:
    """Print the worst servers, a line each, and the counts."""
    if console.is_terminal:
        console.print(_table(summary.worst), soft_wrap=False)
    else:
        for one in summary.worst:
            console.print(f"{_state(one)}  {one['asked']}  {one['detail']}", markup=False)
    not_valid = sum(summary.verdicts.values()) - summary.verdicts.get("valid", 0)
    more = not_valid + summary.reasons.get("expiring", 0) - len(summary.worst)
    if more > 0:
        console.print(f"and {more} more; --worst {more + len(summary.worst)} prints them, too")
    counts = ", ".join(f"{count} {name}" for name, count in summary.verdicts.items())
    rate = f"{summary.seconds:.1f} s" if summary.seconds < 100 else f"{summary.seconds:.0f} s"
    console.print(f"{counted(summary.boards, 'board')} in {rate}: {counts or 'none'}", markup=False)
    for name, count in summary.reasons.items():
        console.print(f"  {count:>7}  {name}", markup=False)


def _state(entry: Entry) -> str:
    return f"{entry['verdict']}: {', '.join(entry['reasons'])}"


def _table(worst: list[Entry]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for one in worst:
        state = Text(_state(one), _STYLES[one["verdict"]])
        table.add_row(state, Text(neutral(one["asked"])), Text(neutral(one["detail"])))
    return table
