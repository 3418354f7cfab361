"""What the commands that administer a board share: arguments, and opening the board."""

import argparse
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..certificates.fingerprint import to_compare
from ..console import in_groups, messages, results, say
from ..errors import CHECKED_AND_BAD, OK, USAGE, Error
from .shared import (
    add_json,
    add_name,
    add_timeout,
    ca_file,
    check_timeout,
    complete_hosts,
    given_pin,
    print_json,
)

if TYPE_CHECKING:
    from ..board.access import Board

# After an action, a board may still be busy with the previous connection.
_SERVE_TIMEOUT_S = 15
# Methods of a board that take as long as its flash is large: some 12 s a MB on a Pico W.
_WIPES = "then overwrites its free flash, which may take minutes"
_DOING = {
    "new_key": f"generates a key, {_WIPES}",
    "reset": f"generates a key and a token, {_WIPES}",
    "remove": f"removes the certificate; if its key is deleted, it {_WIPES}",
}
_SENTENCES = {
    "installed": "installed and served",
    "removed": "nothing is installed; its own certificate is served",
    "renewed": "its own certificate is signed again, with the same key",
    "settings": "restarted with the new settings",
    "new key": "has generated a new key",
    "reset": "as at its first boot, with a new key and a new token",
}
# Results that change the board's own certificate, though it may serve another one.
_OF_ITS_OWN = ("renewed", "new key")


def add_host(parser: argparse.ArgumentParser, is_optional: bool = False) -> None:
    """Add HOST. *is_optional*: a board on a cable needs none."""
    help = "a pinned board, or the URL of its page (default port: as pinned)"
    help += "; with --usb, may be left out" if is_optional else ""
    number = "?" if is_optional else None
    complete_hosts(parser.add_argument("host", nargs=number, metavar="HOST[:PORT]", help=help))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that reach and identify the board, and the token."""
    add = parser.add_argument
    add("--usb", metavar="PORT", help="use this serial port instead; restarts the board's program")
    add_name(parser)
    add("--pin", metavar="SHA256", help="the fingerprint or public-key pin it must have")
    ca = "the CA that signed for it, if it is not pinned: a PEM file, or the directory of a CA"
    add("--ca", type=ca_file, metavar="FILE|DIRECTORY", help=ca)
    add(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with the token (default: $BOARDCERT_TOKEN, or the key ring)",
    )
    add_timeout(parser)
    add_json(parser)


def check_options(arguments: argparse.Namespace) -> None:
    """Raise Error, a usage error, for invalid options of `add_host` and `add_options`."""
    check_timeout(arguments.timeout)
    given_pin(arguments)
    if arguments.usb and (arguments.ca or arguments.token_file):
        raise Error("--usb cannot be used with --ca or --token-file", None, USAGE)
    if arguments.host is None and not arguments.usb:
        hint = "`boardcert list` prints the known boards"
        raise Error("a HOST is needed, or --usb PORT", hint, USAGE)


def requested_names(texts: Sequence[str]) -> list[str]:
    """Return the names of --san in their one spelling, each once. Raises Error, a usage error."""
    from ..board.rules import why_not_named
    from ..ca.names import name_text, parse_name

    names = list(dict.fromkeys(name_text(parse_name(text)) for text in texts))
    if names and (reason := why_not_named(names)):
        raise Error(f"no board makes a request for so many names: {reason}", None, USAGE)
    return names


@contextlib.contextmanager
def opened(arguments: argparse.Namespace) -> "Iterator[Board]":
    """Yield the board that the arguments name, reached by its cable or its page."""
    from ..board import access

    pin = given_pin(arguments)
    if arguments.usb:
        with access.open_usb(arguments.host, arguments.usb, pin, arguments.name) as board:
            arguments.host = arguments.host or board.names[0]
            yield board
        return
    yield access.open_board(
        arguments.host,
        name=arguments.name,
        pin=pin,
        ca=arguments.ca,
        token_file=arguments.token_file,
        timeout_s=arguments.timeout,
    )


def change(
    arguments: argparse.Namespace,
    result: str,
    act: "Callable[[Board, dict[str, Any]], dict[str, Any]]",
    fingerprint: str | None = None,
) -> int:
    """Have the board *act*, pin its new key if there is one, check what it serves, and print it.

    *result*: a key of _SENTENCES. *fingerprint*: what it must serve (default: as in its report).
    """
    from ..board import access
    from ..renewal.following import say_removed

    with opened(arguments) as board:
        with messages().status(f"asking {arguments.host}"):
            before = board.report()
        report = act(board, before)
        old = before["public_key_pin"]
        is_new = access.follow_report(board, old, report)
        arguments.record |= {"result": result, "host": arguments.host}
        arguments.record |= {"key_changed": is_new, "report": report}
        _see(board, fingerprint or report["fingerprint"], arguments)
    if is_new:
        say(f"its key is {report['public_key_pin']} now, it was {old}; the pin is updated")
    say_removed(before, report)
    if arguments.json:
        print_json(arguments.record)
        return OK
    results().print(f"{arguments.host}: {_SENTENCES[result]}", markup=False)
    _print_report(report)
    for notice in _notices(report):
        if notice not in _notices(before):
            say(f"note: {notice}")
    if result in _OF_ITS_OWN and report.get("source") == "installed":
        end = f"boardcert remove {arguments.host}"
        say(f"note: the installed certificate is still served; {end} has it serve its own")
    _say_authority(arguments, before, report)
    return OK


def _print_report(report: dict[str, Any]) -> None:
    """Print what became of an old key, and the fingerprints to compare."""
    if report.get("wiped"):
        results().print(report["wiped"], markup=False)
    first, *rest = to_compare(report["public_key_pin"])
    rows = [("key's fingerprint", first), *(("", line) for line in rest)]
    first, *rest = in_groups(report["fingerprint"])
    rows += [("certificate's", first), *(("", line) for line in rest)]
    for title, line in rows:
        results().print(f"  {title:<18}  {line}", markup=False)


def _say_authority(
    arguments: argparse.Namespace, before: dict[str, Any], report: dict[str, Any]
) -> None:
    """Print what to do if the board has a new authority, or no longer has one."""
    from ..trust.kept_authorities import kept
    from ..trust.look_up import place_of

    old, new = before.get("authority"), report.get("authority")
    if old == new:
        return
    host = _called_now(arguments, report)
    is_trusted = bool(kept(place_of(host, arguments.name).names))
    trust = f"boardcert ca trust {host}"
    if new and is_trusted:
        say(f"it has another authority now: {trust} replaces the one that is trusted here")
    elif new:
        say(f"next, on each computer: {trust}")
    elif is_trusted:
        say(f"this computer still trusts its authority: boardcert ca untrust {host} ends that")


def _called_now(arguments: argparse.Namespace, report: dict[str, Any]) -> str:
    """Return the board's name in commands: the new one when its pin has moved there."""
    from ..board.reports import own_name
    from ..trust.look_up import place_of

    new = own_name(report)
    is_moved = place_of(arguments.host, arguments.name).known is None and place_of(new).known
    return new if is_moved else arguments.host


def _notices(report: dict[str, Any]) -> list[str]:
    """Return the notices of a board about its identity."""
    found = report.get("notices")
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _see(board: "Board", fingerprint: str, arguments: argparse.Namespace) -> None:
    """Check that the board serves *fingerprint*: over TLS, or by its report on a cable."""
    from ..board import access
    from ..board.over_usb import BoardUSB

    if isinstance(board, BoardUSB):
        if arguments.record["report"]["fingerprint"] != fingerprint:
            raise Error("the board serves another certificate", None, CHECKED_AND_BAD)
        return
    with messages().status(f"checking what {arguments.host} serves"):
        access.wait_served(board, fingerprint, _SERVE_TIMEOUT_S)


def working(
    arguments: argparse.Namespace, method: str, *words: Any
) -> "Callable[[Board, dict[str, Any]], dict[str, Any]]":
    """Return a function that calls *method* of a board, and shows that it is working."""

    def act(board: "Board", _before: dict[str, Any]) -> Any:
        with messages().status(f"{arguments.host} {_DOING.get(method, 'is working')}"):
            return getattr(board, method)(*words)

    return act
