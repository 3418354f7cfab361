"""`boardcert completion` and `boardcert paths`: completion in shells, and where files are."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import print_plain, print_rows
from ..errors import OK
from .shared import Command, add_json, print_json

if TYPE_CHECKING:
    from ..inventory.place import Place

_PROGRAM = "boardcert"
_COMPLETION_EXAMPLES = """\
examples:
  boardcert completion fish > ~/.config/fish/completions/boardcert.fish
  eval "$(boardcert completion bash)"       in ~/.bashrc
  eval "$(boardcert completion zsh)"        in ~/.zshrc, after compinit
"""
_PATHS_EXAMPLES = """\
examples:
  boardcert paths           where boardcert keeps its files on this computer
  boardcert paths --json
"""


def _add_completion_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])


def _run_completion(arguments: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    print_plain(shellcode([_PROGRAM], shell=arguments.shell).strip())
    return OK


@dataclass(frozen=True)
class _Place:
    """A file or directory. *what*: what is in it; *variable*: relocates it (environment)."""

    name: str
    path: "Path | Place"
    what: str
    variable: str


def _places() -> list[_Place]:
    from ..acme.kept import SHELF as ORDERS
    from ..board.tokens import tokens_file
    from ..ca.store import default_store
    from ..directories import cache_directory
    from ..est.kept import SHELF as ENROLMENTS
    from ..inventory.place import VARIABLE, inventory_place
    from ..trust import kept_authorities

    place = inventory_place()
    return [
        _Place("inventory", place.file or place, "the boards that are known", VARIABLE),
        _Place("tokens", tokens_file(), "the passwords of boards' pages", "BOARDCERT_TOKENS"),
        _Place("ca", default_store().directory, "your certificate authority", "BOARDCERT_CA"),
        _Place(
            "authorities",
            kept_authorities.directory(),
            "boards' own authorities that were imported",
            "BOARDCERT_AUTHORITIES",
        ),
        _Place("acme", ORDERS.home(), "ACME accounts and orders", "BOARDCERT_ACME"),
        _Place("est", ENROLMENTS.home(), "what EST servers were asked for", "BOARDCERT_EST"),
        _Place("cache", cache_directory(), "firmware, packages, the emulator", "BOARDCERT_CACHE"),
    ]


def _run_paths(arguments: argparse.Namespace) -> int:
    places = _places()
    if arguments.json:
        print_json({"paths": {place.name: str(place.path) for place in places}})
        return OK
    rows = []
    for place in places:
        is_there = not isinstance(place.path, Path) or place.path.exists()
        missing = "" if is_there else " (not there yet)"
        rows += [(place.name, f"{place.path}{missing}"), ("", f"{place.what}; ${place.variable}")]
    print_rows("files of boardcert on this computer, and the variables that relocate them", rows)
    return OK


COMMANDS = {
    "completion": Command(
        "print a script that completes commands, options, boards and hosts in a shell",
        _COMPLETION_EXAMPLES,
        _add_completion_arguments,
        _run_completion,
    ),
    "paths": Command(
        "print where boardcert keeps its files", _PATHS_EXAMPLES, add_json, _run_paths
    ),
}
