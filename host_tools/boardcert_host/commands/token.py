"""`boardcert token`: read, show, forget and hand on the password of a board's page."""

import argparse
import sys
from pathlib import Path

from ..console import counted, messages, print_plain, results, say
from ..errors import OK, USAGE, Error
from ..targets import parse_host
from .shared import (
    Command,
    add_force,
    add_json,
    add_name,
    check_free,
    complete_hosts,
    print_json,
)

_PASSWORD_VARIABLE = "BOARDCERT_TOKENS_PASSWORD"  # noqa: S105 (the name of a variable)

_EXAMPLES = """\
examples:
  boardcert token kitchen.local --usb /dev/ttyACM0  read it from the board, and keep it
  boardcert token kitchen.local                     show it, to be typed into the board's page
  boardcert token kitchen.local --forget
  boardcert token export tokens.json                all of them, for another person: encrypted
  boardcert token import tokens.json
"""
_EXPORT, _IMPORT = "export", "import"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    help = "a board; with --usb, a known one; or the word export, or import"
    complete_hosts(add("host", metavar="HOST[:PORT]", help=help))
    help = "with export or import: all tokens, encrypted with a password"
    add("file", nargs="?", type=Path, metavar="FILE", help=help)
    add("--usb", metavar="PORT", help="read it over this serial port; restarts the board's program")
    add_name(parser)
    add("--forget", action="store_true", help="remove it from the key ring; the board keeps it")
    help = f"file with the export's password (default: ${_PASSWORD_VARIABLE}, or a prompt)"
    add("--password-file", type=Path, metavar="FILE", help=help)
    help = "with import: replace a different token of the same host"
    add("--replace", action="store_true", help=help)
    add_force(parser)
    add_json(parser)


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for an invalid HOST, or options that exclude each other."""
    _check_file(arguments)
    parse_host(arguments.host)
    if arguments.usb and arguments.forget:
        raise Error("--usb and --forget cannot be used together", "boardcert token --help", USAGE)


def _check_file(arguments: argparse.Namespace) -> None:
    hint, action = "boardcert token --help", arguments.host
    if action not in (_EXPORT, _IMPORT):
        options = (arguments.file, arguments.password_file, arguments.replace, arguments.force)
        if any(options):
            raise Error("FILE and its options belong to export and import", hint, USAGE)
        return
    if arguments.file is None:
        board = f"a board of that name: {action}.local"
        raise Error(f"{action} needs a FILE", board, USAGE)
    if arguments.usb or arguments.forget or arguments.name:
        raise Error(f"--usb, --forget and --name do not belong to {action}", hint, USAGE)
    if action == _EXPORT:
        check_free(arguments.file, arguments.force)


def _run_file(arguments: argparse.Namespace) -> int:
    """Write all tokens to a file, or add those of one to the key ring."""
    from ..board.token_files import export_tokens, import_tokens
    from ..passwords import Password

    file, record = arguments.password_file, arguments.record
    password = Password("password of the tokens", "--password-file", _PASSWORD_VARIABLE, file)
    record |= {"file": str(arguments.file)}
    if arguments.host == _EXPORT:
        count = export_tokens(arguments.file, password.choose(), arguments.force)
        record |= {"tokens": count}
        line = f"{arguments.file}: {counted(count, 'token')}, encrypted"
    else:
        new, known = import_tokens(arguments.file, password.get(), arguments.replace)
        record |= {"new": new, "known": known}
        line = f"{arguments.file}: {counted(new, 'token')} added, {known} already known"
    if arguments.json:
        print_json(record | {"result": f"{arguments.host}ed"})
    else:
        results().print(line, markup=False)
    return OK


def _run(arguments: argparse.Namespace) -> int:
    from .. import targets
    from ..board import tokens
    from ..trust.look_up import did_you_mean, place_of

    if arguments.file:
        return _run_file(arguments)
    host = targets.canonical(arguments.host)
    if arguments.usb:
        return _keep(arguments, host)
    place = place_of(host, arguments.name)
    token = tokens.find_token(place.names, place.known and place.known.public_key_pin)
    if token is None:
        hint = None if place.known else did_you_mean(host)
        hint = hint or f"boardcert token {host} --usb PORT"
        raise Error(f"no token of {host} on the key ring", hint)
    if arguments.forget:
        tokens.forget_token(token)
        return _print_result(arguments, host, "forgotten")
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
    from ..trust.location import name_for
    from ..trust.look_up import place_of

    name = arguments.name
    asking = messages().status("asking the board")
    with asking, access.open_usb(host, arguments.usb, name=name) as board:
        report = board.report()
        host = name_for(place_of(host, name), host, report)
        pins.add_pin(host, report, portal_port(report), is_own_port=True)
        is_new = access.keep_token(board, host, report)
    return _print_result(arguments, host, "kept" if is_new else "already known")


def _print_result(arguments: argparse.Namespace, host: str, word: str) -> int:
    from ..board import tokens

    if arguments.json:
        print_json({"host": host, "result": word, "file": str(tokens.tokens_file())})
    else:
        results().print(f"{host}: its token is {word}, {tokens.tokens_file()}", markup=False)
    return OK


COMMANDS = {
    "token": Command(
        "read, show or forget the password of a board's page; export and import all",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
