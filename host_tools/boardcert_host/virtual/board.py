"""A virtual board to use from Python: power, resets, and running code on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ..errors import Error
from .board_network import BoardNetwork
from .board_radio import RadioControls
from .lock import lock
from .network import VirtualNetwork
from .process import EmulatorProcess, give_back, take_process
from .raw_repl import run_code
from .unique_id import keep_unique_id
from .usb_console import run_mpremote, soft_reset


class VirtualBoard(RadioControls):
    """An emulated Pico W whose flash and unique id live in *directory*.

    *firmware*: path of the UF2 image; it is written if the flash contains another one.
    *ring_oscillator*: "host" (real randomness), "seed:N" (reproducible) or "stuck".
    *unique_id*: 8 bytes as hex; None: random for a new directory.
    *pace*: "real" (simulated time is never ahead of real time), "idle" (computing runs at full
    speed, waiting takes real time; unsuitable for timeouts that the board polls), "quick" (waiting
    takes a fiftieth of that) or "free" (waiting takes no time: peers in real time are too late).
    *network*: the Wi-Fi in its range; `network` then leads to the board. *forwards*: {port of the
    board: port of loopback, or 0 for any free one}, forwarded from the start.
    *networks*: further access points without a network behind them: ssid, and optionally password,
    security ("wpa2", "open"), bssid, channel, rssi (dBm), inRange.
    *usb_port_number*, *uart_port_number*: TCP ports on loopback, 0 for any free one.
    *flash_timing*: whether erasing and programming take the chip's typical time, simulated.
    *flash_cache*: whether misses of the flash cache take time.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        firmware: Path | str,
        ring_oscillator: str = "host",
        unique_id: str | None = None,
        pace: str = "real",
        network: VirtualNetwork | None = None,
        forwards: Mapping[int, int] | None = None,
        networks: Sequence[Mapping[str, Any]] = (),
        usb_port_number: int = 0,
        uart_port_number: int = 0,
        flash_timing: bool = True,
        flash_cache: bool = True,
    ) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.unique_id = keep_unique_id(self.directory, unique_id)
        self._settings = {
            "firmware": str(firmware),
            "flash_path": str(self.directory / "flash.bin"),
            "unique_id": self.unique_id,
            "ring_oscillator": ring_oscillator,
            "pace": pace,
            "networks": [dict(each) for each in networks],
            "network": None,
            "usb_port": usb_port_number,
            "uart_port": uart_port_number,
            "flash_timing": flash_timing,
            "flash_cache": flash_cache,
        }
        self._wifi = network
        self._forwards = dict(forwards or {})
        self._network: BoardNetwork | None = None
        self._process: EmulatorProcess | None = None
        self._lock: TextIO | None = None
        self._booting_since = 0
        self._ports: dict[str, int] = {}
        self.ready_us = 0

    def __enter__(self) -> "VirtualBoard":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Switch the board on and return while it boots; see `wait_ready`."""
        if self._process is not None:
            raise Error("the virtual board has been started already")
        self._lock = lock(self.directory)
        try:
            if self._wifi is not None:
                self._settings["network"] = self._wifi.plug_in(self.unique_id)
            self._process = take_process()
            self._booting_since = self._process.mark()
            self._ports = self._process.start(self._settings)
            self._network = BoardNetwork(self._process)
            for port, host_port in self._forwards.items():
                self._network.forward(port, host_port)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Switch the board off. Its flash stays in the directory."""
        if self._process is not None:
            give_back(self._process)
            self._process = self._network = None
        if self._wifi is not None:
            self._wifi.unplug(self.unique_id)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def usb_port(self) -> str:
        """The USB serial port, in the notation of `mpremote connect`."""
        return f"socket://127.0.0.1:{self._ports['usb']}"

    @property
    def uart_address(self) -> tuple[str, int]:
        """The TCP address of UART0."""
        return "127.0.0.1", self._ports["uart"]

    @property
    def network(self) -> BoardNetwork:
        """The board on its network: addresses that lead to it, and faults on request."""
        if self._network is None:
            raise Error("the virtual board has not been started")
        return self._network

    @property
    def has_package(self) -> bool:
        """Whether its flash, when last saved, held the package; the board is not asked."""
        # The flash contains the names of the package's files.
        flash = self.directory / "flash.bin"
        return flash.exists() and b"boardcert" in flash.read_bytes()

    @property
    def is_running(self) -> bool:
        """Whether the emulator's process is running."""
        return self._process is not None and self._process.is_running

    @property
    def process_id(self) -> int:
        """The process id of the emulator."""
        return self._running.pid

    def wait_ready(self, timeout_s: float = 120) -> None:
        """Wait until the USB serial port is there: boot.py has run, main.py may be running.

        `ready_us` is then the simulated time from the reset until that moment.
        """
        event = self._running.wait("ready", "off", since=self._booting_since, timeout_s=timeout_s)
        if event["event"] == "off":
            raise Error(f"the virtual board went off: {event['message']}")
        self.ready_us = event["clock_us"]

    def wait_off(self, timeout_s: float = 120) -> str:
        """Wait until the power is off, and return why."""
        event = self._running.wait("off", since=self._booting_since, timeout_s=timeout_s)
        return event["message"]

    def status(self) -> dict[str, Any]:
        """Return powered, ready, boots, clock_us, cycles, stack; counters of flash and radio."""
        return self._running.request("status")

    @property
    def clock_us(self) -> int:
        """Simulated microseconds since the last reset, as in the board's own timer."""
        return self.status()["clock_us"]

    @property
    def flash_operations(self) -> int:
        """Sector erases and page programs since `start`."""
        return self.status()["flash"]["operations"]

    @property
    def stack(self) -> dict[str, int]:
        """What the stack of 8 KB was used for since `start` or `forget_stack`, over all resets.

        In bytes: thread_left and interrupt_left, the least that was left (negative: the heap below
        was written to); interrupts, the most that these took on top of a thread.
        """
        return self.status()["stack"]

    def forget_stack(self) -> None:
        """Begin `stack` anew. What runs now counts from its next call on."""
        self._running.request("forget_stack")

    def reset(self) -> None:
        """Reset the chip, as by its RUN pin, and wait until it is ready."""
        self._boot("reset")

    def power_on(self) -> None:
        """Switch the power on again, after a cut or `power_off`, and wait until ready."""
        self._boot("power_on")

    def power_off(self) -> None:
        """Cut the power between two instructions."""
        self._running.request("power_off")

    def cut_power(self, after_operations: int, torn: float = 0.5) -> None:
        """Cut the power during the *after_operations*-th flash operation from now.

        *torn*: the fraction of that operation's bytes that is written before.
        """
        self._running.request("cut_power", after_operations=after_operations, torn=torn)

    def keep_power(self) -> None:
        """Cancel a `cut_power` that has not happened yet."""
        self._running.request("cut_power_never")

    def set_ring_oscillator(self, setting: str) -> None:
        """Change the noise source; *setting*: as *ring_oscillator* above."""
        self._running.request("ring_oscillator", setting=setting)

    def set_pace(self, pace: str) -> None:
        """Change how simulated time relates to real time; *pace*: as above."""
        self._running.request("pace", mode=pace)

    def soft_reset(self) -> None:
        """Do what Ctrl-C, Ctrl-D at the prompt does: run boot.py and main.py again."""
        soft_reset(self._ports["usb"])

    def exec(self, code: str, timeout_s: float = 60) -> str:
        """Run *code* on the board, as `mpremote exec` does, and return what it printed.

        A program that is running is interrupted. Raises Error with the board's traceback.
        """
        self._check_power()
        return run_code(self._ports["usb"], code, timeout_s)

    def mpremote(self, *arguments: str, timeout_s: float = 60) -> str:
        """Run mpremote with *arguments* against this board and return its standard output."""
        self._check_power()
        return run_mpremote(self.usb_port, arguments, timeout_s)

    def _check_power(self) -> None:
        if not self.status()["powered"]:
            raise Error("the virtual board is off")

    @property
    def _running(self) -> EmulatorProcess:
        if self._process is None:
            raise Error("the virtual board has not been started")
        return self._process

    def _boot(self, command: str) -> None:
        self._booting_since = self._running.mark()
        self._running.request(command)
        self.wait_ready()
