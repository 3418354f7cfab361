"""`boardcert worker`: do jobs on this computer that several computers share."""

import argparse
import datetime
import functools
import socket

from ..console import say
from ..errors import OK, USAGE, Error
from .ca.place import add_ca, add_passphrase, passphrase_of, store_in
from .shared import Command

_EXAMPLES = """\
examples:
  boardcert worker --inventory postgresql://station@db.example/boards
  boardcert worker --nightly 02:00             and verify all boards each night, at 02:00 UTC
  boardcert worker --nightly 02:00 --renew     where the CA's key and the tokens are
  boardcert worker --nightly 02:00 --acme      where boardcert acme was used; --est as well
  boardcert worker --nightly 02:00 --scan 192.168.4.0/24
  boardcert verify --all --workers             what workers are for
"""
_MOST_PARALLEL = 2000


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--parallel", type=int, default=200, metavar="N", help="boards at once (default: 200)")
    help = "verify all boards each night; the same time, UTC, for all workers"
    add("--nightly", metavar="HH:MM", help=help)
    help = "with --nightly: renew what the CA here has signed and ends within 30 days"
    add("--renew", action="store_true", help=help)
    help = "with --nightly: renew what was requested here by boardcert acme and is due"
    add("--acme", action="store_true", help=help)
    help = "with --nightly: renew what was requested here by boardcert est and is due"
    add("--est", action="store_true", help=help)
    help = "with --nightly: scan this network, as boardcert scan does; repeatable"
    add("--scan", action="append", default=[], metavar="RANGE", help=help)
    add("--once", action="store_true", help="end when there is nothing left to do")
    help = "take over the jobs of a worker that was silent for this long (default: 30)"
    add("--stalled-after", type=float, default=30.0, metavar="SECONDS", help=help)
    add_ca(parser)
    add_passphrase(parser)


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for arguments that do not go together."""
    from ..scan import ranges

    _time(arguments.nightly)
    for name in ("renew", "acme", "est", "scan"):
        if getattr(arguments, name) and not arguments.nightly:
            raise Error(f"--{name} needs --nightly HH:MM", "boardcert worker --help", USAGE)
    ranges.parse(arguments.scan, False)
    if not 1 <= arguments.parallel <= _MOST_PARALLEL:
        raise Error(f"--parallel must be from 1 to {_MOST_PARALLEL}", None, USAGE)
    if not 1 <= arguments.stalled_after <= 3600:
        raise Error("--stalled-after must be from 1 to 3600 seconds", None, USAGE)


def _time(text: str | None) -> datetime.time | None:
    try:
        return datetime.datetime.strptime(text, "%H:%M").time() if text else None
    except ValueError as error:
        raise Error(f"not a time of day: {text}", "for example 02:00", USAGE) from error


def _run(arguments: argparse.Namespace) -> int:
    from ..acme import libraries as acme
    from ..est import libraries as est
    from ..workers.jobs_schema import shared_place

    place = shared_place()
    from ..workers.serving import serve
    from ..workers.station import Station

    store, passphrase = None, functools.cache(passphrase_of(arguments).get)
    if arguments.renew:
        store = store_in(arguments.ca)
        store.load(passphrase)  # Raises Error, and asks, now and not in the night.
    for is_wanted, libraries in ((arguments.acme, acme), (arguments.est, est)):
        if is_wanted:
            libraries.require()
    nightly = _time(arguments.nightly)
    own = arguments.acme, arguments.est, arguments.scan
    station = Station(arguments.parallel, store, passphrase, *own, nightly)
    say(f"worker on {socket.gethostname()}, {place}: starting")
    serve(station, arguments.once, arguments.stalled_after)
    say("worker: ended")
    return OK


COMMANDS = {
    "worker": Command(
        "run jobs that several computers share: verify boards, renew certificates",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
