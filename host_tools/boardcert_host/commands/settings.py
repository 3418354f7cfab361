"""`boardcert set`: change settings of a board, checked here and by the board as at boot."""

import argparse
import difflib
from typing import TYPE_CHECKING, Any

from ..console import messages, say
from ..errors import USAGE, Error
from .shared import Command
from .with_board import add_host, add_options, change, check_options

if TYPE_CHECKING:
    from ..board.access import Board

# Of firmware/docs/settings.md, in its order.
SETTINGS = ("key_type", "validity_days", "hostname", "prefix", "names", "portal_port", "https")
SETTINGS += ("chain",)
_EXAMPLES = """\
examples:
  boardcert set kitchen.local names=kitchen.example.com,192.168.4.1
  boardcert set kitchen.local hostname=pantry validity_days=825
  boardcert set kitchen.local names=                       back to the default
  boardcert set kitchen.local https=off --usb /dev/ttyACM0
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_host(parser)
    help = f"one of {', '.join(SETTINGS)}; an empty VALUE is the default"
    parser.add_argument("settings", nargs="+", metavar="KEY=VALUE", help=help)
    add_options(parser)


def _run(arguments: argparse.Namespace) -> int:
    wanted = _parse(arguments.settings)

    def act(board: "Board", before: dict[str, Any]) -> dict[str, Any]:
        with messages().status(f"{arguments.host} restarts with its new settings"):
            report = board.change_settings(wanted, before)
        _follow(before, report)
        return report

    code = change(arguments, "settings", act)
    for name in _not_claimed(wanted.get("names", "")):
        say(f"note: boardcert ca sign signs for {name} only with --san {name}")
    return code


def _check(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for settings that no board accepts, at least over the network."""
    from ..board.rules import why_not_set

    check_options(arguments)
    wanted = _parse(arguments.settings)
    if not arguments.usb and ("off" in wanted.get("https", "") or wanted.get("portal_port") == "0"):
        hint = "over its cable: --usb PORT"
        raise Error("that would end the administration over the network", hint, USAGE)
    if reason := why_not_set(wanted):
        raise Error(reason, "nothing was changed", USAGE)


def _not_claimed(names: str) -> list[str]:
    """Return which of *names* the user's own CA, if there is one, signs for only with --san."""
    from cryptography import x509

    from ..ca.names import may_claim, parse_name
    from ..ca.store import default_store
    from ..certificates.certificate import find_extension

    store = default_store()
    if not store.certificate_file.exists():
        return []
    found = find_extension(store.certificates()[0], x509.NameConstraints)
    constraints = found.value if found else None
    words = names.replace(",", " ").split()
    return [name for name in words if not may_claim(constraints, parse_name(name))]


def _follow(before: dict[str, Any], report: dict[str, Any]) -> None:
    """Move pin, token and renewals to the board's new host name, and the pin to its new port."""
    from ..board.reports import own_name, portal_port
    from ..renewal import following
    from ..trust import pins
    from ..trust.look_up import place_of

    old, new = own_name(before), own_name(report)
    is_moved = old != new and pins.rename(old, new, report)
    # Not what is kept of another board: one that is known by one of the names, or has another key.
    if is_moved:
        following.follow(old, new, is_own=True)
    elif old != new and not place_of(old).pins and not place_of(new).pins:
        following.follow(old, new, is_own=True, keys=[report["public_key_pin"]])
    if is_moved:
        say(f"{old} is {new} now; its pin follows")
    following.say_outdated(before, report)
    port, new_port = portal_port(before), portal_port(report)
    if port and new_port and port != new_port:
        pins.follow_port(report, port, new_port)


def _parse(words: list[str]) -> dict[str, str]:
    """Return the settings in KEY=VALUE, their values unchecked. Raises Error."""
    found: dict[str, str] = {}
    for word in words:
        key, is_given, value = word.partition("=")
        if not is_given:
            raise Error(f"not a KEY=VALUE: {word}", "for example hostname=kitchen", USAGE)
        if key not in SETTINGS:
            close = difflib.get_close_matches(key, SETTINGS)
            hint = f"did you mean {close[0]}?" if close else f"settings: {', '.join(SETTINGS)}"
            raise Error(f"no such setting: {key}", hint, USAGE)
        if key in found:
            raise Error(f"{key} is given twice", None, USAGE)
        found[key] = value
    return found


COMMANDS = {
    "set": Command(
        "change settings of a board; it restarts, and its certificate follows",
        _EXAMPLES,
        _add_arguments,
        _run,
        _check,
    ),
}
