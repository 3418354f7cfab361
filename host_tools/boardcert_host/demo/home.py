"""The demo's home: a Wi-Fi and a new board, with a boot drive and ports on this computer.

The board is handled like a real one: by `boardcert flash`, over USB, and over TLS.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ..errors import CHECKED_AND_BAD, Error
from ..targets import PORTAL_PORT, Target
from ..verify.hosts import HostResult, Options, verify_hosts
from ..virtual import VirtualBoard, VirtualNetwork
from ..virtual.boot_drive import BootDrive

HOST_NAME = "kitchen"
NAME = "kitchen.local"
SSID = "HomeNet"
HTTPS_PORT = 443
# An emulated handshake takes some 2 s of real time; a busy computer may need ten times as long.
_TIMEOUT_S = 30
_UP_TIMEOUT_S = 90
_POLL_S = 0.1
_Result = TypeVar("_Result")


class Home:
    """The home while the demo runs. *directory*: for files; *password*: of its Wi-Fi."""

    def __init__(self, directory: Path, new: BootDrive, password: str) -> None:
        self._directory = directory
        self._new = new
        self._password = password

    @property
    def board(self) -> VirtualBoard:
        """The board, once `flash` has installed its firmware."""
        if self._new.board is None:
            raise Error("the virtual board is still waiting for its firmware")
        return self._new.board

    @property
    def usb_port(self) -> str:
        """Its USB serial port, in mpremote's notation."""
        return self._new.usb_port

    def target(self, port: int) -> Target:
        """The address on this computer at which its *port* can be reached."""
        return Target(*self.board.network.address(port))

    def flash(self) -> dict[str, Any]:
        """Run `boardcert flash`, which prints its steps on stderr, and return its record.

        The user's known boards and tokens are not touched.
        """
        place = self._new.forwards[PORTAL_PORT]
        command = [sys.executable, "-m", "boardcert_host", "flash", "RPI_PICO_W", "--json"]
        command += ["--port", self.usb_port, "--hostname", HOST_NAME]
        command += ["--wifi", SSID, "--at", f"127.0.0.1:{place}"]
        environment = {
            **os.environ,
            "BOARDCERT_BOOT_DRIVES": str(self._new.drive),
            "BOARDCERT_INVENTORY": str(self._directory / "inventory.db"),
            "BOARDCERT_PINS": str(self._directory / "known_boards.json"),
            "BOARDCERT_TOKENS": str(self._directory / "tokens.json"),
            "BOARDCERT_WIFI_PASSWORD": self._password,
        }
        done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=False)
        record: dict[str, Any] = json.loads(done.stdout or "{}")
        if done.returncode:
            reason = record.get("error", {}).get("message", f"code {done.returncode}")
            raise Error(f"`boardcert flash` failed: {reason}")
        return record

    def verify(self, ports: list[int], options: Options) -> list[HostResult]:
        """Verify what the board serves on *ports*, once its program answers."""
        return [self._verify(port, options) for port in ports]

    def _verify(self, port: int, options: Options) -> HostResult:
        def attempt() -> HostResult:
            target = self.target(port)
            (result,) = verify_hosts([target], replace(options, timeout_s=_TIMEOUT_S))
            if result.error:
                raise result.error
            return result

        result = when_up(attempt)
        if result.certificate is None:
            reasons = "; ".join(result.failures)
            raise Error(f"no certificate to go on with ({reasons})", None, CHECKED_AND_BAD)
        return result

    def change_address(self) -> str:
        """Restart the router, which gives the board another address; return that."""
        old = self.board.network.wait_address()
        start, _, number = old.rpartition(".")
        new = f"{start}.{int(number) + 1}"
        self.board.network.change_lease(address=new)
        self.board.deauthenticate()

        def look() -> None:
            if self.board.network.wait_address() != new:
                raise Error(f"the board has not taken the address {new}")

        when_up(look)
        return new


def when_up(action: Callable[[], _Result]) -> _Result:
    """Repeat *action* until the board has booted and serves."""
    deadline = time.monotonic() + _UP_TIMEOUT_S
    while True:
        try:
            return action()
        except Error:
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_S)


@contextlib.contextmanager
def new_home() -> Iterator[Home]:
    """Set up the home: a Wi-Fi with a password, and a board with empty flash in its range."""
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="boardcert-")
        directory = Path(stack.enter_context(temporary))
        password = secrets.token_hex(8)
        network = VirtualNetwork(SSID, password=password)
        flash, drive = directory / "flash", directory / "drive"
        ports = (HTTPS_PORT, PORTAL_PORT)
        new = stack.enter_context(BootDrive(flash, drive, network=network, ports=ports))
        yield Home(directory, new, password)
