"""Flashing ESP32 boards with esptool, which is run as a program.

esptool is licensed under the GPL, boardcert under the MIT license: it is never imported.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..bounded import TooMuchOutputError, run_bounded
from ..errors import Error
from .board_kinds import Board
from .esp_image import ESPImage, Piece, read_image

# The documentation of MicroPython names this speed. Boards with USB of their own ignore it.
_BAUD = "460800"
# The longest silence of esptool, which prints a line for each block that it writes, and nothing
# while the chip erases or computes the hash of what was written.
_SILENCE_S = 60
_ERASE_SILENCE_S = 600
_OUTPUT_LIMIT_BYTES = 1 << 20  # A line for each 16 KB that are written is a hundredth of this.
# What esptool prints last, and what to do about it.
_HINTS = (
    (
        "Could not open",
        "is it plugged in, and no other program using it? `boardcert devices` lists the ports",
    ),
    ("chip revision", "this image does not support so old a chip; see the board's board.md"),
    ("Failed to connect", None),
    ("No serial data received", None),
)

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


@dataclass(frozen=True)
class Chip:
    """What answers at a port. *flash_bytes*: None when esptool cannot detect it."""

    name: str
    mac: str
    flash_bytes: int | None


def check_image(board: Board, data: bytes) -> ESPImage:
    """Raise Error unless *data* is a MicroPython image for this board's chip, undamaged."""
    try:
        image = read_image(data, board.esp32.offset)
    except ValueError as error:
        raise Error(f"the image is not for {board.name}: {error}") from error
    if b"MicroPython v" not in image.application.data:
        raise Error("the image contains no MicroPython")
    for what, piece in (("boot loader", image.boot_loader), ("application", image.application)):
        with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
            output = _run(board, ["image-info", *_write_pieces([piece], directory)[1:]])
        found = re.search(r"^Detected image type: (\S+)", output, re.MULTILINE)
        if not found or _id(found[1]) != board.esp32.chip:
            kind = found[1] if found else "unknown chip"
            raise Error(f"the {what} in the image is for {kind}, not for {board.chip}")
        if "(invalid" in output or "(valid)" not in output:
            raise Error(f"the {what} in the image is damaged: wrong checksum")
    return image


def detect(board: Board, port: str) -> Chip:
    """Ask what chip is at *port*; Error when it is not the one of *board*. Nothing is written."""
    output = _run(board, ["--port", port, "--after", "no-reset", "flash-id"])
    name = re.search(r"^Connected to (\S+) on", output, re.MULTILINE)
    mac = re.search(r"^(?:BASE )?MAC: +([0-9a-f:]{17})$", output, re.MULTILINE)
    size = re.search(r"^Detected flash size: (\d+)MB$", output, re.MULTILINE)
    if not name or not mac:
        raise Error(f"esptool did not say what chip is at {port}")
    if _id(name[1]) != board.esp32.chip:
        raise Error(
            f"the chip at {port} is {name[1]}, {board.name} has {board.chip}: nothing was written",
            "name the right board; `boardcert flash --help` lists them",
        )
    return Chip(name[1], mac[1], int(size[1]) * 1024 * 1024 if size else None)


def erase(board: Board, port: str) -> None:
    """Erase the whole flash: firmware, files, non-volatile storage."""
    _run(board, [*_connection(board, port), "erase-flash"], _ERASE_SILENCE_S)


def write(board: Board, port: str, image: ESPImage, progress: Progress) -> None:
    """Write the pieces of a checked image; esptool reads back a hash of each.

    What lies between and after them stays: non-volatile storage and the file system.
    """
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        files = _write_pieces(image.pieces, directory)
        arguments = [*_connection(board, port), "write-flash", *files]
        output = _run(board, arguments, _ERASE_SILENCE_S, _follow(image.pieces, progress))
    if output.count("Hash of data verified") != len(image.pieces):
        raise Error(f"esptool did not verify what it wrote to the board at {port}")


def _connection(board: Board, port: str) -> list[str]:
    return ["--chip", board.esp32.chip, "--port", port, "--baud", _BAUD]


def _id(name: str) -> str:
    """Return "esp32s3" for "ESP32-S3"."""
    return name.lower().replace("-", "")


def _write_pieces(pieces: list[Piece], directory: str) -> list[str]:
    """Write each piece to a file; return address and path of each, as write-flash takes them."""
    arguments = []
    for piece in pieces:
        path = Path(directory) / f"{piece.address:#x}.bin"
        try:
            path.write_bytes(piece.data)
        except OSError as error:
            reason = error.strerror or error
            raise Error(f"cannot write {path}: {reason}", "make room, or set TMPDIR") from error
        arguments += [f"{piece.address:#x}", str(path)]
    return arguments


def _follow(pieces: list[Piece], progress: Progress) -> Callable[[str], None]:
    """Return a reader of esptool's lines that reports its progress to *progress*."""
    total = sum(len(piece.data) for piece in pieces)

    def follow(line: str) -> None:
        match = re.match(r"Writing at (0x[0-9a-f]+)", line)
        if match:
            address = int(match[1], 16)
            parts = [min(max(address - p.address, 0), len(p.data)) for p in pieces]
            progress(sum(parts), total)

    return follow


def _run(
    board: Board,
    arguments: list[str],
    silence_s: float = _SILENCE_S,
    on_line: Callable[[str], None] = lambda line: None,
) -> str:
    """Run esptool, hand each line on as it comes, and return what it printed. Raises Error."""
    command = [sys.executable, "-m", "esptool", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    try:
        done = run_bounded(command, silence_s, _OUTPUT_LIMIT_BYTES, environment, on_line)
    except TooMuchOutputError as error:
        raise Error("esptool does not stop printing", board.bootloader) from error
    except subprocess.TimeoutExpired as error:
        message = f"esptool has heard nothing from the board for {silence_s:g} s"
        raise Error(message, board.bootloader) from error
    output = done.stdout + done.stderr
    if done.returncode:
        raise _error(board, output)
    return output


def _error(board: Board, output: str) -> Error:
    """Turn what esptool printed into an Error; a line with "error" in it names the cause."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    causes = [line for line in lines if re.match(r"ERROR: |.*(Error|Exception):", line)]
    cause = (causes or lines or ["no message"])[-1]
    for prefix in ("ERROR: ", "A fatal error occurred: "):
        cause = cause.removeprefix(prefix)
    for text, hint in _HINTS:
        if text in output:
            return Error(f"esptool: {cause.rstrip('.')}", hint or board.bootloader)
    return Error(f"esptool: {cause.rstrip('.')}", "check the cable and run the command again")
