"""`boardcert virtual`: run a virtual board for a person."""

import contextlib
import tempfile
import threading
from pathlib import Path

from ..console import say, say_lines
from ..errors import OK, Error
from ..flash.board_kinds import load_board
from ..flash.firmware import firmware_image
from .board import VirtualBoard
from .boot_drive import BootDrive
from .pty import PseudoTerminal
from .wifi_command import HOST_NAME, WifiWishes, run_in_wifi

_BOARD = "VIRTUAL_PICO_W"


def run_virtual(
    directory: Path | str | None = None,
    firmware: Path | None = None,
    ring_oscillator: str = "host",
    boot_drive: Path | None = None,
    wifi: WifiWishes | None = None,
) -> int:
    """Run a board until Ctrl-C and print how to reach it.

    *directory*: where its flash is kept; None: it is deleted afterwards. *firmware*: a UF2 image;
    None: the pinned official one. *boot_drive*: the board has no firmware, and this folder is its
    boot drive. *wifi*: one or several boards in the range of a Wi-Fi.
    """
    with contextlib.ExitStack() as stack:
        if directory is None:
            temporary = tempfile.TemporaryDirectory(prefix="boardcert-")
            directory = Path(stack.enter_context(temporary))
        if boot_drive is not None:
            return _run_boot_drive(
                BootDrive(Path(directory), boot_drive, ring_oscillator=ring_oscillator)
            )
        image = firmware or firmware_image(load_board(_BOARD))[0]
        if wifi is not None:
            return run_in_wifi(Path(directory), image, ring_oscillator, wifi)
        board = VirtualBoard(directory, firmware=image, ring_oscillator=ring_oscillator)
        return _run(board)


def _run(board: VirtualBoard) -> int:
    is_empty = not board.has_package
    with board, PseudoTerminal(board.usb_port) as terminal:
        board.wait_ready()
        host, port = board.uart_address
        then = f"verify {host}:{port} --usb {board.usb_port}"
        if is_empty:
            then = f"flash {_BOARD} {HOST_NAME} --port {board.usb_port} --at {host}:{port}"
        say(f"the virtual board {board.unique_id} runs; flash and log are in {board.directory}")
        say_lines(
            f"  USB serial port  mpremote connect {terminal.path}",
            f"  UART0            {host}:{port} (where boardcert serves TLS on this board)",
            f"                   boardcert {then}",
            "  Ctrl-C stops it.",
        )
        try:
            reason = board.wait_off(timeout_s=threading.TIMEOUT_MAX)
        except KeyboardInterrupt:
            say("the virtual board is switched off")
            return OK
    raise Error(f"the virtual board went off: {reason}", "its flash is kept; start it again")


def _run_boot_drive(empty: BootDrive) -> int:
    with empty:
        host, port = empty.uart_address
        say("an empty virtual board is in its boot loader")
        say_lines(
            f"  boot drive       export BOARDCERT_BOOT_DRIVES={empty.drive}",
            f"  USB serial port  {empty.usb_port}",
            f"  UART0            {host}:{port} (where boardcert will serve TLS)",
            f"  boardcert flash {_BOARD} {HOST_NAME} --port {empty.usb_port} --at {host}:{port}",
            "  Ctrl-C stops it.",
        )
        try:
            empty.wait()
        except KeyboardInterrupt:
            say("the virtual board is unplugged")
    return OK
