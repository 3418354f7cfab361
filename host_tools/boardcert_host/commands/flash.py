"""`boardcert flash` and `boardcert devices`: boards on a cable."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import messages, results
from ..errors import CHECKED_AND_BAD, INTERRUPTED, OK, USAGE, Error
from ..flash.board_kinds import board_names, load_board
from ..passwords import Password
from . import flash_labels, workbench
from .shared import Command, add_json, complete_boards, print_json

if TYPE_CHECKING:
    from ..flash.board_kinds import Board
    from ..flash.provision import Provision

_FLASH_EXAMPLES = """\
examples:
  boardcert flash RPI_PICO_W --hostname kitchen
  boardcert flash ESP32_GENERIC --port /dev/ttyUSB0 --hostname kitchen --wifi HomeNet
  boardcert flash RPI_PICO_W --hostname 'sensor-{n:03}'    the next free number
  boardcert flash RPI_PICO_W --hostname kitchen --main app.py --copy modules
  boardcert flash RPI_PICO_W --batch --hostname 'sensor-{n:03}' --main app.py --label labels.pdf
  boardcert flash RPI_PICO2_W --firmware RPI_PICO2_W-20251209-v1.27.0.uf2
  boardcert flash ESP32_GENERIC_C3 --port /dev/ttyACM0 --erase --yes
"""
_DEVICES_EXAMPLES = """\
examples:
  boardcert devices          serial ports and boot drives, and what runs there; interrupts programs
  boardcert devices --json
"""
_HOST_NAME = (
    "the board's name; kitchen is found as kitchen.local; 'sensor-{n:03}': the next free number"
)
WIFI_PASSWORD_VARIABLE = "BOARDCERT_WIFI_PASSWORD"  # noqa: S105 (the name of it)
_LONGEST_SSID = 32  # IEEE 802.11, in bytes
_WPA2_KEY = re.compile("[0-9A-Fa-f]{64}")  # A board takes it in place of the password.


def _add_flash_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    complete_boards(add("board", metavar="BOARD", help=", ".join(board_names())))
    port = "its serial port (default: the only one found); with --batch, several (default: all)"
    add("--port", action="append", help=port)
    drive = "the folder of its boot drive (default: the only one found)"
    add("--drive", type=Path, metavar="FOLDER", help=drive)
    add("--firmware", type=Path, metavar="FILE", help="use this image, not the pinned official one")
    add("--firmware-only", action="store_true", help="install MicroPython only")
    add("--hostname", metavar="NAME", help=_HOST_NAME)
    add("--wifi", metavar="SSID", help="the network that the board joins; prompts for its password")
    add("--wifi-open", action="store_true", help="the network is open: do not ask for a password")
    help = f"file with its password (default: ${WIFI_PASSWORD_VARIABLE}, or a prompt)"
    add("--wifi-password-file", type=Path, metavar="FILE", help=help)
    add(
        "--at",
        metavar="HOST[:PORT]",
        help="where it serves, for verification (default: its Wi-Fi address)",
    )
    add("--main", type=Path, metavar="FILE", help="your program, copied to main.py if it differs")
    add("--copy", type=Path, metavar="DIR", help="copy the files in DIR that differ to /")
    workbench.add_arguments(parser)
    add("--erase", action="store_true", help="erase everything on the board first")
    add(
        "--yes",
        action="store_true",
        help="allow --erase to destroy an existing identity, and forget its pin",
    )
    add_json(parser)


def _run_flash(arguments: argparse.Namespace) -> int:
    from ..board.own_program import read_program
    from ..flash.host_names import check_host_name
    from ..flash.provision import Provision
    from ..flash.sequence import require_port
    from ..targets import parse_target

    workbench.check(arguments)
    board = load_board(arguments.board)
    if arguments.firmware_only and (arguments.main or arguments.copy):
        raise Error("--firmware-only cannot be used with --main or --copy", None, USAGE)
    host_name = None if arguments.hostname is None else check_host_name(arguments.hostname)
    target = parse_target(arguments.at) if arguments.at else None
    if not arguments.batch:
        # Before a password is asked for. A batch waits for its ports.
        require_port(board, arguments.port and arguments.port[0], arguments.drive)
    wanted = Provision(
        host_name=host_name,
        target=target,
        program=read_program(arguments.main, arguments.copy),
        wifi=_wifi(arguments, board.network),
        replace=arguments.erase and arguments.yes,
        serial_number=arguments.serial_number,
    )
    if arguments.batch:
        secrets = {WIFI_PASSWORD_VARIABLE: wanted.wifi[1]} if wanted.wifi and wanted.wifi[1] else {}
        return workbench.run_batch(arguments, board, secrets)
    return _run_one(arguments, board, wanted)


def _run_one(arguments: argparse.Namespace, board: "Board", wanted: "Provision") -> int:
    from ..flash.sequence import Wishes, flash
    from ..flash.story import Story

    wishes = Wishes(
        port=arguments.port and arguments.port[0],
        firmware=arguments.firmware,
        erase=arguments.erase,
        yes=arguments.yes,
        firmware_only=arguments.firmware_only,
        drive=arguments.drive,
    )
    # The story is the result, unless --json asks for the record.
    story = Story(messages() if arguments.json else results())
    arguments.record = story.record  # main prints it with an Error
    try:
        ok = flash(story, board, wishes, wanted)
    except KeyboardInterrupt:
        raise Error("interrupted", "the same command does what is left", INTERRUPTED) from None
    if ok and arguments.label:
        flash_labels.draw_one(arguments, story.record)
    if arguments.json:
        print_json(story.record)
    return OK if ok else CHECKED_AND_BAD


def _wifi(arguments: argparse.Namespace, has_network: bool) -> tuple[str, str] | None:
    """Return name and password of the Wi-Fi: from a file, the environment, or a prompt."""
    option, file = "--wifi-password-file", arguments.wifi_password_file
    if arguments.wifi_open and (file or not arguments.wifi):
        raise Error(f"--wifi-open needs --wifi, and cannot be used with {option}", None, USAGE)
    if not arguments.wifi:
        return None
    if not has_network:
        able = ", ".join([name for name in board_names() if load_board(name).network])
        hint = f"these have: {able}; a virtual board in a virtual Wi-Fi is flashed as RPI_PICO_W"
        raise Error(f"{arguments.board} has no Wi-Fi", hint, USAGE)
    if arguments.wifi_open:
        check_wifi(arguments.wifi, "")
        return arguments.wifi, ""
    secret = Password("Wi-Fi password", option, WIFI_PASSWORD_VARIABLE, file, "--wifi-open")
    given = secret.given()
    prompt = f"Password of {arguments.wifi} (empty: it has none)"
    password = secret.ask(prompt) if given is None else given
    check_wifi(arguments.wifi, "" if _WPA2_KEY.fullmatch(password) else password)
    return arguments.wifi, password


def check_wifi(ssid: str, password: str) -> None:
    """Raise Error, a usage error, for a name or password that no Wi-Fi has; no password: ""."""
    if not 1 <= len(ssid.encode()) <= _LONGEST_SSID:
        raise Error(f"a Wi-Fi's name has 1 to {_LONGEST_SSID} bytes: {ssid!r}", None, USAGE)
    if password and not 8 <= len(password.encode()) <= 63:
        raise Error("a WPA2 password has 8 to 63 characters", None, USAGE)


def _run_devices(arguments: argparse.Namespace) -> int:
    from ..flash.plugged_in import list_devices

    found = list_devices()
    if arguments.json:
        print_json({"devices": found})
        return OK
    console = results()
    for device in found:
        console.print(f"{device['port']:<16} {device['runs']}", markup=False)
        if device["identity"]:
            console.print(f"{'':<16} key {device['identity']}", markup=False)
    if not found:
        messages().print("boardcert: no serial port on USB, and no boot drive", markup=False)
    return OK


COMMANDS = {
    "flash": Command(
        "put MicroPython and boardcert on a board, and pin its key (tested on Linux only)",
        _FLASH_EXAMPLES,
        _add_flash_arguments,
        _run_flash,
    ),
    "devices": Command(
        "list the boards on cables, and what they run",
        _DEVICES_EXAMPLES,
        add_json,
        _run_devices,
    ),
}
