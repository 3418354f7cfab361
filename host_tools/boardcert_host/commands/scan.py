"""`boardcert scan`: find boards on the network, and compare them with the inventory."""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..console import counted, print_plain, say
from ..errors import CHECKED_AND_BAD, INTERRUPTED, OK, USAGE, Error
from ..targets import PORTAL_PORT
from .shared import Command, print_json

if TYPE_CHECKING:
    from ..scan.comparison import Finding
    from ..scan.sweep import Sweep, Wishes
    from ..trust.pins import Pin

_EXAMPLES = """\
examples:
  boardcert scan                                  the networks of this computer, and names in .local
  boardcert scan 192.168.4.0/24 10.1.0.20-10.1.0.90
  boardcert scan --mdns                           names in .local only
  boardcert scan 192.168.4.0/24 --port 20034 --port 443
  boardcert scan 192.168.4.0/24 --add --tag greenhouse    trust new ones from now on
  boardcert scan 192.168.4.0/24 --json
"""
_MOST_PER_S = 1000.0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "addresses: a network, FIRST-LAST, or one (default: private networks of this computer)"
    add("ranges", nargs="*", metavar="RANGE", help=help)
    help = "also, or without RANGE only, names in .local: services, and names of known boards"
    add("--mdns", action="store_true", help=help)
    help = f"of each address; can be repeated (default: {PORTAL_PORT}, the page)"
    add("--port", action="append", type=int, default=[], metavar="PORT", help=help)
    help = "addresses and names asked per second (default: 100)"
    add("--rate", type=float, default=100.0, metavar="N", help=help)
    help = "how long an address may take to answer (default: 2)"
    add("--timeout", type=float, default=2.0, metavar="SECONDS", help=help)
    help = "use mDNS, and without RANGE the network, of this address of this computer only"
    add("--interface", metavar="ADDRESS", help=help)
    add("--public", action="store_true", help="allow addresses that are not private")
    help = "trust new boards from now on, without comparing their keys"
    add("--add", action="store_true", help=help)
    add("--tag", action="append", default=[], metavar="TAG", help="with --add: give them this tag")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    forms.add_argument("--csv", action="store_true", help="print a table for other programs")


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for what cannot be scanned."""
    from ..scan.ranges import parse
    from ..targets import is_address

    for port in arguments.port:
        if not 1 <= port <= 65535:
            raise Error(f"not a port: {port}", None, USAGE)
    if not 0 < arguments.rate <= _MOST_PER_S:
        raise Error(f"--rate must be more than 0, at most {_MOST_PER_S:g}", None, USAGE)
    if not 0 < arguments.timeout <= 60:
        raise Error("--timeout must be more than 0 seconds, at most 60", None, USAGE)
    if arguments.tag and not arguments.add:
        raise Error("--tag needs --add", None, USAGE)
    if arguments.interface and not is_address(arguments.interface):
        hint = "for example 192.168.4.2: one of this computer's own"
        raise Error(f"not an address: {arguments.interface}", hint, USAGE)
    parse(arguments.ranges, arguments.public)


def _run(arguments: argparse.Namespace) -> int:
    from ..scan import comparison, printing, remembering
    from ..scan.sweep import Sweep
    from ..trust.pins import load_pins

    boards = load_pins()
    sweep = Sweep(_wishes(arguments), boards)
    began = time.monotonic()
    is_whole = _scan(sweep)
    if sweep.trouble and not sweep.asked:
        raise sweep.trouble
    findings = comparison.compare(sweep, is_whole)
    added: list[Pin] = []
    if is_whole:  # One that was interrupted has not seen whether a key is elsewhere, too.
        refused = remembering.note_known(findings)
        if arguments.add:
            added, more = remembering.add_new(findings, boards, arguments.tag)
            refused += more
        for sentence in refused:
            say(sentence)
    data = _data(sweep, findings, added) | {"interrupted": not is_whole}
    data["seconds"] = round(time.monotonic() - began, 1)
    if arguments.json:
        print_json(data)
    elif arguments.csv:
        print_plain(printing.as_csv(findings).rstrip("\n"))
    else:
        printing.print_table(findings)
    if not arguments.json:
        _say_summary(sweep, findings, added, is_whole)
    return _code(findings) if is_whole else INTERRUPTED


def _code(findings: "Sequence[Finding]") -> int:
    from ..scan.comparison import BAD

    return CHECKED_AND_BAD if any(one.state in BAD for one in findings) else OK


def _wishes(arguments: argparse.Namespace) -> "Wishes":
    from ..scan import ranges
    from ..scan.sweep import Wishes

    found = ranges.parse(arguments.ranges, arguments.public)
    uses_default = not arguments.ranges and not arguments.mdns
    if uses_default:
        found, large = ranges.own_networks(arguments.interface)
        for one in large:
            say(f"{one.text} is a large network, and was not scanned: name it to scan it")
    return Wishes(
        ranges=found,
        uses_mdns=arguments.mdns or uses_default,
        ports=tuple(dict.fromkeys(arguments.port)) or (PORTAL_PORT,),
        rate=arguments.rate,
        connect_s=arguments.timeout,
        is_public_allowed=arguments.public,
        interface=arguments.interface,
    )


def _scan(sweep: "Sweep") -> bool:
    """Scan, and show how far it is; return whether it came to its end, and not to Ctrl-C."""
    try:
        with _progress(sweep):
            asyncio.run(sweep.run())
    except KeyboardInterrupt:
        return False
    return True


@contextmanager
def _progress(sweep: "Sweep") -> Iterator[None]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from ..progress import bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with bars(*columns, TimeRemainingColumn()) as progress:
        words = "looking for names" if sweep.wishes.uses_mdns else "scanning"
        task = progress.add_task(words, total=None)

        def show(sweep: "Sweep") -> None:
            found = sum(server.how is not None for server in sweep.found)
            words = counted(found, "board")
            progress.update(task, description=words, completed=len(sweep.asked), total=sweep.total)

        sweep.on_progress = show
        yield


def _data(sweep: "Sweep", findings: "Sequence[Finding]", added: "Sequence[Pin]") -> dict[str, Any]:
    """Return the object of --json."""
    from ..scan.comparison import count_others

    return {
        "ranges": [one.text for one in sweep.wishes.ranges],
        "ports": list(sweep.wishes.ports),
        "mdns": sweep.wishes.uses_mdns and sweep.trouble is None,
        "asked": len(sweep.asked),
        "other_tls_servers": count_others(sweep, findings),
        "counts": dict(Counter(one.state for one in findings)),
        "boards": [one.to_json() for one in findings],
        "added": [pin.host for pin in added],
    }


def _say_summary(
    sweep: "Sweep", findings: "Sequence[Finding]", added: "Sequence[Pin]", is_whole: bool
) -> None:
    from ..scan.comparison import NEW, STATES, count_others

    counts = Counter(one.state for one in findings)
    words = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    count = count_others(sweep, findings)
    others = f"; {counted(count, 'other TLS server')}" if count else ""
    asked = f"{len(sweep.asked)} of {sweep.total} places asked"
    say(f"{', '.join(words) or 'no board found'}; {asked}{others}")
    if sweep.trouble and sweep.asked:
        say(f"without names in .local: {sweep.trouble.message}")
    if not is_whole:
        say("interrupted: nothing was noted in the inventory, and what is missing is not known")
    if added:
        say(f"trusted from now on: {', '.join(pin.host for pin in added)}")
        say("nobody has compared their keys: do so with the labels, or verify with --usb")
    elif counts[NEW] and is_whole:
        say("hint: --add trusts new boards; a board on a cable is safer: boardcert pin add --usb")


COMMANDS = {
    "scan": Command(
        "find boards on the network: new, moved, missing, or with another key",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
