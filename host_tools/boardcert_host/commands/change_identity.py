"""`boardcert remove`, `renew`, `new-key`, `reset` and `restart`: change what a board serves."""

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from ..console import messages, questions, results, say
from ..errors import OK, USAGE, Error
from .shared import Command, print_json
from .with_board import add_host, add_options, change, check_options, opened, working

if TYPE_CHECKING:
    from ..board.access import Board

# The page answers first, and restarts a second later.
_RESTART_DELAY_S = 3
_RESTART_TIMEOUT_S = 60

_REMOVE_EXAMPLES = """\
examples:
  boardcert remove kitchen.local      go back to the board's own certificate
"""
_RENEW_EXAMPLES = """\
examples:
  boardcert renew kitchen.local       sign its own certificate again, with the same key
"""
_NEW_KEY_EXAMPLES = """\
examples:
  boardcert new-key kitchen.local                asks for the board's host name first
  boardcert new-key kitchen.local --yes kitchen  for scripts
"""
_RESET_EXAMPLES = """\
examples:
  boardcert reset kitchen.local                asks for the board's host name first
  boardcert reset kitchen.local --yes kitchen  for scripts
  boardcert reset kitchen.local --usb /dev/ttyACM0
"""
_RESTART_EXAMPLES = """\
examples:
  boardcert restart kitchen.local     and wait until it serves again
  boardcert restart --usb /dev/ttyACM0
"""


def _add_plain_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser, is_optional=True)
    add_options(parser)


def _add_confirmed_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser, is_optional=True)
    parser.add_argument("--yes", metavar="NAME", help="the board's host name, instead of typing it")
    add_options(parser)


def _run_remove(arguments: argparse.Namespace) -> int:
    return change(arguments, "removed", working(arguments, "remove"))


def _run_renew(arguments: argparse.Namespace) -> int:
    return change(arguments, "renewed", working(arguments, "renew"))


def _run_new_key(arguments: argparse.Namespace) -> int:
    def act(board: "Board", before: dict[str, Any]) -> dict[str, Any]:
        typed = _confirm(
            arguments, before, "a new key: everyone who pinned the old one must pin the new one"
        )
        return working(arguments, "new_key", typed)(board, before)

    return change(arguments, "new key", act)


def _run_reset(arguments: argparse.Namespace) -> int:
    from ..board import tokens
    from ..board.access import keep_token
    from ..board.over_usb import BoardUSB

    def act(board: "Board", before: dict[str, Any]) -> dict[str, Any]:
        what = "a reset: key, certificates and token are lost; settings and Wi-Fi password stay"
        typed = _confirm(arguments, before, what)
        report = working(arguments, "reset", typed)(board, before)
        if isinstance(board, BoardUSB):
            keep_token(board, arguments.host, report)
        elif board.token:
            tokens.forget_token(board.token)
            hint = f"boardcert token {arguments.host} --usb PORT"
            say(f"it has a new token, available over USB only: {hint}")
        return report

    return change(arguments, "reset", act)


def _confirm(arguments: argparse.Namespace, before: dict[str, Any], what: str) -> str:
    """Return the board's host name, typed by the user or supplied by a script."""
    wanted, typed = before["hostname"], arguments.yes
    if typed is None:
        if not sys.stdin.isatty():
            hint = f"--yes {wanted} confirms it"
            raise Error(f"no terminal to confirm {what}", hint, USAGE)
        questions().print(f"{wanted} ({before['fingerprint']})", markup=False)
        questions().print(f"{what}. Type its host name to continue: ", markup=False, end="")
        typed = sys.stdin.readline().strip()
    if typed != wanted:
        raise Error(f"nothing was changed: the board's host name is {wanted}", None, USAGE)
    return typed


def _run_restart(arguments: argparse.Namespace) -> int:
    from ..board import access
    from ..board.over_usb import BoardUSB

    with opened(arguments) as board, messages().status(f"{arguments.host} restarts"):
        # A board on a cable starts again in any case, when it is let go.
        if not isinstance(board, BoardUSB):
            board.restart()
            time.sleep(_RESTART_DELAY_S)
            access.wait_served(board, None, _RESTART_TIMEOUT_S)
    if arguments.json:
        print_json({"result": "restarted", "host": arguments.host})
    else:
        results().print(f"{arguments.host}: restarted", markup=False)
    return OK


COMMANDS = {
    "remove": Command(
        "remove a board's installed certificate",
        _REMOVE_EXAMPLES,
        _add_plain_arguments,
        _run_remove,
        check_options,
    ),
    "renew": Command(
        "have a board sign its own certificate again",
        _RENEW_EXAMPLES,
        _add_plain_arguments,
        _run_renew,
        check_options,
    ),
    "new-key": Command(
        "have a board generate a new key",
        _NEW_KEY_EXAMPLES,
        _add_confirmed_arguments,
        _run_new_key,
        check_options,
    ),
    "reset": Command(
        "reset a board to factory state: new key, new token",
        _RESET_EXAMPLES,
        _add_confirmed_arguments,
        _run_reset,
        check_options,
    ),
    "restart": Command(
        "restart a board", _RESTART_EXAMPLES, _add_plain_arguments, _run_restart, check_options
    ),
}
