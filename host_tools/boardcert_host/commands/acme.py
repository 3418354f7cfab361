"""`boardcert acme`: a certificate from an ACME CA, ordered here, for the key of the board."""

import argparse
import datetime
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import messages, print_rows, results, say, say_error
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK, USAGE, Error
from .acme_options import plan_of, registration_of
from .shared import Command, check_timeout, given_pin, print_json
from .with_board import add_host, add_options

if TYPE_CHECKING:
    from ..acme.obtain import Obtained
    from ..acme.renewal import Outcome

_EXAMPLES = """\
examples:
  boardcert acme kitchen.local --domain kitchen.example.org --dns cloudflare --agree-tos
  boardcert acme kitchen.local --domain kitchen.example.org --dns-hook ./dns.sh
  boardcert acme --usb /dev/ttyACM0 --domain kitchen.example.org --dns powerdns
  boardcert acme kitchen.local                  the same again, or to its end if it was cut short
  boardcert acme --renew                        for cron: what is in the last third of its time
"""
_UNITS = {"d": "days", "h": "hours"}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser, is_optional=True)
    add = parser.add_argument
    help = 'a name for the certificate, "*.example.org" too; repeatable (default: as before)'
    add("--domain", action="append", default=[], metavar="D", help=help)
    help = "of the CA: a URL, or letsencrypt, letsencrypt-staging (default: as before, letsencrypt)"
    add("--directory", metavar="URL|NAME", help=help)
    help = "the CA by which the directory itself is trusted, PEM (default: the system's)"
    add("--directory-ca", type=Path, metavar="FILE", help=help)
    add("--agree-tos", action="store_true", help="agree to the CA's terms of service, once")
    add("--email", metavar="ADDRESS", help="where the CA writes to; only for a new account")
    add("--eab-kid", metavar="KID", help="the key identifier that the CA has given you, once")
    help = "file with the key that belongs to it (default: $BOARDCERT_EAB_KEY)"
    add("--eab-key-file", type=Path, metavar="FILE", help=help)
    help = "who has the domain's DNS, as dns-lexicon calls it; credentials: $LEXICON_PROVIDER_..."
    add("--dns", metavar="PROVIDER", help=help).completer = _complete_providers  # type: ignore[attr-defined]
    help = "the directory of lexicon.yml and lexicon_PROVIDER.yml (default: the current one)"
    add("--dns-config", type=Path, metavar="DIRECTORY", help=help)
    help = "or a program that changes it, run as: PROGRAM present|cleanup NAME VALUE"
    add("--dns-hook", metavar="PROGRAM", help=help)
    add("--acme-dns", metavar="URL", help="or an acme-dns server")
    help = "how long a record may take to reach its name servers (default: 300)"
    add("--dns-wait", type=float, metavar="SECONDS", help=help)
    help = "the resolver to ask for them (default: the system's)"
    add("--dns-server", metavar="ADDRESS[:PORT]", help=help)
    help = "do nothing unless it expires within N days or hours: 30d, 12h"
    add("--if-expiring", type=_duration, metavar="N", help=help)
    add("--renew", action="store_true", help="all boards that are due, as they were ordered before")
    add("--forget", action="store_true", help="renew it no longer; what is installed stays")
    add("--new-order", action="store_true", help="whatever was issued before, and not installed")
    add_options(parser)


def _complete_providers(**_: object) -> list[str]:
    from ..acme.libraries import providers

    return providers()


def _duration(text: str) -> datetime.timedelta:
    found = re.fullmatch(r"(\d{1,4})([dh])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"not a number of days or hours, such as 30d: {text}")
    return datetime.timedelta(**{_UNITS[found[2]]: int(found[1])})


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for arguments that do not go together."""
    check_timeout(arguments.timeout)
    given_pin(arguments)
    hint = "boardcert acme --help"
    if arguments.usb and (arguments.ca or arguments.token_file):
        raise Error("--usb excludes --ca and --token-file", hint, USAGE)
    if arguments.renew and (arguments.host or arguments.usb or arguments.domain):
        raise Error("--renew is for all boards: it takes no HOST, --usb or --domain", hint, USAGE)
    if arguments.forget and (arguments.renew or arguments.usb or not arguments.host):
        raise Error("--forget needs a HOST, and nothing else", hint, USAGE)
    if not arguments.renew and arguments.host is None and not arguments.usb:
        raise Error("a HOST is needed, or --usb PORT, or --renew", hint, USAGE)
    if sum(map(bool, (arguments.dns, arguments.dns_hook, arguments.acme_dns))) > 1:
        raise Error("only one of --dns, --dns-hook and --acme-dns", hint, USAGE)
    if arguments.dns_wait is not None and not 0 <= arguments.dns_wait <= 86400:
        raise Error("--dns-wait must be 0 to 86400 seconds", hint, USAGE)


def _run(arguments: argparse.Namespace) -> int:
    from ..acme import libraries

    if arguments.forget:
        return _forget(arguments)
    libraries.require()
    return _renew(arguments) if arguments.renew else _obtain(arguments)


def _forget(arguments: argparse.Namespace) -> int:
    from ..acme import kept
    from ..targets import canonical

    host = canonical(arguments.host)
    kept.forget(host)
    if arguments.json:
        print_json({"host": host, "result": "forgotten"})
    else:
        results().print(f"{host}: renewed no longer", markup=False)
    return OK


def _obtain(arguments: argparse.Namespace) -> int:
    from ..acme import kept, renewal
    from ..acme.obtain import obtain

    plan = plan_of(arguments)
    host = arguments.record["host"] = plan.way.host
    state = kept.load(host or "")
    now = datetime.datetime.now(datetime.timezone.utc)
    within = arguments.if_expiring
    is_same = within and state and state.plan.domains == plan.domains
    if is_same and state and state.installed and not renewal.is_due(state, within, now):
        return _print_not_due(arguments, state.installed)
    new = registration_of(arguments)
    with _showing_steps() as show:
        done = obtain(plan, new, lambda step: show(f"{host}: {step}"), anew=arguments.new_order)
    for remark in done.remarks:
        say(remark)
    return _print_obtained(arguments, done)


@contextmanager
def _showing_steps() -> "Iterator[Callable[[str], None]]":
    """Give what shows each step: on a terminal only, one after another in one line."""
    from rich.text import Text

    from ..console import neutral

    with messages().status("beginning") as status:
        yield lambda step: status.update(Text(neutral(step)))


def _print_not_due(arguments: argparse.Namespace, certificate: dict[str, str]) -> int:
    if arguments.json:
        print_json(arguments.record | {"result": "not due", "certificate": certificate})
    else:
        line = f"{arguments.record['host']}: not due, valid until {certificate['not_after'][:10]}"
        results().print(line, markup=False)
    return OK


def _print_obtained(arguments: argparse.Namespace, done: "Obtained") -> int:
    from ..acme.plan import covered_name

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
    name = covered_name(certificate["names"])
    say(f"next: boardcert verify {host} --name {name}; later, for cron: boardcert acme --renew")
    return OK


def _renew(arguments: argparse.Namespace) -> int:
    from ..acme.renewal import FAILED, renew_due

    outcomes = []
    with _showing_steps() as show:
        for outcome in renew_due(arguments.if_expiring, lambda host, step: show(f"{host}: {step}")):
            outcomes.append(outcome)
            _print_outcome(outcome, arguments.json)
    if arguments.json:
        print_json({"boards": [_outcome_json(outcome) for outcome in outcomes]})
    elif not outcomes:
        say("nothing was ordered here yet")
    failed = [outcome.error for outcome in outcomes if outcome.status == FAILED]
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


COMMANDS = {
    "acme": Command(
        "get a certificate for a board from an ACME CA, such as Let's Encrypt",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
