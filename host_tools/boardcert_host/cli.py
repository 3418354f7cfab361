"""The command line: a table of commands, each a thin layer over the module that does the work."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from . import __version__
from .board.interruptions import programs_go_on
from .commands import change_identity, embed, flash, install, pin, show, token, verify, virtual
from .commands.ca import actions
from .commands.shared import add_json, print_json
from .console import discarding_results, flush_results, messages, print_plain, results, say_error
from .errors import CHECKED_AND_BAD, INTERRUPTED, OK, USAGE, Error
from .flash.board_kinds import board_names, load_board

_EXIT_CODES = "exit codes: 0 done or valid, 1 checked and bad, 2 usage, 3 could not run, "
_EXIT_CODES += "130 interrupted"

_TOP_EXAMPLES = """\
examples:
  boardcert demo                                   see it work, without a board
  boardcert flash RPI_PICO_W --hostname kitchen    from a new board to a pinned key
  boardcert verify kitchen.local:20034             check what a board serves
  boardcert verify 192.168.4.1 --usb /dev/ttyACM0  first contact: compare with the cable
"""
_DEMO_EXAMPLES = """\
examples:
  boardcert demo            run it; leaves build/demo.json and build/demo-cert.pem
  boardcert demo --keep     the same; the board keeps running, for your browser
  boardcert demo --json     the same, with the record on standard output
"""
_FIRMWARE_EXAMPLES = """\
examples:
  boardcert firmware                print the path of the Pico W image; fetch it first if need be
  boardcert firmware RPI_PICO_W
"""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose help begins with examples and whose errors are ours."""

    def __init__(self, *, prog: str, examples: str, description: str) -> None:
        # No abbreviations: --wifi-password would be taken for --wifi-password-file.
        super().__init__(prog=prog, description=description, epilog=_EXIT_CODES, allow_abbrev=False)
        self._examples = examples

    def format_help(self) -> str:
        return f"{self._examples}\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        raise Error(message, f"{self.prog} --help", USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. The only place that catches Error.

    With --json an Error is one object too: what the command recorded so far, and "error".
    """
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = argparse.Namespace(record={})
    try:
        _, rest = _parser().parse_known_args(words, arguments)
        _refuse(rest)
        with programs_go_on():
            code: int = arguments.run(arguments)
        flush_results()
        return code
    except Error as error:
        failure = error
    except KeyboardInterrupt:
        failure = Error("interrupted", None, INTERRUPTED)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        failure = Error(f"{error.strerror or error}{where}")
    say_error(failure.message, failure.hint)
    with discarding_results():
        if "--json" in words:
            told = {"message": failure.message, "hint": failure.hint}
            print_json(arguments.record | {"error": told})
        flush_results()
    return failure.code


def _refuse(rest: list[str]) -> None:
    """Raise Error for arguments that nothing took. What follows an option may be a password."""
    options = [word.partition("=")[0] for word in rest if word.startswith("-")]
    if rest:
        named = " ".join(options or rest)
        raise Error(f"unrecognized arguments: {named}", "boardcert --help", USAGE)


def _parser() -> _Parser:
    parser = _Parser(
        prog="boardcert",
        examples=_TOP_EXAMPLES,
        description="Flash and verify MicroPython boards that generate their own certificates.",
    )
    parser.add_argument("--version", action="version", version=f"boardcert {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (summary, examples, add_arguments, run) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, examples=examples)
        add_arguments(command)
        command.set_defaults(run=run)
    return parser


def _add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", default="build", metavar="DIRECTORY", help="where the files go (build)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the board running until Ctrl-C, for your browser"
    )
    add_json(parser)


def _run_demo(arguments: argparse.Namespace) -> int:
    from .demo import run_demo

    # The story is the result, unless the record is asked for.
    console = messages() if arguments.json else results()
    ok, record = run_demo(Path(arguments.output), console, arguments.keep)
    if arguments.json:
        print_json(record)
    return OK if ok else CHECKED_AND_BAD


def _add_firmware_arguments(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(board_names())
    parser.add_argument(
        "board", nargs="?", default="RPI_PICO_W", metavar="BOARD", help=f"{names} (RPI_PICO_W)"
    )
    add_json(parser)


def _run_firmware(arguments: argparse.Namespace) -> int:
    from .flash.firmware import firmware_image

    board = load_board(arguments.board)
    path, source = firmware_image(board)
    if arguments.json:
        firmware = board.firmware
        print_json(
            {"board": board.name, "version": firmware.version, "sha256": firmware.sha256}
            | {"path": str(path), "source": source}
        )
    else:
        print_plain(str(path))
    return OK


# name: (what it does, examples, its arguments, its function)
COMMANDS = {
    "demo": (
        "see a board generate and serve its own certificate, on this computer",
        _DEMO_EXAMPLES,
        _add_demo_arguments,
        _run_demo,
    ),
    **flash.COMMANDS,
    **verify.COMMANDS,
    **pin.COMMANDS,
    **install.COMMANDS,
    **change_identity.COMMANDS,
    **token.COMMANDS,
    **actions.COMMANDS,
    **show.COMMANDS,
    **embed.COMMANDS,
    **virtual.COMMANDS,
    "firmware": (
        "fetch the MicroPython image of a board, check it, and print its path",
        _FIRMWARE_EXAMPLES,
        _add_firmware_arguments,
        _run_firmware,
    ),
}
