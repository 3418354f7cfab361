"""`boardcert ca renew`: sign again what the CA has signed, and install it on its boards."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...console import counted, print_plain, results, say
from ...errors import USAGE, Error
from ..shared import Command, check_timeout, complete_hosts
from ..times import duration
from .place import add_ca, add_passphrase, passphrase_of, store_in

if TYPE_CHECKING:
    from ...renewal.outcomes import Outcome

_EXAMPLES = """\
examples:
  boardcert ca renew --all                     every board whose certificate ends within 30 days
  boardcert ca renew --all --expiring 90d --json
  boardcert ca renew kitchen.local hall.local  these, if they are due
"""
_MOST_PARALLEL = 256


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    complete_hosts(add("hosts", nargs="*", metavar="HOST", help="a board that is pinned"))
    add("--all", action="store_true", help="every board that has a certificate of this CA")
    due = "renew what expires within TIME (default: 30d)"
    add("--expiring", default="30d", metavar="TIME", help=due)
    days = "lifetime of a new certificate, at most that of the CA (default: 825)"
    add("--days", type=int, default=825, metavar="N", help=days)
    add("--parallel", type=int, default=16, metavar="N", help="boards at a time (default: 16)")
    timeout = "time limit for a board to answer (default: 20)"
    add("--timeout", type=float, default=20.0, metavar="SECONDS", help=timeout)
    add_ca(parser)
    add_passphrase(parser)
    lines = "print a JSON object for each board, on a line, and one for all"
    add("--json", action="store_true", help=lines)


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for arguments that do not go together."""
    hint = "boardcert ca renew --help"
    if bool(arguments.hosts) == arguments.all:
        raise Error("either HOST or --all is needed", hint, USAGE)
    if arguments.days < 1:
        raise Error("--days must be 1 or more", hint, USAGE)
    if not 1 <= arguments.parallel <= _MOST_PARALLEL:
        raise Error(f"--parallel must be 1 to {_MOST_PARALLEL}", hint, USAGE)
    duration(arguments.expiring)
    check_timeout(arguments.timeout)


def _run(arguments: argparse.Namespace) -> int:
    from ...progress import counting
    from ...renewal.outcomes import exit_code
    from ...renewal.prepared import all_due, named, prepared
    from ...renewal.run import renew_all

    within = duration(arguments.expiring)
    passphrase = passphrase_of(arguments).get
    store = store_in(arguments.ca)
    renewer = prepared(store, passphrase, within, arguments.days, arguments.timeout)
    chosen = all_due(renewer) if arguments.all else named(renewer, arguments.hosts)
    done: list[Outcome] = []
    try:
        with counting("renewing", len(chosen)) as advance:
            for outcome in renew_all(chosen, renewer, arguments.parallel):
                done.append(outcome)
                advance(1)
                if arguments.json:
                    print_plain(json.dumps(outcome.to_json()))
    finally:
        _print_report(done, len(chosen), arguments.json)
    return exit_code(done)


def _print_report(done: "Sequence[Outcome]", total: int, is_json: bool) -> None:
    """Print the report: the worst first, and how many there are of each."""
    from ...renewal.outcomes import CODES

    counts = {result: sum(one.result == result for one in done) for result in CODES}
    counts = {result: count for result, count in counts.items() if count}
    if is_json:
        print_plain(json.dumps({"boards": total, "done": len(done), "results": counts}))
        return
    for one in sorted(done, key=lambda one: (one.rank, one.host)):
        until = f"valid until {one.not_after[:10]}" if one.not_after else ""
        words = ", ".join(filter(None, (one.detail, until)))
        results().print(f"{one.result}: {one.host}: {words}", markup=False)
    listed = ", ".join(f"{count} {result}" for result, count in counts.items())
    results().print(f"{counted(total, 'board')}: {listed or 'none is due'}", markup=False)
    if len(done) < total:
        say("not all of them are done: the same command goes on")


ACTIONS = {
    "renew": Command(
        "renew certificates that it has signed, on the boards that serve them",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
