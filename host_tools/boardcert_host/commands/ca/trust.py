"""`boardcert ca trust` and `boardcert ca untrust`: for a CA in a file, or a board's own."""

import argparse
from pathlib import Path

from ...errors import USAGE, Error
from ...targets import parse_host
from ..shared import (
    Command,
    add_force,
    add_json,
    add_name,
    check_free,
    complete_hosts,
    given_pin,
    named_file,
)
from . import stores
from .place import store_in

_TRUST_EXAMPLES = """\
examples:
  boardcert ca trust                      your own CA, in every store of this computer
  boardcert ca trust ca.crt --only nss    another CA, in Firefox and Chromium only
  boardcert ca trust kitchen.local        the authority of a board whose chain is "authority"
  boardcert ca trust kitchen.local -o kitchen.crt   only save it, for other devices
"""
_UNTRUST_EXAMPLES = """\
examples:
  boardcert ca untrust
  boardcert ca untrust ca.crt --only system
  boardcert ca untrust kitchen.local      also when the board is gone
"""
_SOURCE = "a CA's certificate, or a board (default: your own CA)"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    complete_hosts(add("source", nargs="?", metavar="FILE|HOST[:PORT]", help=_SOURCE))
    kinds = "one kind of store only: the system's, Firefox and Chromium, or Java's"
    add("--only", choices=stores.KINDS, help=kinds)
    add("--yes", action="store_true", help="do not ask")
    add_name(parser)
    add_json(parser)


def _add_trust_arguments(parser: argparse.ArgumentParser) -> None:
    _add_arguments(parser)
    add = parser.add_argument
    add("--pin", metavar="SHA256", help="fingerprint or public-key pin that HOST must have")
    usb = "compare HOST with the board on this serial port; restarts its program"
    add("--usb", metavar="PORT", help=usb)
    add("--print", action="store_true", help="only print the authority of HOST, checked, as PEM")
    saved = "only write the authority of HOST, checked, as PEM"
    add("-o", "--output", type=Path, metavar="FILE", help=saved)
    add_force(parser)


def _check_trust(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for options that do not go with the source."""
    hint = "boardcert ca trust --help"
    is_board = _is_board(arguments.source)
    of_boards = {"--pin": arguments.pin, "--usb": arguments.usb, "--name": arguments.name}
    of_boards |= {"--print": arguments.print, "--output": arguments.output}
    for option, value in of_boards.items():
        if value and not is_board:
            raise Error(f"{option} belongs to a HOST", hint, USAGE)
    if arguments.print and arguments.output:
        raise Error("--print and --output do not go together", hint, USAGE)
    if is_board:
        parse_host(arguments.source)
    given_pin(arguments)
    check_free(arguments.output, arguments.force)


def _check_untrust(arguments: argparse.Namespace) -> None:
    if _is_board(arguments.source):
        parse_host(arguments.source)
    elif arguments.name:
        raise Error("--name belongs to a HOST", "boardcert ca untrust --help", USAGE)


def _is_board(source: str | None) -> bool:
    return source is not None and named_file(source) is None


def _run_trust(arguments: argparse.Namespace) -> int:
    if _is_board(arguments.source):
        from .trust_board import trust

        return trust(arguments)
    return _run_file(arguments, True)


def _run_untrust(arguments: argparse.Namespace) -> int:
    if _is_board(arguments.source):
        from .trust_board import untrust

        return untrust(arguments)
    return _run_file(arguments, False)


def _run_file(arguments: argparse.Namespace, trusted: bool) -> int:
    from ...certificates.certificate import describe
    from ...trust.anchors import read_anchor

    path = Path(arguments.source) if arguments.source else store_in(None).certificate_file
    anchor = read_anchor(path)
    if not arguments.yes:
        described = describe(anchor.certificate)
        rows = [("CA", described["subject"]), ("fingerprint", described["fingerprint"])]
        warning = "anyone with its private key can then impersonate any server it may sign for"
        stores.ask(rows, trusted, warning)
    outcomes = stores.change(anchor, trusted, arguments.only)
    return stores.tell(outcomes, {"ca": anchor.title}, arguments.json)


ACTIONS = {
    "trust": Command(
        "make this computer's system, Firefox, Chromium and Java trust a CA, or a board's own",
        _TRUST_EXAMPLES,
        _add_trust_arguments,
        _run_trust,
        _check_trust,
    ),
    "untrust": Command(
        "undo what trust did", _UNTRUST_EXAMPLES, _add_arguments, _run_untrust, _check_untrust
    ),
}
