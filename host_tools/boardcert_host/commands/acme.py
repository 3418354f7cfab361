"""`boardcert acme`: a certificate from an ACME CA, ordered here, for the key of the board."""

import argparse
from pathlib import Path

from ..errors import USAGE, Error
from .acme_options import plan_of, registration_of
from .enrolling import (
    add_renewal,
    check,
    current,
    print_not_due,
    print_obtained,
    refuse_other,
    run,
    showing_steps,
)
from .shared import Command, check_timeout
from .with_board import add_host, add_options

_EXAMPLES = """\
examples:
  boardcert acme kitchen.local --domain kitchen.example.org --dns cloudflare --agree-tos
  boardcert acme kitchen.local --domain kitchen.example.org --dns-hook ./dns.sh
  boardcert acme --usb /dev/ttyACM0 --domain kitchen.example.org --dns powerdns
  boardcert acme kitchen.local                  the same again; an interrupted order is resumed
  boardcert acme --renew                        for cron: what is in the last third of its lifetime
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser, is_optional=True)
    add = parser.add_argument
    help = 'a name for the certificate, "*.example.org" too; repeatable (default: as before)'
    add("--domain", action="append", default=[], metavar="D", help=help)
    help = "the CA: URL, letsencrypt or letsencrypt-staging (default: as before, or letsencrypt)"
    add("--directory", metavar="URL|NAME", help=help)
    help = "the CA by which the directory itself is trusted, PEM (default: the system's)"
    add("--directory-ca", type=Path, metavar="FILE", help=help)
    add("--agree-tos", action="store_true", help="agree to the CA's terms of service, once")
    add("--email", metavar="ADDRESS", help="your address for the CA; only for a new account")
    add("--eab-kid", metavar="KID", help="the key identifier that the CA has given you, once")
    help = "file with the key that belongs to it (default: $BOARDCERT_EAB_KEY)"
    add("--eab-key-file", type=Path, metavar="FILE", help=help)
    help = "the domain's DNS provider, as dns-lexicon calls it; credentials: $LEXICON_PROVIDER_..."
    add("--dns", metavar="PROVIDER", help=help).completer = _complete_providers  # type: ignore[attr-defined]
    help = "the directory of lexicon.yml and lexicon_PROVIDER.yml (default: the current one)"
    add("--dns-config", type=Path, metavar="DIRECTORY", help=help)
    help = "or a program that changes it, run as: PROGRAM present|cleanup NAME VALUE"
    add("--dns-hook", metavar="PROGRAM", help=help)
    add("--acme-dns", metavar="URL", help="or an acme-dns server")
    help = "how long a record may take to reach its name servers (default: 300)"
    add("--dns-wait", type=float, metavar="SECONDS", help=help)
    help = "the resolver that finds them (default: the system's)"
    add("--dns-server", metavar="ADDRESS[:PORT]", help=help)
    add_renewal(parser)
    help = "order a new certificate, even if one was issued and not installed"
    add("--new-order", action="store_true", help=help)
    add_options(parser)


def _complete_providers(**_: object) -> list[str]:
    from ..acme.libraries import providers

    return providers()


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for arguments that do not go together."""
    check_timeout(arguments.timeout)
    hint = "boardcert acme --help"
    check(arguments, arguments.domain, hint)
    if sum(map(bool, (arguments.dns, arguments.dns_hook, arguments.acme_dns))) > 1:
        raise Error("only one of --dns, --dns-hook and --acme-dns", hint, USAGE)
    if arguments.dns_wait is not None and not 0 <= arguments.dns_wait <= 86400:
        raise Error("--dns-wait must be 0 to 86400 seconds", hint, USAGE)


def _run(arguments: argparse.Namespace) -> int:
    from ..acme import libraries
    from ..acme.kept import SHELF
    from ..acme.renewal import renew_due

    return run(arguments, SHELF, libraries.require, renew_due, _obtain)


def _obtain(arguments: argparse.Namespace) -> int:
    from ..acme.kept import SHELF
    from ..acme.obtain import obtain
    from ..est.kept import SHELF as ENROLMENTS

    plan = plan_of(arguments)
    host = arguments.record["host"] = plan.way.host
    refuse_other(host, ENROLMENTS, "boardcert est")
    state = SHELF.load(host or "")
    if found := current(arguments, state, lambda before: before.domains == plan.domains):
        return print_not_due(arguments, found)
    new = registration_of(arguments)
    with showing_steps() as show:
        done = obtain(plan, new, lambda step: show(f"{host}: {step}"), anew=arguments.new_order)
    return print_obtained(arguments, done, "boardcert acme")


COMMANDS = {
    "acme": Command(
        "get a certificate for a board from an ACME CA, such as Let's Encrypt",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
