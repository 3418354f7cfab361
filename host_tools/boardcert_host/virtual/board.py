"""A virtual board to use from Python: power, resets, and running code on it."""

import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from ..errors import Error
from .lock import lock
from .process import EmulatorProcess

_UNIQUE_ID_BYTES = 8
_START_TIMEOUT_S = 60
_SOFT_RESET_TIMEOUT_S = 30
_CTRL_C, _CTRL_D = b"\x03", b"\x04"


class VirtualBoard:
    """An emulated Pico W whose flash and unique id live in *directory*.

    *firmware*: path of the UF2 image; it is put in place when the flash holds another one.
    *ring_oscillator*: "host" (real randomness), "seed:N" (reproducible) or "stuck".
    *unique_id*: 8 bytes as hex; made at random for a new directory when None.
    *pace*: "real" (simulated time never ahead of real time), "idle" (computing runs as fast as it
    can, waiting takes real time; so do not use it with timeouts that the board polls) or "free"
    (waiting takes no time either).
    *usb_port_number*, *uart_port_number*: TCP ports on loopback, 0 for any free one.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        firmware: Path | str,
        ring_oscillator: str = "host",
        unique_id: str | None = None,
        pace: str = "real",
        network: dict[str, Any] | None = None,
        usb_port_number: int = 0,
        uart_port_number: int = 0,
    ) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.unique_id = self._unique_id(unique_id)
        self._settings = {
            "firmware": str(firmware),
            "flash_path": str(self.directory / "flash.bin"),
            "unique_id": self.unique_id,
            "ring_oscillator": ring_oscillator,
            "pace": pace,
            "networks": (network or {}).get("networks", []),
            "usb_port": usb_port_number,
            "uart_port": uart_port_number,
        }
        self._process: EmulatorProcess | None = None
        self._lock: TextIO | None = None
        self._booting_since = 0
        self._ports: dict[str, int] = {}
        self.ready_us = 0

    def __enter__(self) -> "VirtualBoard":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Switch the board on. It boots meanwhile; see `wait_ready`."""
        if self._process is not None:
            raise Error("the virtual board has been started already")
        self._lock = lock(self.directory)
        try:
            self._process = EmulatorProcess(self._settings, self.directory / "emulator.log")
            event = self._process.wait("listening", since=0, timeout_s=_START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        self._ports = {"usb": event["usb"], "uart": event["uart"]}
        self._booting_since = 0

    def stop(self) -> None:
        """Switch the board off and end its process. Its flash stays in the directory."""
        if self._process is not None:
            self._process.close()
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def usb_port(self) -> str:
        """The USB serial port, as mpremote's `connect` takes it."""
        return f"socket://127.0.0.1:{self._ports['usb']}"

    @property
    def uart_address(self) -> tuple[str, int]:
        """The TCP address of UART0."""
        return "127.0.0.1", self._ports["uart"]

    @property
    def is_running(self) -> bool:
        """Whether the emulator's process is there."""
        return self._process is not None and self._process.is_running

    @property
    def process_id(self) -> int:
        """The process id of the emulator."""
        return self._running.pid

    def wait_ready(self, timeout_s: float = 30) -> None:
        """Wait until the USB serial port is there: boot.py has run, main.py may be running.

        `ready_us` is then the simulated time at which that was so, counted from the reset.
        """
        event = self._running.wait("ready", "off", since=self._booting_since, timeout_s=timeout_s)
        if event["event"] == "off":
            raise Error(f"the virtual board went off: {event['message']}")
        self.ready_us = event["clock_us"]

    def wait_off(self, timeout_s: float = 30) -> str:
        """Wait until the power is gone and return why."""
        event = self._running.wait("off", since=self._booting_since, timeout_s=timeout_s)
        return event["message"]

    def status(self) -> dict[str, Any]:
        """Return powered, ready, boots, clock_us, cycles, and the flash counters."""
        return self._running.request("status")

    @property
    def clock_us(self) -> int:
        """Simulated microseconds since the last reset, the value of the board's own timer."""
        return self.status()["clock_us"]

    @property
    def flash_operations(self) -> int:
        """Sector erases and page programs since `start`."""
        return self.status()["flash"]["operations"]

    def reset(self) -> None:
        """Reset the chip as its RUN pin does, and wait until it is ready."""
        self._boot("reset")

    def power_on(self) -> None:
        """Switch the power on again, after a cut or `power_off`, and wait until ready."""
        self._boot("power_on")

    def power_off(self) -> None:
        """Take the power away between two instructions."""
        self._running.request("power_off")

    def cut_power(self, after_operations: int, torn: float = 0.5) -> None:
        """Take the power away in the *after_operations*-th flash operation from now.

        *torn*: the part of that operation's bytes that is done before.
        """
        self._running.request("cut_power", after_operations=after_operations, torn=torn)

    def keep_power(self) -> None:
        """Forget a `cut_power` that has not happened yet."""
        self._running.request("cut_power_never")

    def set_ring_oscillator(self, setting: str) -> None:
        """Let the noise come from elsewhere from now on; *setting*: as *ring_oscillator*."""
        self._running.request("ring_oscillator", setting=setting)

    def soft_reset(self) -> None:
        """Do what Ctrl-C, Ctrl-D at the prompt does: run boot.py and main.py again."""
        with socket.create_connection(("127.0.0.1", self._ports["usb"]), 10) as connection:
            connection.settimeout(_SOFT_RESET_TIMEOUT_S)
            connection.sendall(b"\r" + _CTRL_C * 2 + b"\x02")
            _read_until(connection, b">>> ")
            connection.sendall(_CTRL_D)
            _read_until(connection, b"soft reboot")

    def exec(self, code: str, timeout_s: float = 60) -> str:
        """Run *code* on the board, as `mpremote exec` does, and return what it printed.

        A program that is running is interrupted. Raises Error with the board's traceback.
        """
        return self.mpremote("exec", code, timeout_s=timeout_s)

    def mpremote(self, *arguments: str, timeout_s: float = 60) -> str:
        """Run mpremote with *arguments* against this board and return its standard output."""
        if not self.status()["powered"]:
            raise Error("the virtual board is off")
        command = [sys.executable, "-m", "mpremote", "connect", self.usb_port, "resume", *arguments]
        try:
            result = subprocess.run(command, capture_output=True, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise Error(f"the virtual board has not answered after {timeout_s:g} s") from error
        output = result.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        if result.returncode:
            detail = result.stderr.decode("utf-8", "replace").strip()
            raise Error(_explain(detail or output.strip()))
        return output

    @property
    def _running(self) -> EmulatorProcess:
        if self._process is None:
            raise Error("the virtual board has not been started")
        return self._process

    def _boot(self, command: str) -> None:
        self._booting_since = self._running.mark()
        self._running.request(command)
        self.wait_ready()

    def _unique_id(self, chosen: str | None) -> str:
        """Return *chosen*, or the id that is kept in the directory, or a new one; and keep it."""
        kept = self.directory / "unique_id"
        if chosen is None:
            chosen = kept.read_text() if kept.exists() else secrets.token_hex(_UNIQUE_ID_BYTES)
        if len(bytes.fromhex(chosen)) != _UNIQUE_ID_BYTES:
            raise Error(f"a unique id has {_UNIQUE_ID_BYTES} bytes as hex, not {chosen!r}")
        kept.write_text(chosen)
        return chosen


def _explain(detail: str) -> str:
    """Return the board's own traceback, or, when mpremote itself failed, its last line."""
    if "SerialException" in detail or "/mpremote/" in detail:
        return f"the virtual board was lost: {detail.splitlines()[-1]}"
    return f"the virtual board: {detail}"


def _read_until(connection: socket.socket, wanted: bytes) -> None:
    received = b""
    deadline = time.monotonic() + _SOFT_RESET_TIMEOUT_S
    while wanted not in received:
        data = connection.recv(4096) if time.monotonic() < deadline else b""
        if not data:
            raise Error(f"the virtual board did not print {wanted.decode()!r}")
        received += data
