"""`boardcert tag`, `note`, `rename`, `forget`, `export` and `import`: changes of the inventory."""

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..console import counted, print_plain, results, say
from ..errors import COULD_NOT_RUN, OK, USAGE, Error
from .shared import Command, add_force, add_json, check_free, complete_hosts, pinned_as, print_json

_STDIO = "-"
_TAG_EXAMPLES = """\
examples:
  boardcert tag kitchen.local greenhouse north        give a board two tags
  boardcert tag kitchen.local --remove north
  boardcert list --tag greenhouse
"""
_NOTE_EXAMPLES = """\
examples:
  boardcert note kitchen.local "on the shelf; new battery in May"
  boardcert note kitchen.local --serial-number 0017
  boardcert note kitchen.local ""                     remove the note
"""
_RENAME_EXAMPLES = """\
examples:
  boardcert rename kitchen.local larder.local   in the inventory; the board's own name is a setting
"""
_FORGET_EXAMPLES = """\
examples:
  boardcert forget kitchen.local                  a board with all its names; its history stays
  boardcert forget sensor-001.local sensor-002.local
"""
_EXPORT_EXAMPLES = """\
examples:
  boardcert export boards.jsonl       everything, as a backup or for another computer
  boardcert export --force boards.jsonl
"""
_IMPORT_EXAMPLES = """\
examples:
  boardcert import boards.jsonl
  ssh station cat boards.jsonl | boardcert import -
  boardcert import boards.jsonl --inventory postgresql://station@db.example/boards
"""


def _add_tag_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    complete_hosts(add("host", metavar="NAME", help="a board of the inventory"))
    add("tags", nargs="*", metavar="TAG", help="any words, such as a place")
    add("--remove", action="append", default=[], metavar="TAG", help="remove this tag")
    add_json(parser)


def _run_tag(arguments: argparse.Namespace) -> int:
    from ..inventory.changes import change_tags

    if not arguments.tags and not arguments.remove:
        raise Error("tag needs a TAG, or --remove TAG", "boardcert tag --help", USAGE)
    host = pinned_as(arguments.host)
    tags = change_tags(host, arguments.tags, arguments.remove)
    return _print_result(
        arguments, {"host": host, "tags": tags}, f"{host}: {', '.join(tags) or 'no tag'}"
    )


def _add_note_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    complete_hosts(add("host", metavar="NAME", help="a board of the inventory"))
    add("text", nargs="?", metavar="TEXT", help="the note; it replaces an older one")
    add("--serial-number", metavar="TEXT", help="the serial number of the device")
    add_json(parser)


def _run_note(arguments: argparse.Namespace) -> int:
    from ..inventory.changes import change_note

    if arguments.text is None and arguments.serial_number is None:
        raise Error("note needs a TEXT, or --serial-number", "boardcert note --help", USAGE)
    host = pinned_as(arguments.host)
    change_note(host, arguments.text, arguments.serial_number)
    return _print_result(arguments, {"host": host, "result": "noted"}, f"{host}: noted")


def _add_rename_arguments(parser: argparse.ArgumentParser) -> None:
    complete_hosts(parser.add_argument("old", metavar="OLD", help="its name in the inventory"))
    parser.add_argument("new", metavar="NEW", help="its new name")
    add_json(parser)


def _run_rename(arguments: argparse.Namespace) -> int:
    from ..inventory.changes import rename_board
    from ..renewal.following import follow

    old, keys = _renamed_before(arguments)
    if old is None:
        old = pinned_as(arguments.old)
        rename_board(old, _new_name(old, arguments.new))
    new = _new_name(old, arguments.new)
    is_whole = follow(old, new, is_own=False, keys=keys)
    label, _, domain = new.partition(".")
    if domain == "local":
        own = f"boardcert set {new} hostname={label}"
        say(f"note: this does not change the board's own name and certificate: {own} does")
    code = _print_result(arguments, {"old": old, "new": new}, f"{old} is {new} now")
    return code if is_whole else COULD_NOT_RUN


def _renamed_before(arguments: argparse.Namespace) -> tuple[str | None, set[str] | None]:
    """Return the old name of a board that is called NEW already, and the pins of its keys.

    Not all may have followed it; but another board may have been called OLD since.
    """
    from ..inventory.changes import keys_of_renamed
    from ..trust.location import names_of

    for old in names_of(arguments.old):
        keys = keys_of_renamed(old, _new_name(old, arguments.new))
        if keys:
            return old, keys
    return None, None


def _new_name(old: str, new: str) -> str:
    from ..targets import canonical, in_local

    return canonical(in_local(new) if old.endswith(".local") else new)


def _add_forget_arguments(parser: argparse.ArgumentParser) -> None:
    help = "boards of the inventory"
    complete_hosts(parser.add_argument("hosts", nargs="+", metavar="NAME", help=help))
    add_json(parser)


def _run_forget(arguments: argparse.Namespace) -> int:
    from ..inventory.changes import forget_boards
    from ..renewal.following import say_forgotten

    names = forget_boards([pinned_as(host) for host in arguments.hosts])
    say_forgotten(names)
    return _print_result(arguments, {"forgotten": names}, f"forgotten: {', '.join(names)}")


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="lines of JSON; - is stdout")
    add_force(parser)
    add_json(parser)


def _run_export(arguments: argparse.Namespace) -> int:
    from ..files import write_output
    from ..inventory.exchange import export_lines
    from ..inventory.place import inventory_place, is_absent

    is_printed = str(arguments.file) == _STDIO
    if is_printed and arguments.json:
        raise Error("- and --json would both print on stdout", "name a file", USAGE)
    if not is_printed:
        check_free(arguments.file, arguments.force)
    if is_absent():
        hint = "boards that are flashed or pinned get into it"
        raise Error(f"there is no inventory yet, {inventory_place()}", hint)
    lines = list(export_lines())
    if is_printed:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # As in a file, in any locale.
        print_plain("".join(lines).removesuffix("\n"))
        return OK
    write_output(arguments.file, "".join(lines).encode(), arguments.force, 0o600)
    data = {"file": str(arguments.file), "inventory": str(inventory_place())}
    return _print_result(arguments, data, f"{arguments.file}: all of {inventory_place()}")


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="what `boardcert export` wrote; - is stdin"
    )
    add_json(parser)


def _run_import(arguments: argparse.Namespace) -> int:
    from ..inventory.exchange import import_file

    if str(arguments.file) == _STDIO:
        # Nobody else can write while it is taken in: not for as long as another computer sends.
        with tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.flush()
            new, known = import_file(Path(copy.name), "standard input")
    else:
        try:
            new, known = import_file(arguments.file, str(arguments.file))
        except FileNotFoundError as error:
            raise Error(f"no such file: {arguments.file}") from error
    words = f"{arguments.file}: {counted(new, 'board')} added, {known} already known"
    return _print_result(arguments, {"new": new, "known": known}, words)


def _print_result(arguments: argparse.Namespace, data: Mapping[str, object], words: str) -> int:
    if arguments.json:
        print_json(dict(data))
    else:
        results().print(words, markup=False)
    return OK


COMMANDS = {
    "tag": Command(
        "add or remove tags, to list and select boards by",
        _TAG_EXAMPLES,
        _add_tag_arguments,
        _run_tag,
    ),
    "note": Command(
        "add a note to a board, or a serial number",
        _NOTE_EXAMPLES,
        _add_note_arguments,
        _run_note,
    ),
    "rename": Command(
        "rename a board in the inventory",
        _RENAME_EXAMPLES,
        _add_rename_arguments,
        _run_rename,
    ),
    "forget": Command(
        "remove boards from the inventory; their history stays",
        _FORGET_EXAMPLES,
        _add_forget_arguments,
        _run_forget,
    ),
    "export": Command(
        "write the whole inventory to a file",
        _EXPORT_EXAMPLES,
        _add_export_arguments,
        _run_export,
    ),
    "import": Command(
        "import boards that another inventory has exported",
        _IMPORT_EXAMPLES,
        _add_import_arguments,
        _run_import,
    ),
}
