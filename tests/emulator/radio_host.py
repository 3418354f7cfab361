"""The host's side of the radio's bus, written from its description, for test_virtual_radio_*.py."""

import json
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from boardcert_host.virtual.node import emulator_modules, find_node

BUS, BACKPLANE, WLAN = 0, 1, 2
_GET, _SET = 0, 2
_GET_VARIABLE, _SET_VARIABLE = 262, 263


@dataclass(frozen=True)
class Frame:
    """A frame from the chip; *offset*: where its payload starts; *body*: everything from there."""

    sequence: int
    channel: int
    credit: int
    offset: int
    body: bytes


@dataclass(frozen=True)
class Event:
    """An event that the firmware reports."""

    kind: int
    status: int
    reason: int
    flags: int
    interface: int
    address: str
    data: bytes


class RadioHost:
    """A radio with *networks* in range, and its bus driver, in a Node process."""

    def __init__(self, networks: list[dict[str, Any]]) -> None:
        node = find_node()
        environment = {**os.environ, "BOARDCERT_NODE_MODULES": str(emulator_modules(node))}
        driver = Path(__file__).with_name("radio_driver.mjs")
        self._process = subprocess.Popen(
            [node.executable, str(driver), json.dumps(networks)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self._sequence = self._identifier = 0
        self.spent_ns = 0.0

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=120)

    def do(self, operation: str, *values: Any) -> Any:
        """Run *operation* of radio_driver.mjs; ValueError with its message."""
        stdin, stdout = self._process.stdin, self._process.stdout
        cast(Any, stdin).write(json.dumps([operation, *values]) + "\n")
        cast(Any, stdin).flush()
        reply = json.loads(cast(Any, stdout).readline())
        if "error" in reply:
            raise ValueError(reply["error"])
        return reply["result"]

    def transact(self, words: list[int], answer_words: int) -> list[int]:
        """Send FIFO words and return those of the answer."""
        answer, self.spent_ns = self.do("transact", words, answer_words)
        return answer

    def read(self, function: int, address: int, size: int, padding: int = 0) -> bytes:
        """Read *size* bytes in the mode of 32-bit words; *padding* bytes come before them."""
        command = 1 << 30 | function << 28 | address << 11 | size
        words = self.transact([_swapped(command)], (padding + size + 3) // 4)
        return struct.pack(f">{len(words)}I", *words)[padding : padding + size]

    def write(self, function: int, address: int, data: bytes) -> None:
        """Write *data*."""
        command = 3 << 30 | function << 28 | address << 11 | len(data)
        padded = data + bytes(-len(data) % 4)
        words = struct.unpack(f">{len(padded) // 4}I", padded)
        self.transact([_swapped(command), *words], 0)

    def number(self, function: int, address: int, size: int, padding: int = 0) -> int:
        """Read a number."""
        return int.from_bytes(self.read(function, address, size, padding), "little")

    def power_on(self) -> None:
        """Switch the chip on and its bus to 32-bit words."""
        self.do("power", True)
        control = 3 << 30 | 4
        self.transact([_halves(control), _halves(0x000204B3)], 0)
        self.write(BUS, 0x1D, b"\x10")
        self.write(BUS, 0x06, b"\xbe\x20")

    def backplane(self, address: int) -> int:
        """Set the window to *address* and return the address within it."""
        for i in range(3):
            self.write(
                BACKPLANE, 0x1000A + i, bytes([address >> 8 * (i + 1) & (0x80 if i == 0 else 0xFF)])
            )
        return address & 0x7FFF | 0x8000

    def bring_up(self) -> None:
        """Start the firmware, and let it report every event."""
        self.power_on()
        self.write(BACKPLANE, self.backplane(0), b"firmware")
        self.write(BACKPLANE, self.backplane(0x18103800), bytes(4))
        self.set("bsscfg:event_msgs", bytes(4) + b"\xff" * 19)

    def send(self, channel: int, payload: bytes, header: int = 12) -> None:
        """Send a frame, padded to whole words."""
        size = header + len(payload)
        fields = (size, ~size & 0xFFFF, self._sequence, channel, 0, header)
        self._sequence = (self._sequence + 1) & 0xFF
        frame = struct.pack("<HHBBBB", *fields).ljust(header, b"\0") + payload
        self.write(WLAN, 0, frame + b"\xee" * (-len(frame) % 4))

    def send_ethernet(self, frame: bytes, interface: int = 0) -> None:
        """Send an Ethernet frame."""
        self.send(2, bytes([0x20, 0, interface, 0]) + frame, header=14)

    def receive(self) -> Frame | None:
        """Return the next frame, or None."""
        status = self.number(BUS, 0x08, 4)
        if not status & 1 << 8:
            return None
        data = self.read(WLAN, 0, status >> 9 & 0x7FF)
        size, inverse, sequence, channel, _, header, _, credit = struct.unpack(
            "<HHBBBBBB", data[:10]
        )
        if size != len(data) or size ^ inverse != 0xFFFF:
            raise ValueError("a frame with a wrong size")
        return Frame(sequence, channel, credit, header, data[header:])

    def receive_all(self) -> list[Frame]:
        """Return all waiting frames."""
        frames = []
        while (frame := self.receive()) is not None:
            frames.append(frame)
        return frames

    def request(self, command: int, data: bytes, kind: int = _SET, interface: int = 0) -> bytes:
        """Send a request and return the data of its answer; `status` is that of the answer."""
        self._identifier += 1
        flags = self._identifier << 16 | interface << 12 | kind
        self.send(0, struct.pack("<IIII", command, len(data), flags, 0) + data)
        self.do("wait", 1000)
        for frame in self.receive_all():
            if frame.channel == 0 and len(frame.body) >= 16:
                answered, _, same, self.status = struct.unpack("<IIIi", frame.body[:16])
                if (answered, same) == (command, flags):
                    return frame.body[16:]
        raise ValueError(f"no answer to command {command}")

    def get(self, name: str, size: int = 4, argument: bytes = b"", interface: int = 0) -> bytes:
        """Get a variable."""
        data = (name.encode() + b"\0" + argument).ljust(len(name) + 1 + size, b"\0")
        return self.request(_GET_VARIABLE, data, _GET, interface)[:size]

    def set(self, name: str, value: bytes, interface: int = 0) -> None:
        """Set a variable."""
        self.request(_SET_VARIABLE, name.encode() + b"\0" + value, _SET, interface)

    def join(self, ssid: str, password: str = "") -> None:
        """Ask to join a network."""
        self.request(134, struct.pack("<I", 4 if password else 0))
        if password:
            key = password.encode()
            self.request(268, struct.pack("<HH", len(key), 1) + key.ljust(64, b"\0"))
        self.request(26, struct.pack("<I", len(ssid)) + ssid.encode().ljust(32, b"\0"))

    def events(self, micros: int) -> list[Event]:
        """Let *micros* pass and return the events."""
        self.do("wait", micros)
        return [_event(frame) for frame in self.receive_all() if frame.channel == 1]


def kinds(events: list[Event]) -> list[tuple[int, int, int, int]]:
    """Return the type, status, reason and flags of each event."""
    return [(event.kind, event.status, event.reason, event.flags) for event in events]


def _event(frame: Frame) -> Event:
    if (frame.offset + 4) % 4 != 2:
        raise ValueError("an event where the driver cannot read it")
    ethernet = frame.body[4:]
    if ethernet[12:14] != b"\x88\x6c" or ethernet[19:22] != b"\x00\x10\x18":
        raise ValueError("not an event of Broadcom's")
    _, flags, kind, status, reason, _, length = struct.unpack(">HHIIIII", ethernet[24:48])
    data = ethernet[72 : 72 + length]
    return Event(kind, status, reason, flags, ethernet[71], ethernet[48:54].hex(":"), data)


def _swapped(word: int) -> int:
    """Return the FIFO word of a number in 32-bit mode."""
    return int.from_bytes(word.to_bytes(4, "little"), "big")


def _halves(word: int) -> int:
    """Return the FIFO word of a number in 16-bit mode."""
    return word >> 16 | (word & 0xFFFF) << 16
