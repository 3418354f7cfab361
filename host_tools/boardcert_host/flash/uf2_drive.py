"""Flashing RP2040 and RP2350 boards: their boot loader shows a drive, which takes a UF2 file."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..board import interruptions, mpremote
from ..errors import Error
from .board_kinds import Board
from .uf2 import read_uf2

_INFO_FILE = "INFO_UF2.TXT"
_INFO_LIMIT_BYTES = 4096
_CHUNK_BYTES = 64 * 1024
# A board changes into its boot loader in a second; a desktop needs some more to mount its drive.
_APPEAR_TIMEOUT_S = 30
_VANISH_TIMEOUT_S = 30
_POLL_S = 0.2
# What a drive answers when its board has restarted, on Linux, macOS and Windows.
_GONE = (errno.EIO, errno.ENODEV, errno.ENOENT, errno.ENXIO, errno.EINVAL, errno.EROFS)

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


@dataclass(frozen=True)
class BootDrive:
    """The drive of a board in its boot loader. *board_id*: as its INFO_UF2.TXT says."""

    path: Path
    board_id: str

    def is_there(self) -> bool:
        """Return whether the board is still in its boot loader."""
        return _read_info(self.path) is not None


def check_image(board: Board, data: bytes) -> bytes:
    """Return the flash contents in *data*, a UF2 file that this board's boot loader takes whole.

    Raises Error when it is not one.
    """
    uf2 = board.uf2
    try:
        content = read_uf2(data, uf2.family_id, uf2.flash_start, uf2.flash_end).content
    except ValueError as error:
        raise Error(f"the image is not for {board.name}: {error}") from error
    if b"MicroPython v" not in content:
        raise Error("the image contains no MicroPython")
    return content


def boot_drives() -> list[BootDrive]:
    """Return every boot drive there is: those mounted, and those in $BOARDCERT_BOOT_DRIVES.

    A drive is known by the Board-ID in its INFO_UF2.TXT, never by its name.
    """
    more = os.environ.get("BOARDCERT_BOOT_DRIVES", "").split(os.pathsep)
    mounted = [partition.mountpoint for partition in psutil.disk_partitions()]
    paths = dict.fromkeys(Path(text) for text in [*mounted, *more] if text)
    return [drive for path in paths if (drive := _drive_at(path))]


def _drive_at(path: Path) -> BootDrive | None:
    info = _read_info(path)
    return BootDrive(path, info) if info else None


def drives_of(board: Board, chosen: Path | None = None) -> list[BootDrive]:
    """Return the boot drives of boards of this kind; *chosen*: only the one at this path."""
    drives = [_drive_at(chosen)] if chosen else boot_drives()
    return [drive for drive in drives if drive and drive.board_id == board.uf2.board_id]


def find_boot_drive(board: Board, chosen: Path | None = None) -> BootDrive | None:
    """Return the boot drive of a board of this kind, or None; Error if there are several.

    *chosen*: the one at this path.
    """
    drives = drives_of(board, chosen)
    if len(drives) > 1:
        paths = ", ".join(str(drive.path) for drive in drives)
        hint = "unplug all but one, or choose one with --drive"
        raise Error(f"several boards are in their boot loader: {paths}", hint)
    return drives[0] if drives else None


def enter_boot_loader(port: str) -> None:
    """Ask MicroPython at *port* to restart into the boot loader."""
    mpremote.run(port, "bootloader")
    interruptions.note_started(port)


def wait_boot_drive(
    board: Board, chosen: Path | None = None, timeout_s: float = _APPEAR_TIMEOUT_S
) -> BootDrive:
    """Wait until the boot drive of a board of this kind is there, and return it.

    *chosen*: the one at this path.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        drive = find_boot_drive(board, chosen)
        if drive:
            return drive
        if time.monotonic() > deadline:
            others = [f"{drive.path} is a {drive.board_id}" for drive in boot_drives()]
            found = f" ({'; '.join(others)})" if others else ""
            raise Error(f"no boot drive of a {board.title} appeared{found}", board.bootloader)
        time.sleep(_POLL_S)


def copy_image(data: bytes, drive: BootDrive, progress: Progress) -> None:
    """Copy a checked UF2 file to *drive*, and wait until the board has taken it and restarted."""
    done = 0
    try:
        with (drive.path / "firmware.uf2").open("wb") as file:
            for at in range(0, len(data), _CHUNK_BYTES):
                chunk = data[at : at + _CHUNK_BYTES]
                file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
                done += len(chunk)
                progress(done, len(data))
    except OSError as error:
        # The board restarts as soon as it has the last block, and the drive goes with it.
        if done + _CHUNK_BYTES < len(data) or error.errno not in _GONE:
            reason = error.strerror or error
            hint = "start the boot loader again and repeat the command"
            raise Error(f"cannot copy the image to {drive.path}: {reason}", hint) from error
        progress(len(data), len(data))
    deadline = time.monotonic() + _VANISH_TIMEOUT_S
    while drive.is_there():
        if time.monotonic() > deadline:
            hint = "start the boot loader again and repeat the command"
            raise Error(f"the board did not accept the image on {drive.path}", hint)
        time.sleep(_POLL_S)


def _read_info(path: Path) -> str | None:
    """Return the Board-ID in the INFO_UF2.TXT at *path*, or None."""
    try:
        with (path / _INFO_FILE).open("rb") as file:
            lines = file.read(_INFO_LIMIT_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "board-id":
            return value.strip()
    return None
