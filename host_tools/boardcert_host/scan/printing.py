"""What a scan has found, as a table for a person, and as one for other programs."""

import csv
import io
from collections.abc import Sequence

from rich.text import Text

from ..console import brief, neutral, results, table_cell
from .comparison import Finding

_STYLES = {"two boards, one key": "bold red", "changed key": "bold red", "missing": "yellow"}
_STYLES |= {"moved": "yellow", "new": "cyan", "known": "green"}
_COLUMNS = ("state", "name", "place", "chip", "package", "recognised by")
_CSV_FIELDS = ("state", "title", "address", "port", "hosts", "names", "recognised_by", "unique_id")
_CSV_FIELDS += ("public_key_pin", "known_public_key_pin", "fingerprint", "not_after", "board")
_CSV_FIELDS += ("firmware", "package", "detail")


def as_csv(findings: Sequence[Finding]) -> str:
    """Return a table; what a spreadsheet would calculate has an apostrophe before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_FIELDS)
    for one in findings:
        row = one.to_json()
        row["address"], row["port"] = one.address_and_port
        row |= {name: " ".join(row[name]) for name in ("hosts", "names")}
        writer.writerow([table_cell(str(row[name] or "")) for name in _CSV_FIELDS])
    return text.getvalue()


def _cells(one: Finding) -> tuple[str, ...]:
    data = one.to_json()
    more = f" +{len(one.servers) - 1}" if len(one.servers) > 1 else ""
    how = data["recognised_by"] or ("its key" if one.servers else "")
    said = [brief(data[name] or "") for name in ("unique_id", "package")]
    return (one.state, neutral(one.title), one.place + more, *said, how)


def print_table(findings: Sequence[Finding]) -> None:
    """Print a table, the worst first, and under it what is wrong with single boards.

    Lines are as long as they need to be, also where they go into a file or a pipe.
    """
    if not findings:
        return
    rows = [_COLUMNS, *map(_cells, findings)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    console = results()
    for row in rows:
        padded = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        line = Text("  ".join(padded).rstrip())
        line.stylize(_STYLES.get(row[0], ""), 0, len(row[0]))
        console.print(line)
    for one in findings:
        if one.detail:
            console.print(f"{one.title} ({one.state}): {one.detail}", markup=False)
