"""The command line: a table of commands, each a thin layer over the module that does the work."""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from . import __version__
from .board.interruptions import programs_go_on
from .commands import (
    acme,
    audit_keys,
    change_identity,
    demo,
    doctor,
    embed,
    est,
    firmware,
    flash,
    install,
    inventory,
    inventory_changes,
    overview,
    pin,
    scan,
    settings,
    shell,
    show,
    step,
    token,
    verify,
    virtual,
    worker,
)
from .commands.ca import actions as ca
from .commands.shared import Command, print_json
from .console import (
    discarding_results,
    flush_results,
    print_plain,
    say_detail,
    say_error,
    set_verbosity,
)
from .errors import INTERRUPTED, USAGE, Error
from .inventory.place import chosen

_EXIT_CODES = "exit codes: 0 done or valid, 1 a check failed, 2 usage error, 3 could not run, "
_EXIT_CODES += "130 interrupted"

_TOP_EXAMPLES = """\
examples:
  boardcert demo                                         see it work, without a board
  boardcert flash RPI_PICO_W --hostname kitchen          from a new board to a pinned key
  boardcert verify kitchen.local                         check what a board serves
  boardcert verify 192.168.4.1:20034 --usb /dev/ttyACM0  first contact: compare with the cable
"""
_COMMAND_HELP_COLUMN = 14


class _Parser(argparse.ArgumentParser):
    """An argument parser whose help begins with examples and whose errors are ours.

    *groups*: titles, and the names of the commands under each, for a help that lists them.
    """

    def __init__(
        self,
        *,
        prog: str,
        examples: str,
        description: str,
        groups: dict[str, dict[str, Command]] | None = None,
    ) -> None:
        # No abbreviations: --wifi-password would be taken for --wifi-password-file.
        super().__init__(prog=prog, description=description, epilog=_EXIT_CODES, allow_abbrev=False)
        self._examples = examples
        self._groups = groups or {}
        self._words: list[str] = []
        # Before and after the command's name; what is not given does not hide what was.
        for flags, text in (
            (("-q", "--quiet"), "print results and errors only"),
            (("-v", "--verbose"), "also print the cause of an error, such as a board's traceback"),
        ):
            self.add_argument(*flags, action="store_true", default=argparse.SUPPRESS, help=text)
        help = "where known boards are kept: a file, or postgresql://... (default: see paths)"
        place = "FILE|URL"
        self.add_argument("--inventory", metavar=place, default=argparse.SUPPRESS, help=help)

    def format_help(self) -> str:
        lines = []
        for title, commands in self._groups.items():
            lines.append(f"{title}:")
            for name, command in commands.items():
                lines.append(f"  {name:<{_COMMAND_HELP_COLUMN - 3}} {command.summary}")
            lines.append("")
        return "\n".join([self._examples, *lines, super().format_help()])

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help or the version; argparse would pass over a full disk."""
        del file  # Errors, which go elsewhere, are not printed here.
        print_plain(message.removesuffix("\n"))

    # argparse's own has overloads.
    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Do the same as argparse, and note the words for `error`."""
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise Error; for an unknown word or option, with the most similar ones as a hint."""
        if message.startswith("the following arguments are required"):
            # argparse looks for these first: a mistyped option says more.
            names = [word.partition("=")[0] for word in self._words if word.startswith("--")]
            _refuse([name for name in names if name not in self._option_string_actions], self)
        found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        hint = f"{self.prog} --help"
        if found:
            message = message[: found.start()] + f"invalid choice: {found[1]}"
            hint = _did_you_mean(found[1], re.findall(r"[\w-]+", found[2])) or hint
        raise Error(message, hint, USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. The only place that catches Error.

    With --json an Error is one object too: what the command recorded so far, and "error".
    """
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = argparse.Namespace(record={}, quiet=False, verbose=False, inventory=None)
    arguments.is_in_lines = False  # With --json, a command may print a line for each board.
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    try:
        _, rest = parser.parse_known_args(words, arguments)
        _refuse(rest, arguments.parser)
        set_verbosity(arguments.quiet)
        arguments.check(arguments)
        _require_port(getattr(arguments, "usb", None))
        with chosen(arguments.inventory), programs_go_on(_restart):
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
    if arguments.verbose:
        say_detail(failure)
    with discarding_results():
        if "--json" in words:
            error_record = {"message": failure.message, "hint": failure.hint}
            print_json(arguments.record | {"error": error_record}, is_line=arguments.is_in_lines)
        flush_results()
    return failure.code


def _restart(port: str) -> None:
    from .board import mpremote

    mpremote.reset(port)


def _require_port(port: str | None) -> None:
    """Raise Error when --usb names a *port* that is not there, before anything is asked for."""
    if port:
        from .board import serial_ports

        serial_ports.require(port)


def _refuse(rest: list[str], parser: argparse.ArgumentParser) -> None:
    """Raise Error for arguments that nothing took. What follows an option may be a password."""
    options = [word.partition("=")[0] for word in rest if word.startswith("-")]
    if not rest:
        return
    hint = f"{parser.prog} --help"
    if options:
        known = sorted(set(re.findall(r"--[a-z][a-z-]*", parser.format_help())))
        hint = _did_you_mean(options[0], known) or hint
    raise Error(f"unrecognized arguments: {' '.join(options or rest)}", hint, USAGE)


def _did_you_mean(word: str, known: Sequence[str]) -> str | None:
    names = {name.lstrip("-"): name for name in known}
    close = [names[name] for name in difflib.get_close_matches(word.lstrip("-"), names)]
    return f"did you mean {' or '.join(close)}?" if close else None


def _parser() -> _Parser:
    parser = _Parser(
        prog="boardcert",
        examples=_TOP_EXAMPLES,
        description="Flash and verify MicroPython boards that generate their own certificates.",
        groups=GROUPS,
    )
    parser.add_argument("--version", action="version", version=f"boardcert {__version__}")
    parser.set_defaults(parser=parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, help="as listed above")
    for name, row in COMMANDS.items():
        # Without help: they are listed in groups.
        command = commands.add_parser(name, description=row.summary, examples=row.examples)
        row.add_arguments(command)
        command.set_defaults(run=row.run, check=row.check, parser=command)
    return parser


GROUPS = {
    "try it": demo.COMMANDS | virtual.COMMANDS,
    "boards on a cable": flash.COMMANDS | firmware.COMMANDS,
    "check what boards serve": verify.COMMANDS | pin.COMMANDS,
    "many boards": {
        **scan.COMMANDS,
        **inventory.COMMANDS,
        **inventory_changes.COMMANDS,
        **overview.COMMANDS,
        **audit_keys.COMMANDS,
        **worker.COMMANDS,
    },
    "administer boards": {
        **install.COMMANDS,
        **acme.COMMANDS,
        **est.COMMANDS,
        **step.COMMANDS,
        **settings.COMMANDS,
        **change_identity.COMMANDS,
        **token.COMMANDS,
    },
    "certificates and files": ca.COMMANDS | show.COMMANDS | embed.COMMANDS,
    "this computer": doctor.COMMANDS | shell.COMMANDS,
}
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}
