"""`boardcert verify --all`, `--tag` and `-`: many boards at once, with a summary."""

import argparse
import datetime
import functools
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import print_plain, results, say
from ..errors import USAGE, Error
from .shared import HOW_TO_ADD, check_timeout, print_json
from .times import add_changed_since, duration, since

if TYPE_CHECKING:
    from ..fleet.jobs import Job
    from ..fleet.run import Summary, Wishes
    from ..fleet.spool import Entry, Spool
    from ..inventory.listing import Wanted

_MOST_PARALLEL = 2000
_MOST_RETRIES = 20
_STDIN = "-"


def add_many(parser: argparse.ArgumentParser) -> None:
    """Add the options for many boards."""
    many = parser.add_argument_group("many boards: those of the inventory, or of a list on stdin")
    add = many.add_argument
    add(
        "--all", action="store_true", help="every board of the inventory, by the first of its names"
    )
    add("--tag", action="append", default=[], metavar="TAG", help="boards that have this tag")
    add_changed_since(add)
    help = "boards at once (default: 200); no board is contacted twice at the same time"
    add("--parallel", type=int, default=200, metavar="N", help=help)
    help = "how many times to retry a board that cannot be reached, after 1 s, 2 s, 4 s and so on "
    help += "(default: 2); --timeout is for each attempt"
    add("--retries", type=int, default=2, metavar="N", help=help)
    help = "name valid certificates that expire within TIME (default: 30d)"
    add("--expiring", default="30d", metavar="TIME", help=help)
    help = "leave it to `boardcert worker`, on any computers; needs an inventory in PostgreSQL"
    add("--workers", action="store_true", help=help)
    help = "how many boards the summary names, the worst first (default: 20)"
    add("--worst", type=int, default=20, metavar="N", help=help)
    help = "write a file for the textfile collector of Prometheus's node_exporter, FILE.prom, when "
    help += "all boards are done; an older one is replaced"
    add("--prometheus", type=Path, metavar="FILE", help=help)


def is_of_many(arguments: argparse.Namespace) -> bool:
    """Return whether boards of the inventory, or of a list, are asked for."""
    from_inventory = arguments.all or arguments.tag or arguments.changed_since
    return bool(from_inventory) or arguments.workers or arguments.hosts == [_STDIN]


def check_many(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for options that do not go with many boards."""
    single = {"--name": arguments.name, "--pin": arguments.pin, "--usb": arguments.usb}
    for option, value in single.items():
        if value:
            raise Error(f"{option} belongs to one host, not to many boards", None, USAGE)
    if arguments.workers:
        chosen = arguments.all or arguments.tag or arguments.changed_since
        if arguments.hosts or arguments.ca or not chosen:
            hint = "boardcert verify --all --workers; each has the CA of its own computer"
            reason = "--workers goes with --all, --tag or --changed-since, not with HOST or --ca"
            raise Error(reason, hint, USAGE)
    if arguments.hosts and (arguments.all or arguments.tag or arguments.changed_since):
        hint = "either name boards, or choose them by --all, --tag and --changed-since"
        raise Error("HOST does not go with boards of the inventory", hint, USAGE)
    check_timeout(arguments.timeout)
    for option, value, least, most in (
        ("--parallel", arguments.parallel, 1, _MOST_PARALLEL),
        ("--retries", arguments.retries, 0, _MOST_RETRIES),
        ("--worst", arguments.worst, 0, sys.maxsize),
    ):
        if not least <= value <= most:
            raise Error(f"{option} must be from {least} to {most}", None, USAGE)
    duration(arguments.expiring)
    since(arguments.changed_since)
    file = arguments.prometheus
    if file and file.suffix != ".prom":
        raise Error(f"not FILE.prom: {file}", "the collector reads no other files", USAGE)
    if file and not file.parent.is_dir():
        raise Error(f"no such directory: {file.parent}", None, USAGE)


def run_many(arguments: argparse.Namespace) -> int:
    """Verify them; a summary is printed however that ends."""
    from rich.progress import TimeRemainingColumn

    from ..fleet.printing import print_summary
    from ..fleet.spool import Entry, spool
    from ..progress import counting

    arguments.is_in_lines = True
    pages, total = _pages(arguments)
    with spool() as kept:

        def on_entries(entries: Sequence[Entry]) -> None:
            if arguments.json:
                print_plain("\n".join(json.dumps(one) for one in entries))
            advance(sum(not one["again"] for one in entries))

        verify, summed_up = _ways(arguments, pages, kept, on_entries)
        is_whole = False
        try:
            with counting("verifying", total, TimeRemainingColumn()) as advance:
                verify()
            is_whole = True
        finally:
            summary = summed_up(arguments.worst)
            if arguments.json:
                print_json(_last_line(summary, is_whole), is_line=True)
            else:
                print_summary(results(), summary)
        if arguments.prometheus:
            from ..fleet import prometheus

            prometheus.write(arguments.prometheus, kept, summary)
    return summary.code


def _ways(
    arguments: argparse.Namespace,
    pages: "Iterator[list[Job]]",
    kept: "Spool",
    on_entries: "Callable[[Sequence[Entry]], None]",
) -> "tuple[Callable[[], None], Callable[[int], Summary]]":
    """Return what verifies, and what sums up: here, or by the workers. Raises Error."""
    if not arguments.workers:
        from ..fleet.run import Run

        run = Run(_wishes(arguments), kept, on_entries)
        return functools.partial(run.verify, pages), run.summary
    from ..workers.jobs_schema import shared_place

    shared_place()
    from ..workers.verifying import Plan
    from ..workers.waiting import Ordered

    days = duration(arguments.expiring) / datetime.timedelta(days=1)
    plan = Plan(_wanted(arguments), arguments.timeout, arguments.retries, days)
    ordered = Ordered(plan, kept, on_entries, say)
    return ordered.verify, ordered.summary


def _pages(arguments: argparse.Namespace) -> tuple["Iterator[list[Job]]", int | None]:
    from ..fleet import jobs

    if arguments.hosts:
        # Monitoring must not take an empty list for "all valid"; in any locale, bytes of none are
        # no host.
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", errors="backslashreplace")
        pages = jobs.of_lines(sys.stdin)
        if (first := next(pages, None)) is None:
            raise Error("no host on standard input", "one HOST on each line")
        return itertools.chain([first], pages), None
    wanted = _wanted(arguments)
    count = jobs.count_of(wanted)
    if count == 0 and not arguments.changed_since:  # Monitoring must not take that for "all valid".
        if not arguments.tag:
            raise Error("no board is known yet", HOW_TO_ADD)
        tags = " and ".join(arguments.tag)
        raise Error(f"no board has the tag {tags}", "`boardcert list` prints all, with their tags")
    return jobs.of_inventory(wanted), count


def _wanted(arguments: argparse.Namespace) -> "Wanted":
    from ..inventory.listing import Wanted

    return Wanted(tags=arguments.tag, changed_since=since(arguments.changed_since))


def _wishes(arguments: argparse.Namespace) -> "Wishes":
    from ..fleet.gathering import Pace
    from ..fleet.run import Wishes
    from ..verify.judging import Options
    from ..verify.own_ca import own_ca_file
    from ..verify.tls_probe import ca_context

    if arguments.ca:
        ca_context(arguments.ca)  # Raises Error before anything is sent.
    options = Options(ca_file=arguments.ca, own_ca=own_ca_file(), timeout_s=arguments.timeout)
    pace = Pace(arguments.parallel, arguments.retries)
    return Wishes(options, pace, duration(arguments.expiring))


def _last_line(summary: "Summary", is_whole: bool) -> dict[str, Any]:
    """Return the last line of --json."""
    line: dict[str, Any] = {"is_whole": is_whole, "boards": summary.boards}
    line |= {"ok": is_whole and summary.code == 0}
    line |= {"verdicts": summary.verdicts, "reasons": summary.reasons}
    worst = [one["asked"] for one in summary.worst]
    return line | {"seconds": round(summary.seconds, 3), "worst": worst}
