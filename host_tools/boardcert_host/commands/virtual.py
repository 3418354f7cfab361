"""`boardcert virtual`: the virtual board, alone or on a Wi-Fi network."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import USAGE, Error
from ..passwords import Password
from .flash import WIFI_PASSWORD_VARIABLE, check_wifi
from .shared import Command

if TYPE_CHECKING:
    from ..virtual import WifiWishes

_EXAMPLES = """\
examples:
  boardcert virtual                     a board with empty flash, deleted when stopped
  boardcert virtual --directory board1  keeps its flash there
  boardcert virtual --boot-drive drive  a new one, without firmware: for `boardcert flash`
  boardcert virtual --wifi HomeNet      one in an open Wi-Fi; prints the URLs of its page
  boardcert virtual --wifi HomeNet --wifi-password-file secret.txt --boards 3 --pcap frames.pcap
"""
_MOST_BOARDS = 16  # each is a process that computes


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--directory", type=Path, help="where its flash is kept (default: temporary)")
    add("--firmware", type=Path, metavar="FILE", help="another UF2 image")
    add(
        "--ring-oscillator",
        default="host",
        metavar="SOURCE",
        help="its noise: host, seed:N (the same every time) or stuck (default: host)",
    )
    add(
        "--boot-drive",
        type=Path,
        metavar="FOLDER",
        help="no firmware: its boot drive is this folder",
    )
    add("--wifi", metavar="SSID", help="create a Wi-Fi of this name, with a router")
    add(
        "--wifi-password-file",
        type=Path,
        metavar="FILE",
        help=f"file with its password (default: ${WIFI_PASSWORD_VARIABLE}, or open)",
    )
    add(
        "--boards",
        type=int,
        default=1,
        metavar="N",
        help="the number of boards in the Wi-Fi (default: 1)",
    )
    add("--pcap", type=Path, metavar="FILE", help="write the frames of the Wi-Fi to FILE")


def _run(arguments: argparse.Namespace) -> int:
    from ..virtual import run_virtual

    if not re.fullmatch(r"host|stuck|seed:\d+", arguments.ring_oscillator):
        hint = "host, seed:N or stuck"
        raise Error(f"no such ring oscillator: {arguments.ring_oscillator}", hint, USAGE)
    return run_virtual(
        arguments.directory,
        arguments.firmware,
        arguments.ring_oscillator,
        arguments.boot_drive,
        _wifi(arguments),
    )


def _wifi(arguments: argparse.Namespace) -> "WifiWishes | None":
    """Return the options of the Wi-Fi, or None without --wifi."""
    from ..virtual import WifiWishes

    ssid: str | None = arguments.wifi
    if ssid is None:
        needing = {"--boards": arguments.boards != 1, "--pcap": arguments.pcap is not None}
        needing["--wifi-password-file"] = arguments.wifi_password_file is not None
        for option in (name for name, is_used in needing.items() if is_used):
            raise Error(f"{option} needs --wifi", "name it: --wifi HomeNet", USAGE)
        return None
    if arguments.boot_drive is not None:
        raise Error("--boot-drive and --wifi cannot be used together", None, USAGE)
    if not 1 <= arguments.boards <= _MOST_BOARDS:
        raise Error(f"--boards is 1 to {_MOST_BOARDS}, not {arguments.boards}", None, USAGE)
    option, file = "--wifi-password-file", arguments.wifi_password_file
    password = Password("Wi-Fi password", option, WIFI_PASSWORD_VARIABLE, file).given() or ""
    check_wifi(ssid, password)
    return WifiWishes(ssid, password, arguments.boards, arguments.pcap)


COMMANDS = {
    "virtual": Command(
        "run virtual boards until they are stopped", _EXAMPLES, _add_arguments, _run
    ),
}
