"""Check whether this user may open the serial ports, and whether another program has them open."""

import getpass
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from ..board.serial_ports import usb_ports
from .finding import FAIL, OK, SKIP, WARN, Finding

# The rule gives the logged-in user access to the ports of these makers. Its file has to sort before
# 73-seat-late.rules, which acts on uaccess. ModemManager would send modem commands to new ports.
_MAKERS = {
    "2e8a": "Raspberry Pi",
    "303a": "Espressif",
    "10c4": "Silicon Labs, on many boards",
    "1a86": "WCH, on many boards",
    "0403": "FTDI, on some boards",
}
_RULES_FILE = "/etc/udev/rules.d/60-boardcert.rules"


def look_at_ports() -> list[Finding]:
    """Look at each serial port on USB."""
    ports = [port.device for port in usb_ports()]
    if not ports:
        hint = "plug a board in, with a cable that carries data"
        return [Finding("serial", "serial ports", SKIP, "none on USB", hint)]
    return [_look_at(port) for port in ports]


def _look_at(port: str) -> Finding:
    title = f"serial port {port}"
    if not os.access(port, os.R_OK | os.W_OK):
        return Finding("serial", title, FAIL, _refusal(port), *_permission(port))
    holders = list(users_of(port))
    if holders:
        found = f"open in {', '.join(holders)}"
        return Finding("serial", title, FAIL, found, "close that program, or kill it by its number")
    if any(process.info["name"] == "ModemManager" for process in psutil.process_iter(["name"])):
        hint = "it may send data to boards when they are plugged in; this rule prevents that"
        return Finding("serial", title, WARN, "ModemManager runs", hint, udev_rule())
    return Finding("serial", title, OK, "can be opened, and no other program has it open")


def _refusal(port: str) -> str:
    try:
        status = os.stat(port)
    except OSError as error:
        return str(error.strerror or error)
    return f"{getpass.getuser()} may not open it (mode {status.st_mode & 0o777:o})"


def _permission(port: str) -> tuple[str, str]:
    """Return what to do about a port without permission, and what to paste for it."""
    group = None
    if sys.platform != "win32":
        import grp

        try:
            group = grp.getgrgid(os.stat(port).st_gid).gr_name
        except (OSError, KeyError):
            group = None
    member = f"sudo usermod -aG {group} {getpass.getuser()}" if group else ""
    if group and group != "root":
        return f"`{member}`, then log in again; or give access to the logged-in user:", udev_rule()
    return "give access to the logged-in user:", udev_rule()


def udev_rule() -> str:
    """Return commands, to be pasted, that write a udev rule and apply it."""
    lines = []
    for number, maker in _MAKERS.items():
        lines.append(f"# {maker}")
        allow = 'TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"'
        lines.append(f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{number}", {allow}')
    return "\n".join(
        [
            f"sudo tee {_RULES_FILE} <<'END'",
            *lines,
            "END",
            "sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=tty",
        ]
    )


def users_of(port: str) -> Iterator[str]:
    """Yield the programs that have *port* open, as "name (process id)", as far as /proc shows them.

    psutil lists regular files only, so the links in /proc are read, which only Linux has.
    """
    wanted = os.path.realpath(port)
    for process in psutil.process_iter(["name"]):
        try:
            links = list(Path(f"/proc/{process.pid}/fd").iterdir())
        except OSError:  # Gone, another user's, or no Linux.
            continue
        if process.pid != os.getpid() and any(_leads_to(link, wanted) for link in links):
            yield f"{process.info['name']} ({process.pid})"


def _leads_to(link: Path, wanted: str) -> bool:
    try:
        return os.readlink(link) == wanted
    except OSError:
        return False
