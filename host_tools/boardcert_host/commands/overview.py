"""`boardcert report` and `boardcert watch`: the whole inventory at a glance."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import results, say
from ..errors import INTERRUPTED, OK, USAGE, Error
from ..files import cannot_read
from .shared import Command, add_force, add_json, print_json
from .times import duration

if TYPE_CHECKING:
    from ..overview.state import Overview

_REPORT_EXAMPLES = """\
examples:
  boardcert report                          fleet.html, a page of all known boards, for any browser
  boardcert report -o boards.html --json    its counts, for programs
"""
_PAGE = "fleet.html"
_LEAST_S, _MOST_S = 1.0, 3600.0
_WATCH_EXAMPLES = """\
examples:
  boardcert watch                          counts, the worst boards, the last changes; until Ctrl-C
  boardcert watch --verify 1h              and verify all boards every hour
  boardcert watch | tee changes.log        not on a terminal: a line for each change
"""


def _add_report_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = f"where to write the page (default: {_PAGE}); an older one is replaced"
    add("-o", "--output", type=Path, default=Path(_PAGE), metavar="FILE", help=help)
    add_force(parser)
    add_json(parser)


def _check_report(arguments: argparse.Namespace) -> None:
    """Raise Error for a file that is there, and is not a page of ours."""
    path = arguments.output
    if path.is_dir():
        raise Error(f"{path} is a directory", f"for example -o {path / _PAGE}")
    if not path.exists() or arguments.force:
        return
    from ..overview.page import is_ours

    try:
        if is_ours(path):
            return
    except OSError as error:
        raise cannot_read(path, error) from error
    raise Error(f"{path} exists already, and is not a report", "--force overwrites it")


def _run_report(arguments: argparse.Namespace) -> int:
    from ..files import write_whole
    from ..inventory import facts, store, telling
    from ..inventory.place import inventory_place
    from ..overview.page import render

    _require_inventory()
    with store.reading() as connection:
        since = telling.last_report(connection, facts.who())
        page, overview = render(connection, since, str(inventory_place()))
    write_whole(arguments.output, page.encode())
    _note_report(overview, arguments.output)
    data = _data(overview) | {"file": str(arguments.output), "bytes": len(page.encode())}
    if arguments.json:
        print_json(data)
    else:
        words = ", ".join(f"{count} {state}" for state, count in overview.states.items() if count)
        results().print(f"{arguments.output}: {words or 'no board'}", markup=False)
    return OK


def _require_inventory() -> None:
    """Raise Error when there is nothing to be seen."""
    from ..inventory.place import inventory_place, is_absent

    if is_absent():
        hint = "boards that are flashed, pinned or added by `boardcert scan --add` get into it"
        raise Error(f"there is no inventory yet, {inventory_place()}", hint)


def _note_report(overview: "Overview", path: Path) -> None:
    """Record when the report was made, for the next one; read access alone will do, too."""
    from ..inventory import history, store, telling

    try:
        with store.writing() as connection:
            history.note(connection, telling.REPORTED, "", str(path), at=overview.at)
    except Error as error:
        say(f"the next report will not know of this one: {error.message}")


def _data(overview: "Overview") -> dict[str, object]:
    from .. import clock

    return {
        "at": clock.as_text(overview.at),
        "since": clock.as_text(overview.since) if overview.since else None,
        "boards": overview.count,
        "states": overview.states,
        "changes": overview.changes_count,
    }


def _add_watch_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "seconds between two looks at the inventory (default: 5)"
    add("--interval", type=float, default=5.0, metavar="SECONDS", help=help)
    add("--verify", metavar="TIME", help="verify all boards this often, for example 1h or 1d")


def _check_watch(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for times that cannot be waited for."""
    if not _LEAST_S <= arguments.interval <= _MOST_S:
        limits = f"from {_LEAST_S:g} to {_MOST_S:g} seconds"
        raise Error(f"--interval must be {limits}", None, USAGE)
    if arguments.verify and not duration(arguments.verify):
        raise Error("--verify needs a time, for example 1h", None, USAGE)


def _run_watch(arguments: argparse.Namespace) -> int:
    from ..overview.verifying import Verification
    from ..overview.watching import Watch

    _require_inventory()
    period = duration(arguments.verify) if arguments.verify else None
    watch = Watch(arguments.interval, Verification(period, arguments.inventory))
    try:
        watch.on_terminal() if sys.stdout.isatty() else watch.on_pipe()
    except KeyboardInterrupt:  # Its only end: nothing that would have to be said.
        return INTERRUPTED
    return OK


COMMANDS = {
    "report": Command(
        "make a page of all known boards: states, expiring certificates, changes",
        _REPORT_EXAMPLES,
        _add_report_arguments,
        _run_report,
        _check_report,
    ),
    "watch": Command(
        "watch all known boards: counts, the worst first, the last changes",
        _WATCH_EXAMPLES,
        _add_watch_arguments,
        _run_watch,
        _check_watch,
    ),
}
