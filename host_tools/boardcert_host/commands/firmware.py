"""`boardcert firmware`: the pinned official image of a board."""

import argparse

from ..console import print_plain
from ..errors import OK
from ..flash.board_kinds import board_names, load_board
from .shared import Command, add_json, complete_boards, print_json

_DEFAULT = "RPI_PICO_W"
_EXAMPLES = """\
examples:
  boardcert firmware                print the path of the Pico W image; fetch it first if need be
  boardcert firmware ESP32_GENERIC --json
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(board_names())
    help = f"{names} (default: {_DEFAULT})"
    complete_boards(
        parser.add_argument("board", nargs="?", default=_DEFAULT, metavar="BOARD", help=help)
    )
    add_json(parser)


def _run(arguments: argparse.Namespace) -> int:
    from ..flash.firmware import firmware_image

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


COMMANDS = {
    "firmware": Command(
        "fetch the MicroPython image of a board, check it, and print its path",
        _EXAMPLES,
        _add_arguments,
        _run,
    ),
}
