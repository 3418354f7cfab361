"""The view of `boardcert watch`: what fits on a terminal of any width, with colour or without."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, JustifyMethod
from rich.table import Table
from rich.text import Text

from .. import clock
from ..console import neutral
from ..inventory.history import NOT_VALID, UNREACHABLE, VALID
from ..inventory.telling import Change
from .state import STATES, Overview, Row

_STYLES = {NOT_VALID: "bold red", "ended": "bold red", "ends soon": "yellow"}
_STYLES |= {UNREACHABLE: "yellow", "never verified": "dim", VALID: "green"}
_NARROW, _WIDE = 60, 100
"""Columns: below the first, state and name only; from the second on, also address and reason."""
_STATE = max(map(len, STATES))
_BESIDE_REASON = 75
"""Columns for state, name, days and an address of IPv4, and between them."""
MOST_CHANGES = 5
_MOST_ROWS = 200


@dataclass(frozen=True)
class View:
    """What is shown at one moment. *note*: what is wrong with the inventory, or is in progress."""

    overview: Overview
    rows: Sequence[Row]
    note: str = ""


def rows_that_fit(height: int) -> int:
    """Return how many boards there is room for: below the counts, above the changes."""
    return min(max(height - MOST_CHANGES - 8, 1), _MOST_ROWS)


def draw(view: View, width: int, height: int) -> Group:
    """Return the view for a terminal of this size."""
    overview = view.overview
    at = clock.as_text(overview.at).replace("T", " ").removesuffix("Z")
    parts = [Text(f"{board_words(overview)}, {at} UTC", "bold", no_wrap=True, overflow="ellipsis")]
    parts.append(_counts(overview))
    if view.note:
        parts.append(Text(neutral(view.note), "yellow"))
    parts += [Text(""), _table(view.rows[: rows_that_fit(height)], width)]
    if overview.changes:
        parts.append(Text(""))
        parts += [_line(change_words(one)) for one in overview.changes[:MOST_CHANGES]]
    return Group(*parts)


def count_words(overview: Overview) -> str:
    """Return how many boards are in which state, the worst first."""
    found = [f"{overview.states[state]} {state}" for state in STATES if overview.states[state]]
    return f"{board_words(overview)}: {', '.join(found)}" if found else "no board"


def board_words(overview: Overview) -> str:
    """Return how many boards there are."""
    return "1 board" if overview.count == 1 else f"{overview.count:,} boards"


def change_words(one: Change) -> str:
    """Return a change as one line."""
    return f"{clock.as_minute(one.at)} {neutral(one.host)} {neutral(one.words)}"


def _counts(overview: Overview) -> Text:
    words = [
        Text(f"{overview.states[state]} {state}", _STYLES[state])
        for state in STATES
        if overview.states[state]
    ]
    return Text("  ").join(words) if words else Text("no board", "dim")


def _table(rows: Sequence[Row], width: int) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    heads = ["state", "name", *(["days left"] if width >= _NARROW else [])]
    heads += ["address", "reason"] if width >= _WIDE else []
    for name in heads:
        side: JustifyMethod = "right" if name == "days left" else "left"
        least = _STATE if name == "state" and width >= _NARROW else None
        table.add_column(name, no_wrap=True, overflow="ellipsis", justify=side, min_width=least)
    for row in rows:
        days = "" if row.days is None else str(row.days)
        cells = [row.names[0], days, row.address, row.reason if row.state != VALID else ""]
        shown = [Text(neutral(cell)) for cell in cells[: len(heads) - 1]]
        for cell in shown[3:]:  # A long reason would narrow the other columns, too.
            cell.truncate(width - _BESIDE_REASON, overflow="ellipsis")
        table.add_row(Text(row.state, _STYLES[row.state]), *shown)
    return table


def _line(text: str) -> Text:
    return Text(text, "dim", no_wrap=True, overflow="ellipsis")
