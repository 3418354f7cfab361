"""`boardcert show`: describe certificates, requests and keys, from files or from a server."""

import argparse
import datetime
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..console import print_rows
from ..errors import CHECKED_AND_BAD, OK, Error
from .shared import Command, add_json, add_name, check_timeout, named_file, print_json

if TYPE_CHECKING:
    from ..certificates.items import Ask

_EXAMPLES = """\
examples:
  boardcert show kitchen.crt                 a certificate or a chain, PEM or DER
  boardcert show kitchen.crt kitchen.key     do they belong together?
  boardcert show kitchen.local               what a server sends
  boardcert show request.csr --json
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 | boardcert show -
"""
_VARIABLE = "BOARDCERT_PASSPHRASE"
_KINDS = (
    "certificates, requests and keys; PEM, DER, PKCS#12, PKCS#7. Private parts are never shown. "
    "Exit code 1: something cannot be read, a signature is not valid, or a key fits none of the "
    "certificates"
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("sources", nargs="+", metavar="FILE|HOST[:PORT]|-", help=_KINDS)
    add(
        "--timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="time limit for a host (default: 10)",
    )
    add(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help=f"passphrase of encrypted private keys (default: ${_VARIABLE}; no prompt)",
    )
    add_name(parser)
    add_json(parser)


def _run(arguments: argparse.Namespace) -> int:
    from ..passwords import Password
    from ..show.describe import show_items

    check_timeout(arguments.timeout)
    secret = Password("passphrase", "--passphrase-file", _VARIABLE, arguments.passphrase_file)
    passphrase = secret.given()
    items = []
    for source in arguments.sources:
        items += _read(source, lambda: passphrase, arguments.timeout, arguments.name)
    shown = show_items(items, datetime.datetime.now(datetime.timezone.utc))
    if arguments.json:
        print_json({"items": [one.data for one in shown]})
    else:
        for one in shown:
            print_rows(one.title, one.rows)
    return CHECKED_AND_BAD if any(one.is_bad for one in shown) else OK


def _read(source: str, ask: "Ask", timeout_s: float, name: str | None) -> list[Any]:
    """Return the items in a file, from standard input or a server. Raises Error for none."""
    from ..certificates.items import read_chain, read_items
    from ..files import read_small, read_stream
    from ..targets import Target
    from ..trust.look_up import place_of
    from ..verify.network_errors import NOT_FOUND, Unreachable
    from ..verify.tls_probe import probe

    path = None if source == "-" else named_file(source)
    if source != "-" and path is None:
        # Not the board's last address: no pin is checked here.
        last = place_of(source, name).target
        target = replace(last, address=None)
        try:
            session = probe(target, timeout_s, name or target.host.partition("%")[0])
        except Unreachable as error:
            if error.kind == NOT_FOUND and last.address:
                there = Target(last.address, last.port)
                error.hint = f"it was last at {last.address}: boardcert show {there}"
            raise
        if session.flaw:
            raise Error(f"{target}: {session.flaw[1]}", None, CHECKED_AND_BAD)
        return read_chain(session.chain)
    data = read_small(path) if path else read_stream(sys.stdin.buffer, "standard input")
    items = read_items(data, ask)
    if not items:
        raise Error(f"{source if path else 'standard input'} is empty")
    return items


COMMANDS = {
    "show": Command(
        "describe certificates, requests and keys, in files or from a server",
        _EXAMPLES,
        _add_arguments,
        _run,
    ),
}
