"""`boardcert devices`: the boards that are plugged in, and what runs on them."""

from typing import Any

from ..board import kept_files
from ..board.serial_ports import is_answering, usb_ports
from ..errors import Error
from .board_kinds import UF2, board_names, load_board
from .uf2_drive import boot_drives


def list_devices() -> list[dict[str, Any]]:
    """Return a dict for each serial port on USB and each boot drive.

    port: its name or path; runs: in words; identity: the pin of its key, if it keeps one. A program
    that runs on a board is stopped for it.
    """
    found = []
    for port in usb_ports():
        identity = None
        runs = f"no MicroPython answers ({port.description})"
        if is_answering(port.device):
            runs, identity = _what_runs(port.device)
        found.append({"port": port.device, "runs": runs, "identity": identity})
    for drive in boot_drives():
        names = ", ".join(_boards_of(drive.board_id)) or "an unknown board"
        runs = f"boot loader of {drive.board_id}: {names}"
        found.append({"port": str(drive.path), "runs": runs, "identity": None})
    return found


def _what_runs(port: str) -> tuple[str, str | None]:
    """Return what runs at *port* in words, an Error too, and the pin of its key."""
    try:
        state = kept_files.read_state(port)
    except Error as error:
        return error.message, None
    runs = f"{state.machine}, {state.build}"
    return runs, state.mark if state.has_identity else None


def _boards_of(board_id: str) -> list[str]:
    """Return the boards that show such a drive."""
    boards = [load_board(name) for name in board_names()]
    return [
        board.name
        for board in boards
        if isinstance(board.flashing, UF2) and board.flashing.board_id == board_id
    ]
