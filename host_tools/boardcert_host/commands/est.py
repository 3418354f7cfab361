"""`boardcert est`: a certificate from a company's CA over EST, for the key of the board."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import agrees, questions, say
from ..errors import USAGE, Error
from .enrolling import (
    add_renewal,
    check,
    current,
    existing,
    is_way_given,
    print_not_due,
    print_obtained,
    refuse_other,
    run,
    showing_steps,
    way_of,
)
from .shared import Command, check_timeout
from .with_board import add_host, add_options, requested_names

if TYPE_CHECKING:
    from ..est.plan import Login, Plan

_EXAMPLES = """\
examples:
  boardcert est kitchen.local --server https://est.example.org --user operator
  boardcert est kitchen.local --server https://est.example.org:8443 --label boards \\
      --server-ca company-ca.pem --client-cert me.pem --client-key me.key
  boardcert est --usb /dev/ttyACM0 --server https://est.example.org --server-fingerprint SHA256
  boardcert est kitchen.local                  the same again; an interrupted run is resumed
  boardcert est --renew                        for cron: what is in the last third of its lifetime
"""
_HINT = "boardcert est --help"
_LONGEST_WAIT_S = 86400


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser, is_optional=True)
    add = parser.add_argument
    help = (
        "the EST server; /.well-known/est is added to a URL without a path (default: the last one)"
    )
    add("--server", metavar="URL", help=help)
    add("--label", metavar="L", help="which of the server's CAs, or profiles: a part of its URL")
    help = "the CA by which the server itself is trusted, a file (default: this computer's)"
    add("--server-ca", type=Path, metavar="FILE", help=help)
    help = "or that CA's fingerprint: it is fetched, compared, and then trusted for this server"
    add("--server-fingerprint", metavar="SHA256", help=help)
    help = "user name for HTTP Basic or Digest, as the server wants it; prompts for the password"
    add("--user", metavar="NAME", help=help)
    help = "file with the password (default: $BOARDCERT_EST_PASSWORD)"
    add("--password-file", type=Path, metavar="FILE", help=help)
    help = "or authenticate with a TLS client certificate, PEM, followed by those of its issuers"
    add("--client-cert", type=Path, metavar="FILE", help=help)
    help = "its private key, PEM (default: in the file of the certificate)"
    add("--client-key", type=Path, metavar="FILE", help=help)
    help = "file with the key's passphrase (default: $BOARDCERT_PASSPHRASE)"
    add("--passphrase-file", type=Path, metavar="FILE", help=help)
    help = "request this name, not the board's own, and no subject; repeatable"
    add("--san", action="append", default=[], metavar="NAME", help=help)
    help = "how long to wait for the CA to approve the request (default: 300)"
    add("--wait", type=float, metavar="SECONDS", help=help)
    add_renewal(parser)
    help = "make a new request, even if one is pending or its answer is not installed yet"
    add("--new-request", action="store_true", help=help)
    add_options(parser)


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for arguments that do not go together."""
    check_timeout(arguments.timeout)
    check(arguments, arguments.san, _HINT)
    requested_names(arguments.san)
    if arguments.wait is not None and not 0 <= arguments.wait <= _LONGEST_WAIT_S:
        raise Error(f"--wait must be 0 to {_LONGEST_WAIT_S} seconds", _HINT, USAGE)
    if arguments.server_ca and arguments.server_fingerprint:
        raise Error("only one of --server-ca and --server-fingerprint", _HINT, USAGE)
    if arguments.client_key and not arguments.client_cert:
        raise Error("--client-key belongs to --client-cert", _HINT, USAGE)
    if arguments.password_file and not arguments.user:
        raise Error("--password-file belongs to --user", _HINT, USAGE)
    if arguments.label and not arguments.server:
        raise Error("--label belongs to --server", _HINT, USAGE)


def _run(arguments: argparse.Namespace) -> int:
    from ..est import libraries
    from ..est.kept import SHELF
    from ..est.renewal import renew_due

    return run(arguments, SHELF, libraries.require, renew_due, _obtain)


def _obtain(arguments: argparse.Namespace) -> int:
    from ..acme.kept import SHELF as ORDERS
    from ..est.kept import SHELF
    from ..est.obtain import obtain

    plan = _plan(arguments)
    host = arguments.record["host"] = plan.way.host
    refuse_other(host, ORDERS, "boardcert acme")
    state = SHELF.load(host or "")
    if found := current(arguments, state, lambda before: before.names == plan.names):
        return print_not_due(arguments, found)
    plan = _trusting(plan, arguments.server_fingerprint)
    with showing_steps() as show:
        done = obtain(plan, lambda step: show(f"{host}: {step}"), anew=arguments.new_request)
    return print_obtained(arguments, done, "boardcert est")


def _plan(arguments: argparse.Namespace) -> "Plan":
    """Return what is to be done; options not given keep their last value."""
    from ..est.kept import SHELF
    from ..est.plan import Plan, place_of, server_url

    way = way_of(arguments)
    state = SHELF.load(way.host or "")
    before: Plan | None = state.plan if state else None
    if before and not is_way_given(arguments):
        way = before.way
    if arguments.server:
        url = server_url(arguments.server, arguments.label)
        is_same = before and before.place == place_of(url)
        plan = replace(before, way=way, url=url) if before and is_same else Plan(way, url)
    elif before:
        plan = replace(before, way=way)
    else:
        hint = "--server https://est.example.org"
        raise Error(f"no EST server is known for {way.host}", hint, USAGE)
    if arguments.server_ca:
        plan = replace(plan, server_ca=existing(arguments.server_ca, "--server-ca"))
    if arguments.san:
        plan = replace(plan, names=tuple(requested_names(arguments.san)))
    if arguments.wait is not None:
        plan = replace(plan, wait_s=arguments.wait)
    return replace(plan, login=_login(arguments, plan.login))


def _login(arguments: argparse.Namespace, before: "Login") -> "Login":
    """Return how to authenticate: each method that is given replaces the earlier one."""
    if arguments.user:
        file = arguments.password_file
        file = existing(file, "--password-file") if file else None
        before = replace(before, user=arguments.user, password_file=file)
    if arguments.client_cert:
        key, secret = arguments.client_key, arguments.passphrase_file
        before = replace(
            before,
            certificate=existing(arguments.client_cert, "--client-cert"),
            key=existing(key, "--client-key") if key else None,
            passphrase_file=existing(secret, "--passphrase-file") if secret else None,
        )
    return before


def _trusting(plan: "Plan", fingerprint: str | None) -> "Plan":
    """Return *plan* with a trust anchor: by its fingerprint, or confirmed by a person."""
    from ..certificates.fingerprint import parse_pin
    from ..est import bootstrap

    if fingerprint:
        return bootstrap.trusting(plan, parse_pin(fingerprint), _confirm)
    if plan.server_ca or not sys.stdin.isatty() or bootstrap.is_trusted(plan):
        return plan
    return bootstrap.trusting(plan, None, _confirm)


def _confirm(found: Sequence[dict[str, Any]]) -> bool:
    """Show the CAs of a server that this computer does not trust, and ask a person."""
    from ..console import in_groups

    say("this computer does not trust the server; it says that its CA is")
    for one in found:
        questions().print(f"CA           {one['subject']}", markup=False)
        for line in in_groups(one["fingerprint"]):
            questions().print(f"  {line}", markup=False)
    return agrees("Is this the fingerprint (SHA-256) that the CA's operator gave you?")


COMMANDS = {
    "est": Command(
        "get a certificate for a board from a company's CA over EST",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
