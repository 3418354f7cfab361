"""A new virtual board: its flash is empty, and its boot loader shows a drive.

The drive is a folder. A UF2 file copied into it is written to the flash and booted, as by the boot
ROM of a real board; when the firmware starts the boot loader, the drive is there again.
"""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..console import say
from ..errors import USAGE, Error
from ..flash.board_kinds import load_board
from ..flash.uf2 import BLOCK_BYTES, read_uf2
from .board import VirtualBoard
from .held_port import hold_port

_BOARD = "VIRTUAL_PICO_W"
_INFO_FILE = "INFO_UF2.TXT"
_POLL_S = 0.1
_READY_TIMEOUT_S = 60


class BootDrive:
    """An empty Pico W that keeps its flash in *directory* and shows its boot drive as *drive*.

    *board*: the VirtualBoard while firmware runs, else None. Its ports are the same at each start.
    *ports*: the board's ports, each with a loopback port that leads to it, see `forwards`.
    *settings*: those of VirtualBoard.
    """

    def __init__(
        self, directory: Path, drive: Path, ports: Sequence[int] = (), **settings: Any
    ) -> None:
        self.board: VirtualBoard | None = None
        self._held = [hold_port() for _ in range(2 + len(ports))]
        numbers = [one.getsockname()[1] for one in self._held]
        self.usb_port_number, self.uart_port_number = numbers[:2]
        self.forwards = dict(zip(ports, numbers[2:], strict=True))
        if sys.platform != "linux":
            self._release_ports()
        self._directory = directory
        self.drive = drive.resolve()
        self._settings = settings
        self._is_ending = threading.Event()
        self._failure: Error | None = None
        self._watcher = threading.Thread(target=self._watch, name="boot drive", daemon=True)

    @property
    def usb_port(self) -> str:
        """The USB serial port, in mpremote's notation; nothing listens while the drive is there."""
        return f"socket://127.0.0.1:{self.usb_port_number}"

    @property
    def uart_address(self) -> tuple[str, int]:
        """The TCP address of UART0."""
        return "127.0.0.1", self.uart_port_number

    def __enter__(self) -> "BootDrive":
        self._directory.mkdir(parents=True, exist_ok=True)
        self.drive.mkdir(parents=True, exist_ok=True)
        # A UF2 file is removed when it is used: what is there already belongs to somebody.
        found = sorted(path.name for path in self.drive.iterdir() if path.name != _INFO_FILE)
        if found:
            self._release_ports()
            hint = "name an empty folder, or one that is not there yet"
            raise Error(f"{self.drive} is not empty: {found[0]}", hint, USAGE)
        self._show()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Unplug the board: the drive disappears, the flash stays in its directory."""
        self._is_ending.set()
        self._watcher.join()
        self._hide()
        if self.board is not None:
            self.board.stop()
        self._release_ports()

    def _release_ports(self) -> None:
        for one in self._held:
            one.close()

    def wait(self) -> None:
        """Wait until the board cannot go on, and raise the Error that says why."""
        self._watcher.join()
        if self._failure:
            raise self._failure

    def _watch(self) -> None:
        while not self._is_ending.wait(_POLL_S):
            try:
                if self.board is None:
                    self._take()
                else:
                    self._return(self.board)
            except (Error, OSError, ValueError) as error:
                if not self._can_go_on():
                    self._failure = Error(str(error), getattr(error, "hint", None))
                    return
                say(f"the virtual board: {error}")

    def _can_go_on(self) -> bool:
        """Return whether the board runs, or waits for an image."""
        if self.board is not None:
            return self.board.is_running
        return (self.drive / _INFO_FILE).exists()

    def _take(self) -> None:
        """Boot a UF2 file on the drive, as soon as all of its blocks are there."""
        for path in self.drive.glob("*.[uU][fF]2"):
            data = path.read_bytes()
            # Byte 24 of a block has the number of blocks; the first block may be one to ignore.
            total = int.from_bytes(data[BLOCK_BYTES + 24 :][:4], "little") * BLOCK_BYTES
            if not total or len(data) < total:
                continue
            path.unlink()
            uf2 = load_board(_BOARD).uf2
            read_uf2(data, uf2.family_id, uf2.flash_start, uf2.flash_end)
            firmware = self._directory / "firmware.uf2"
            firmware.write_bytes(data)
            board = VirtualBoard(
                self._directory,
                firmware=firmware,
                usb_port_number=self.usb_port_number,
                uart_port_number=self.uart_port_number,
                forwards=self.forwards,
                **self._settings,
            )
            self._hide()
            board.start()
            self.board = board
            return

    def _return(self, board: VirtualBoard) -> None:
        """Show the drive again when the firmware has started the boot loader."""
        if not board.status()["powered"] and "BOOTSEL" in board.wait_off():
            board.stop()
            self.board = None
            self._show()

    def _show(self) -> None:
        info = f"UF2 Bootloader v3.0\r\nModel: {load_board(_BOARD).title}\r\n"
        info += f"Board-ID: {load_board(_BOARD).uf2.board_id}\r\n"
        (self.drive / _INFO_FILE).write_text(info)

    def _hide(self) -> None:
        (self.drive / _INFO_FILE).unlink(missing_ok=True)
