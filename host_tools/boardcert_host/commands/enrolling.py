"""What `acme`, `est` and `step` share: commands that get certificates from a CA elsewhere."""

import argparse
import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import messages, print_rows, results, say, say_error
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK, USAGE, Error
from .shared import given_pin, print_json

if TYPE_CHECKING:
    from ..enrolment.renewals import Obtained, Outcome, RenewDue
    from ..enrolment.shelf import Entry, Shelf
    from ..enrolment.way import Way

_UNITS = {"d": "days", "h": "hours"}
_WAY = ("name", "pin", "ca", "token_file", "usb", "timeout")


def add_renewal(parser: argparse.ArgumentParser) -> None:
    """Add the options about renewal."""
    add = parser.add_argument
    help = "do nothing unless it expires within N days or hours: 30d, 12h"
    add("--if-expiring", type=_duration, metavar="N", help=help)
    help = "all boards that are due, with the options used before"
    add("--renew", action="store_true", help=help)
    add("--forget", action="store_true", help="stop renewing it; what is installed stays")


def _duration(text: str) -> datetime.timedelta:
    found = re.fullmatch(r"(\d{1,4})([dh])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"not a number of days or hours, such as 30d: {text}")
    return datetime.timedelta(**{_UNITS[found[2]]: int(found[1])})


def check(arguments: argparse.Namespace, names: list[str], hint: str) -> None:
    """Raise Error, a usage error, for arguments that do not go together. *names*: asked for."""
    given_pin(arguments)
    if arguments.usb and (arguments.ca or arguments.token_file):
        raise Error("--usb excludes --ca and --token-file", hint, USAGE)
    if arguments.renew and (arguments.host or arguments.usb or names):
        raise Error("--renew is for all boards: it takes no HOST, --usb or names", hint, USAGE)
    if arguments.forget and (arguments.renew or arguments.usb or not arguments.host):
        raise Error("--forget needs a HOST, and nothing else", hint, USAGE)
    if not arguments.renew and arguments.host is None and not arguments.usb:
        raise Error("a HOST is needed, or --usb PORT, or --renew", hint, USAGE)


def way_of(arguments: argparse.Namespace) -> "Way":
    """Return how the board is reached; it has a host."""
    from ..enrolment.way import Way
    from ..targets import canonical

    way = Way(
        host=arguments.host and canonical(arguments.host),
        name=arguments.name,
        pin=given_pin(arguments),
        ca=arguments.ca and str(Path(arguments.ca).absolute()),
        token_file=arguments.token_file and str(arguments.token_file.absolute()),
        usb=arguments.usb,
        timeout_s=arguments.timeout,
    )
    if way.host is None:
        from ..enrolment.delivery import host_on

        way = replace(way, host=host_on(way))
    return way


def is_way_given(arguments: argparse.Namespace) -> bool:
    """Return whether any option says how the board is reached; otherwise it stays as before."""
    return any(getattr(arguments, name) for name in _WAY)


def existing(path: Path, option: str) -> str:
    """Return *path* as an absolute path. Raises Error, a usage error, when there is no file."""
    if not path.is_file():
        raise Error(f"{option}: no such file: {path}", None, USAGE)
    return str(path.absolute())


def refuse_other(host: str | None, shelf: "Shelf[Any]", command: str) -> None:
    """Raise Error if *host* is renewed by another *command*: the two would take turns."""
    if host in shelf.hosts():
        raise Error(f"{host} is renewed by {command}", f"{command} {host} --forget", USAGE)


def current(
    arguments: argparse.Namespace, state: "Entry | None", is_same: Callable[[Any], bool]
) -> dict[str, Any] | None:
    """Return the certificate with which --if-expiring leaves nothing to do, None otherwise.

    *is_same*: whether the plan before was for the same.
    """
    from ..enrolment.renewals import is_due

    if not arguments.if_expiring or state is None or not is_same(state.plan):
        return None
    now = datetime.datetime.now(datetime.timezone.utc)
    return None if is_due(state, arguments.if_expiring, now) else state.installed


def run(
    arguments: argparse.Namespace,
    shelf: "Shelf[Any]",
    require: Callable[[], None],
    renew_due: "RenewDue",
    obtain: Callable[[argparse.Namespace], int],
) -> int:
    """Do --forget or --renew, or *obtain* a certificate; return the exit code.

    *require*: raises Error where a package that the latter two need is missing.
    """
    if arguments.forget:
        return _forget(arguments, shelf)
    require()
    if not arguments.renew:
        return obtain(arguments)
    with showing_steps() as show:
        found = renew_due(arguments.if_expiring, lambda host, step: show(f"{host}: {step}"))
        return _print_renewed(arguments, found)


@contextmanager
def showing_steps() -> "Iterator[Callable[[str], None]]":
    """Yield a function that shows each step: on a terminal only, all in the same line."""
    from rich.text import Text

    from ..console import neutral

    with messages().status("beginning") as status:
        yield lambda step: status.update(Text(neutral(step)))


def _forget(arguments: argparse.Namespace, shelf: "Shelf[Any]") -> int:
    from ..targets import canonical

    host = canonical(arguments.host)
    shelf.forget(host)
    if arguments.json:
        print_json({"host": host, "result": "forgotten"})
    else:
        results().print(f"{host}: no longer renewed", markup=False)
    return OK


def print_not_due(arguments: argparse.Namespace, certificate: dict[str, Any]) -> int:
    """Print that --if-expiring leaves nothing to do."""
    if arguments.json:
        print_json(arguments.record | {"result": "not due", "certificate": certificate})
    else:
        line = f"{arguments.record['host']}: not due, valid until {certificate['not_after'][:10]}"
        results().print(line, markup=False)
    return OK


def print_obtained(
    arguments: argparse.Namespace, done: "Obtained", command: str | None = None
) -> int:
    """Print what the board serves now. *command*: which renews it; None: a person does."""
    from ..enrolment.way import covered_name
    from ..targets import parse_host

    for remark in done.remarks:
        say(remark)
    host, certificate = arguments.record["host"], done.certificate
    if arguments.json:
        data = {"result": "installed", "new": done.is_new, "certificate": certificate}
        print_json(arguments.record | data | {"chain": done.chain})
        return OK
    rows = [
        ("names", ", ".join(certificate["names"])),
        ("issued by", certificate["issuer"]),
        ("valid until", certificate["not_after"][:10]),
        ("fingerprint", certificate["fingerprint"]),
    ]
    print_rows(f"{host}: installed and served", rows)
    name = covered_name(certificate["names"] or [host])
    options = "" if name == parse_host(host)[0] else f" --name {name}"
    say(f"next: boardcert verify {host}{options}; --ca FILE if this computer does not trust its CA")
    if command:
        say(f"to renew it, from cron: {command} --renew")
    return OK


def _print_renewed(arguments: argparse.Namespace, outcomes: "Iterable[Outcome]") -> int:
    """Print the outcome of each board as it comes; return the exit code of all."""
    from ..enrolment.renewals import FAILED

    seen = []
    for outcome in outcomes:
        seen.append(outcome)
        _print_outcome(outcome, arguments.json)
    if arguments.json:
        print_json({"boards": [_outcome_json(outcome) for outcome in seen]})
    elif not seen:
        say("no certificate was requested here yet")
    failed = [outcome.error for outcome in seen if outcome.status == FAILED]
    if any(error and error.code != CHECKED_AND_BAD for error in failed):
        return COULD_NOT_RUN
    return CHECKED_AND_BAD if failed else OK


def _print_outcome(outcome: "Outcome", is_json: bool) -> None:
    date = outcome.certificate and outcome.certificate["not_after"][:10]
    end = f"valid until {date}" if date else "no certificate yet"
    if outcome.error:
        say_error(f"{outcome.host}: {outcome.error.message}", outcome.error.hint)
    if not is_json:
        line = f"{outcome.host}: {outcome.status}, {end}"
        results().print(line, markup=False)


def _outcome_json(outcome: "Outcome") -> dict[str, object]:
    error = outcome.error
    reason = error and {"message": error.message, "hint": error.hint}
    return {
        "host": outcome.host,
        "status": outcome.status,
        "certificate": outcome.certificate,
        "error": reason,
    }
