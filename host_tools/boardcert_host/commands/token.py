"""`boardcert token`: the password of a board's page, on the key ring and off it."""

import argparse
import sys

from ..console import messages, print_plain, results, say
from ..errors import OK, USAGE, Error
from ..targets import parse_host
from .shared import Command, add_json, add_name, complete_hosts, print_json

_EXAMPLES = """\
examples:
  boardcert token kitchen.local --usb /dev/ttyACM0  read it from the board, and keep it
  boardcert token kitchen.local                     show it, to be typed into the board's page
  boardcert token kitchen.local --forget
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "a board; with --usb, a known one"
    complete_hosts(add("host", metavar="HOST[:PORT]", help=help))
    add("--usb", metavar="PORT", help="read it over this serial port; restarts the board's program")
    add_name(parser)
    add("--forget", action="store_true", help="remove it from the key ring; the board keeps it")
    add_json(parser)


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for an invalid HOST, or options that exclude each other."""
    parse_host(arguments.host)
    if arguments.usb and arguments.forget:
        raise Error("--usb and --forget cannot be used together", "boardcert token --help", USAGE)


def _run(arguments: argparse.Namespace) -> int:
    from .. import targets
    from ..board import tokens
    from ..trust.location import did_you_mean, find
    from ..trust.pins import load_pins

    host = targets.canonical(arguments.host)
    if arguments.usb:
        return _keep(arguments, host)
    boards = load_pins()
    place = find(host, boards, arguments.name)
    token = tokens.find_token(place.names, place.known and place.known.public_key_pin)
    if token is None:
        hint = None if place.known else did_you_mean(host, boards)
        hint = hint or f"boardcert token {host} --usb PORT"
        raise Error(f"no token of {host} on the key ring", hint)
    if arguments.forget:
        tokens.forget_token(token)
        return _tell(arguments, host, "forgotten")
    if arguments.json:
        print_json({"host": host, "token": token})
        return OK
    if sys.stdout.isatty():
        say(f"this is a password: anyone who has it can change what {host} serves")
    print_plain(token)
    return OK


def _keep(arguments: argparse.Namespace, host: str) -> int:
    """Read the token over the cable, out of any attacker's reach; pin the board as well."""
    from ..board import access
    from ..board.reports import portal_port
    from ..trust import pins
    from ..trust.location import find, name_for

    name = arguments.name
    asking = messages().status("asking the board")
    with asking, access.open_usb(host, arguments.usb, name=name) as board:
        report = board.report()
        host = name_for(find(host, pins.load_pins(), name), host, report)
        pins.add_pin(host, report, portal_port(report))
        is_new = access.keep_token(board, host, report)
    return _tell(arguments, host, "kept" if is_new else "already known")


def _tell(arguments: argparse.Namespace, host: str, word: str) -> int:
    from ..board import tokens

    if arguments.json:
        print_json({"host": host, "result": word, "file": str(tokens.tokens_file())})
    else:
        results().print(f"{host}: its token is {word}, {tokens.tokens_file()}", markup=False)
    return OK


COMMANDS = {
    "token": Command(
        "read, show or forget the password of a board's page",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
