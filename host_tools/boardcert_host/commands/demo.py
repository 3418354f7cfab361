"""`boardcert demo`: from a new board to a verified one, on the virtual board."""

import argparse
from pathlib import Path

from ..console import messages, results
from ..errors import CHECKED_AND_BAD, OK
from .shared import Command, add_json, print_json

_EXAMPLES = """\
examples:
  boardcert demo            run it; leaves build/demo.json and build/demo-cert.pem
  boardcert demo --keep     the same; the board keeps running, for your browser
  boardcert demo --json     the same, with the record on standard output
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", default="build", metavar="DIRECTORY", help="where the files go (build)"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the board running until Ctrl-C, for your browser"
    )
    add_json(parser)


def _run(arguments: argparse.Namespace) -> int:
    from ..demo import run_demo

    # The story is the result, unless --json asks for the record.
    console = messages() if arguments.json else results()
    ok, record = run_demo(Path(arguments.output), console, arguments.keep)
    if arguments.json:
        print_json(record)
    return OK if ok else CHECKED_AND_BAD


COMMANDS = {
    "demo": Command(
        "see a board generate and serve its own certificate, on this computer",
        _EXAMPLES,
        _add_arguments,
        _run,
    ),
}
