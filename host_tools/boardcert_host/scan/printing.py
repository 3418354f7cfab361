"""What a scan has found, as a table for a person, and as one for other programs."""

from collections.abc import Sequence

from rich.text import Text

from .. import console
from ..console import aligned, brief, neutral, results
from .comparison import Finding

_STYLES = {"two boards, one key": "bold red", "changed key": "bold red", "missing": "yellow"}
_STYLES |= {"moved": "yellow", "new": "cyan", "known": "green"}
_COLUMNS = ("state", "name", "place", "chip", "package", "recognised by")
_CSV_FIELDS = ("state", "title", "address", "port", "hosts", "names", "recognised_by", "unique_id")
_CSV_FIELDS += ("public_key_pin", "known_public_key_pin", "fingerprint", "not_after", "board")
_CSV_FIELDS += ("firmware", "package", "detail")


def as_csv(findings: Sequence[Finding]) -> str:
    """Return a table for other programs."""
    return console.as_csv(_CSV_FIELDS, map(_csv_row, findings))


def _csv_row(one: Finding) -> list[str]:
    row = one.to_json()
    row["address"], row["port"] = one.address_and_port
    row |= {name: " ".join(row[name]) for name in ("hosts", "names")}
    return [str(row[name] or "") for name in _CSV_FIELDS]


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
    shown = results()
    for row, text in zip(rows, aligned(rows), strict=True):
        line = Text(text)
        line.stylize(_STYLES.get(row[0], ""), 0, len(row[0]))
        shown.print(line)
    for one in findings:
        if one.detail:
            shown.print(f"{one.title} ({one.state}): {one.detail}", markup=False)
