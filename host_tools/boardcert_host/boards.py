"""The boards that are known: one folder of data each, and where that data lies."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from .errors import USAGE, Error


@dataclass(frozen=True)
class Firmware:
    """An official MicroPython image: what it is, and where it can be had."""

    version: str
    file: str
    sha256: str
    url: str
    wheel: str
    wheel_member: str


@dataclass(frozen=True)
class Board:
    """A kind of board. *mpy_architecture*: what mpy-cross calls its processor."""

    name: str
    title: str
    chip: str
    mpy_architecture: str
    firmware: Firmware


def data_directory(name: str) -> Path:
    """Return the directory *name* ("firmware", "boards") of a checkout or of an installed wheel."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "_data" / name, package.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise Error(f"this installation has no directory {name}", "install boardcert again")


def cache_directory() -> Path:
    """Return where downloads are kept: $BOARDCERT_CACHE, or the user's cache directory."""
    chosen = os.environ.get("BOARDCERT_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("boardcert"))


def board_names() -> list[str]:
    """Return the names of all boards, sorted."""
    return sorted(path.parent.name for path in data_directory("boards").glob("*/board.json"))


def load_board(name: str) -> Board:
    """Read the data of the board *name*.

    A board.json with "firmware_of" in place of "firmware" runs the image of the board named there.
    """
    names = board_names()
    if name not in names:
        raise Error(f"no such board: {name}", f"known boards: {', '.join(names)}", USAGE)
    fields = json.loads((data_directory("boards") / name / "board.json").read_text("utf-8"))
    if "firmware_of" in fields:
        firmware = load_board(fields.pop("firmware_of")).firmware
    else:
        firmware = Firmware(**fields.pop("firmware"))
    return Board(name=name, firmware=firmware, **fields)
