"""`boardcert flash`: from an empty board to one whose certificate is pinned and verified.

A list of steps, each of which checks first and does only what is missing: running the command again
continues where it stopped. Nothing that the board keeps is erased unless the user asks for it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ..board import interruptions, kept_files, serial_ports
from ..board.kept_files import BoardState
from ..board.serial_ports import is_answering, only_usb_port, wait_answering
from ..errors import USAGE, Error
from ..files import cannot_read
from . import esptool, provision, uf2_drive
from .board_kinds import ESP32, UF2, Board
from .esp_image import read_image
from .firmware import firmware_image
from .host_names import refuse_duplicate
from .provision import Provision
from .story import Story

# The first start makes a file system.
_BOOT_TIMEOUT_S = 60
# A board that may have no firmware yet; and one of which nothing else can be had.
_BLANK_TIMEOUT_S = 3
_ANSWER_TIMEOUT_S = 15


@dataclass(frozen=True)
class Wishes:
    """What was asked for. *erase*: everything on the board; *yes*: even what cannot be restored.

    *drive*: the boot drive, where several boards show one.
    """

    port: str | None = None
    firmware: Path | None = None
    erase: bool = False
    yes: bool = False
    firmware_only: bool = False
    drive: Path | None = None


@dataclass(frozen=True)
class Image:
    """An image that was checked. *content*: what of it the board runs, to be searched."""

    data: bytes
    content: bytes


@dataclass(frozen=True)
class _Job:
    """What the steps share. *host_name*: the one wanted, which no other board may have."""

    story: Story
    board: Board
    wishes: Wishes
    image: Image
    host_name: str | None


def flash(story: Story, board: Board, wishes: Wishes, provisions: Provision) -> bool:
    """Make every step; return whether all is well. *story* has them all, also after an Error."""
    story.record.update(ok=False, board=board.name, port=wishes.port)
    require_port(board, wishes.port, wishes.drive)
    image = find_image(story, board, wishes)
    job = _Job(story, board, wishes, image, provisions.host_name)
    port, before = _look(job)
    if before:
        refuse_duplicate(job.host_name, before.unique_id)
    _allow_losses(wishes, before)
    _put_firmware(job, port, before)
    if wishes.firmware_only:
        ok = True
    else:
        port = _wait_started(job, port)
        mark = before.mark if before and not wishes.erase else None
        ok = provision.provision(story, board, provisions, port, mark)
    story.record["ok"] = ok
    return ok


def require_port(board: Board, port: str | None, drive: Path | None) -> None:
    """Raise Error when the named *port* is not there, and no boot drive, which has none, either.

    *drive*: see Wishes.
    """
    if port and (isinstance(board.flashing, ESP32) or _is_without_drive(board, drive)):
        serial_ports.require(port)


def _is_without_drive(board: Board, drive: Path | None) -> bool:
    """Return whether it is of a kind that has a boot drive, and none is there."""
    return isinstance(board.flashing, UF2) and not uf2_drive.drives_of(board, drive)


def find_image(story: Story, board: Board, wishes: Wishes) -> Image:
    """Get the image and check all of it before a board is touched."""
    path, source = wishes.firmware, "as given"
    if path is None:
        path, source = firmware_image(board)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from error
    with story.working("checking the image"):
        if isinstance(board.flashing, ESP32):
            content = esptool.check_image(board, data).application.data
        else:
            content = uf2_drive.check_image(board, data)
    version = re.search(rb"MicroPython (v[\w.-]+)", content)
    name = version[1].decode() if version else "without a version"
    story.step("image", "done", f"{path.name}, MicroPython {name} ({source}), checked")
    return Image(data, content)


def _look(job: _Job) -> tuple[str | None, BoardState | None]:
    """Return the board's port, and what runs there; None when MicroPython does not answer.

    A board of a different kind is left alone, unless its port was named.
    """
    board, wishes = job.board, job.wishes
    port = wishes.port or (None if wishes.drive else only_usb_port())
    if port and not wishes.port and isinstance(board.flashing, UF2):
        # The drive is the new board, the port another one, whose settings and key are its own.
        _refuse_second_board(board, port)
    with job.story.working("looking for the board"):
        patience_s = (
            _ANSWER_TIMEOUT_S if _is_without_drive(board, wishes.drive) else _BLANK_TIMEOUT_S
        )
        is_there = port is not None and is_answering(port, patience_s)
        state = kept_files.read_state(port) if port and is_there else None
    where = port or "any serial port"
    if state and not wishes.port and state.machine.encode() not in job.image.content:
        hint = "name it with --port if this image is to replace its firmware"
        raise Error(f"the board at {port} is a different one: {state.machine}", hint)
    if state:
        job.story.step("board", "done", f"{state.machine} at {where}, {state.build}")
    else:
        job.story.step("board", "done", f"MicroPython does not answer at {where}")
    # A board in its boot loader has no port, or another one: one that was not named is not kept.
    if not state and not isinstance(board.flashing, ESP32):
        port = wishes.port
    return port, state


def _refuse_second_board(board: Board, port: str) -> None:
    """Raise Error when a board is in its boot loader beside the one at *port*."""
    drive = uf2_drive.find_boot_drive(board)
    if drive:
        raise Error(
            f"there is a board in its boot loader at {drive.path}, and another at {port}",
            "unplug the other one",
        )


def _allow_losses(wishes: Wishes, before: BoardState | None) -> None:
    """Raise Error when --erase would lose something that --yes does not allow to be lost."""
    if not wishes.erase or wishes.yes:
        return
    if before is None:
        lost = "whatever is on the board, which does not answer"
    elif before.has_identity:
        lost = f"this board's identity, the key with the pin {before.mark}, and all its files"
    elif before.files:
        lost = f"the files of this board ({before.files} in /)"
    else:
        return
    raise Error(f"--erase destroys {lost}", "--yes confirms it", USAGE)


def _put_firmware(job: _Job, port: str | None, before: BoardState | None) -> None:
    """Write the image, unless the board runs it already."""
    if before and not job.wishes.erase and _is_of(before, job.image):
        job.story.step("firmware", "kept", "the board already runs this image")
    elif isinstance(job.board.flashing, ESP32):
        _put_by_esptool(job, port)
    else:
        _put_on_boot_drive(job, port if before else None)


def _put_by_esptool(job: _Job, port: str | None) -> None:
    story, board = job.story, job.board
    if port is None:
        raise Error("no serial port", "plug the board in, or name its port with --port")
    parts = read_image(job.image.data, board.esp32.offset)
    with story.working("asking for the chip"):
        chip = esptool.detect(board, port)
    story.step("chip", "done", f"{chip.name}, MAC {chip.mac}")
    # MicroPython's unique id of an ESP32 is this address.
    refuse_duplicate(job.host_name, chip.mac.replace(":", ""))
    if chip.flash_bytes and chip.flash_bytes < parts.flash_bytes:
        sizes = f"{chip.flash_bytes >> 20} MiB, the image needs {parts.flash_bytes >> 20}"
        raise Error(f"the flash of the board at {port} is too small: {sizes}")
    if job.wishes.erase:
        with story.working("erasing the flash"):
            esptool.erase(board, port)
        story.step("erase", "done", "the whole flash")
    with story.progress("writing the firmware") as progress:
        esptool.write(board, port, parts, progress)
    interruptions.note_started(port)  # By esptool.
    pieces = " and ".join(f"{len(part.data)} bytes at {part.address:#x}" for part in parts.pieces)
    story.step("firmware", "done", f"{pieces}, read back and compared")


def _put_on_boot_drive(job: _Job, running_port: str | None) -> None:
    story, board, data = job.story, job.board, job.image.data
    if running_port:
        _refuse_second_board(board, running_port)
        uf2_drive.enter_boot_loader(running_port)
    with story.working(f"waiting for a boot drive: {board.bootloader}"):
        drive = uf2_drive.wait_boot_drive(board, job.wishes.drive)
    with story.progress("copying the firmware") as progress:
        uf2_drive.copy_image(data, drive, progress)
    story.step("firmware", "done", f"{len(data)} bytes to {drive.path}, the board restarted")


def _wait_started(job: _Job, port: str | None) -> str:
    """Wait for the firmware, make sure that it is what was written, and return the board's port."""
    story = job.story
    with story.working("waiting for MicroPython to answer"):
        hint = "press the board's reset button and run the command again"
        port = wait_answering(port, _BOOT_TIMEOUT_S, hint)
    story.record["port"] = port
    if job.wishes.erase and not isinstance(job.board.flashing, ESP32):
        kept_files.format_files(port)
        story.step("erase", "done", "the file system, made anew")
    now = kept_files.read_state(port)
    if not _is_of(now, job.image):
        raise Error(f"the board at {port} does not run the image: {now.machine}, {now.version}")
    story.step("start", "done", f"{now.machine} answers at {port}")
    refuse_duplicate(job.host_name, now.unique_id)
    return port


def _is_of(state: BoardState, image: Image) -> bool:
    """Return whether what a board says about itself is in the image."""
    return all(text.encode() in image.content for text in (state.build, state.machine) if text)
