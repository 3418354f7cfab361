"""Options and JSON output that several commands share."""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import __version__
from ..console import print_plain
from ..errors import USAGE, Error
from ..flash.board_kinds import board_names

if TYPE_CHECKING:
    from ..certificates.fingerprint import KeyPin

HOW_TO_ADD = "`boardcert flash`, `boardcert pin add` and `boardcert scan --add` add boards"

# One day; the operating system refuses some hundred years.
_LONGEST_TIMEOUT_S = 86400
# These suffixes mean a file, though a host's name could end so: it is reported as missing.
_FILE_NAME = r".*[/\\].*|.*\.(pem|crt|cer|der|key|csr|req|p10|pub|p12|pfx|p7b|p7c)"


def _nothing_to_check(_: argparse.Namespace) -> None:
    """Accept everything that the parser accepted."""


class Command(NamedTuple):
    """A command, or an action of one.

    *summary*: what it does, in one line; *examples*: how its help begins; *add_arguments*: adds its
    arguments to a parser; *run*: does the work, and returns the exit code. *check*: raises Error, a
    usage error, for arguments that do not go together, before a serial port is looked for.
    """

    summary: str
    examples: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    check: Callable[[argparse.Namespace], None] = _nothing_to_check


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def complete_boards(action: argparse.Action) -> None:
    """Have shells complete the names of kinds of boards."""
    action.completer = lambda **_: board_names()  # type: ignore[attr-defined]


def complete_hosts(action: argparse.Action) -> None:
    """Have shells complete the hosts of the known boards."""
    action.completer = _known_hosts  # type: ignore[attr-defined]


def _known_hosts(**_: Any) -> list[str]:
    from ..trust.pins import load_pins

    try:
        return [pin.host for pin in load_pins()]
    except Error:  # What is wrong with the inventory is said by the command.
        return []


def ca_file(text: str) -> str:
    """Return the PEM file that --ca names: itself, or that of the CA in a directory."""
    from ..ca.store import Store

    path = Path(text)
    return str(Store(path).certificate_file) if path.is_dir() else text


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add --force, of every command that writes a FILE."""
    parser.add_argument("--force", action="store_true", help="overwrite FILE if it exists")


def check_free(path: Path | None, is_forced: bool) -> None:
    """Raise Error if the output *path* exists already, without --force."""
    if path and path.exists() and not is_forced:
        raise Error(f"{path} exists already", "--force overwrites it")


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add --timeout of commands that administer a board; its default is None."""
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="time limit of each step (default: 60, and 600 for what changes something)",
    )


def check_timeout(timeout_s: float | None) -> None:
    """Raise Error, a usage error, for a --timeout that cannot be waited for."""
    if timeout_s is not None and not 0 < timeout_s <= _LONGEST_TIMEOUT_S:
        limits = f"more than 0 seconds, at most {_LONGEST_TIMEOUT_S}"
        raise Error(f"--timeout must be {limits}", None, USAGE)


def add_name(parser: argparse.ArgumentParser) -> None:
    """Add --name, of every command that takes a HOST."""
    help = "the name in its certificate, if it differs from HOST"
    parser.add_argument("--name", type=_name, metavar="NAME", help=help)


def _name(text: str) -> str:
    from ..targets import canonical_host

    return canonical_host(text)


def given_pin(arguments: argparse.Namespace) -> "KeyPin | None":
    """Return the pin that --pin gives. Raises Error, a usage error."""
    from ..certificates.fingerprint import parse_pin

    return parse_pin(arguments.pin) if arguments.pin else None


def pinned_as(host: str, name: str | None = None) -> str:
    """Return the name by which the board called *host* is pinned. Raises Error if none is."""
    from ..trust.look_up import did_you_mean, place_of
    from ..trust.pins import not_pinned

    found = place_of(host, name).pins
    if not found:
        raise not_pinned(host, did_you_mean(host))
    if len({pin.public_key_pin for pin in found}) > 1:
        names = ", ".join(pin.host for pin in found)
        raise Error(f"{host} may be several boards", f"name one: {names}", USAGE)
    return found[0].host


def print_json(data: dict[str, Any], is_line: bool = False) -> None:
    """Print *data* and the version as one object; *is_line*: among others, on one line."""
    line = {"boardcert": __version__} | data
    print_plain(json.dumps(line, indent=None if is_line else 2))


def read_report(port: str) -> dict[str, Any]:
    """Read a board's report over USB, and restart its program."""
    from ..board import mpremote, usb_report

    report = usb_report.read_report(port)
    mpremote.reset(port)
    return report


def named_file(source: str) -> Path | None:
    """Return the file that FILE|HOST names, None for a host. Raises Error for a missing file."""
    path = Path(source)
    if source and path.exists():  # Path("") is the current directory.
        return path
    if path.is_symlink():
        raise Error(f"{source} is a link to a file that is not there: {path.readlink()}")
    is_url = source.lower().startswith("https://")
    if not is_url and re.fullmatch(_FILE_NAME, source, re.IGNORECASE):
        hint = "check the spelling; a board is named as kitchen.local or 192.168.4.1:20034"
        raise Error(f"no such file: {source}", hint)
    return None
