"""Serial ports: which there are, and whether MicroPython answers at one."""

import re
import socket
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from ..deadline import Deadline
from ..errors import Error
from .interruptions import note_interrupted

_BAUD = 115200
_READ_TIMEOUT_S = 0.2
_ANSWER_TIMEOUT_S = 3
# Ctrl-C twice stops a program, Ctrl-B leaves raw mode; the prompt comes after either.
_WAKE = b"\r\x03\x03\x02"
_PROMPT = b">>> "
_URLS = ("socket://", "rfc2217://")
# Of a device, without its folder: ttyACM0, cu.usbmodem1101.
_DEVICE_NAME = re.compile(r"(tty\w*|cu\.\w+)")


@dataclass(frozen=True)
class USBPort:
    """A serial port on USB. *device*: its name, as `--port` takes it."""

    device: str
    description: str


def usb_ports() -> list[USBPort]:
    """Return the serial ports on USB, sorted by name; those of the mainboard are left out."""
    found = [port for port in list_ports.comports() if port.vid is not None]
    return sorted(
        (USBPort(port.device, port.description or "") for port in found),
        key=lambda port: port.device,
    )


def only_usb_port() -> str | None:
    """Return the one serial port on USB, None without any. Several are an Error that names them."""
    devices = [port.device for port in usb_ports()]
    if len(devices) > 1:
        raise Error(f"several serial ports: {', '.join(devices)}", "choose one with --port")
    return devices[0] if devices else None


def is_there(port: str) -> bool:
    """Return whether there is such a port, without sending anything to the board at it.

    Of what is neither a device nor an address (mpremote's `auto`, `id:...`), it is taken as said.
    """
    if port.startswith("/") or _DEVICE_NAME.fullmatch(port):
        return Path(port).exists()
    if re.fullmatch(r"COM\d+", port, re.IGNORECASE):
        return port.upper() in [each.device.upper() for each in list_ports.comports()]
    if not port.startswith(_URLS):
        return True
    address = urllib.parse.urlsplit(port)
    try:
        deadline = Deadline(_ANSWER_TIMEOUT_S)
        where = (address.hostname or "", address.port or 0)
        deadline.wait_for(lambda: socket.create_connection(where, _ANSWER_TIMEOUT_S)).close()
    except (OSError, ValueError):
        return False
    return True


def require(port: str) -> None:
    """Raise Error when there is no such port."""
    if is_there(port):
        return
    found = ", ".join(each.device for each in usb_ports()) or "none on USB"
    hint = f"plug the board in; ports found: {found}"
    if port.startswith(_URLS):
        hint = "nothing listens there; is the program running, such as `boardcert virtual`?"
    elif Path(f"/dev/{port}").exists():
        hint = f"did you mean /dev/{port}?"
    raise Error(f"no such port: {port}", hint)


def is_answering(port: str, timeout_s: float = _ANSWER_TIMEOUT_S) -> bool:
    """Return whether MicroPython's prompt is at *port*; a program running there is interrupted."""
    deadline = Deadline(timeout_s)
    received = b""
    try:
        # Opening one that is a URL looks up a name and connects.
        with deadline.wait_for(lambda: _open(port)) as line:
            while deadline.remaining_s():
                line.write(_WAKE)
                received = received[-len(_PROMPT) :] + line.read(4096)
                if _PROMPT in received:
                    note_interrupted(port)
                    return True
    except (serial.SerialException, OSError):
        pass  # No such port, busy, its board restarts, or the time is up: nothing that answers.
    return False


def _open(port: str) -> serial.SerialBase:
    line = serial.serial_for_url(port, _BAUD, timeout=_READ_TIMEOUT_S)
    if not port.startswith("rfc2217://"):  # Which has none.
        line.write_timeout = _READ_TIMEOUT_S
    return line


def wait_answering(port: str | None, timeout_s: float, hint: str) -> str:
    """Wait until MicroPython answers at *port*, or at the only one on USB; return its name."""
    deadline = time.monotonic() + timeout_s
    while True:
        name = port or only_usb_port()
        if name and is_answering(name):
            return name
        if time.monotonic() > deadline:
            where = f"at {name}" if name else "on any serial port"
            raise Error(f"MicroPython does not answer {where}", hint)
        time.sleep(_READ_TIMEOUT_S)
