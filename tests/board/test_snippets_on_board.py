"""The host's code for boards and applications' imports, with the package as shipped."""

from collections.abc import Callable

import pytest
from boardcert_host.board import kept_files
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard, VirtualNetwork

NewBoard = Callable[..., VirtualBoard]


_PASSWORD = "a good password"  # noqa: S105 (of a virtual network)
_EXPORTS = """
import boardcert
from machine import UART, Pin
me = boardcert.identity(hostname="kitchen")
line = boardcert.ModemLine(UART(0), Pin(2, Pin.IN), Pin(3, Pin.OUT))
server = boardcert.Server(me)
portal = boardcert.Portal(me, server=server)
print(line.__class__.__name__, server.accepted, portal.is_secure, boardcert.DIRECTORY)
"""


def test_what_applications_use_is_exported(package_board: VirtualBoard) -> None:
    """All names that applications use are exported, on a fresh interpreter."""
    package_board.soft_reset()
    printed = package_board.exec(_EXPORTS, timeout_s=120)
    assert printed.split() == ["ModemLine", "0", "True", "/boardcert-data"]


_STRANGE = """
import asyncio
import boardcert
me = boardcert.identity(hostname="kitchen")
for use in (
    me.server_context,
    me.client_context,
    me.install,
    boardcert.Portal,
    boardcert.Server,
    lambda one: boardcert.Server(me, clients=one),
    lambda one: boardcert.Portal(me, server=one),
    lambda one: boardcert.ModemLine(one, one, one),
    lambda one: asyncio.run(boardcert.serve(one)),
    lambda one: boardcert.run(None, line=one, wifi=False),
    lambda one: boardcert.identity(hostname=one),
    lambda one: boardcert.identity(directory=one),
):
    try:
        use(5)
        print("taken")
    except ValueError as error:
        print(error)
"""


def test_what_is_strange_is_named(package_board: VirtualBoard) -> None:
    """Errors name the wrong value in a sentence, although the build shortens private names."""
    package_board.soft_reset()
    answer = package_board.exec(_STRANGE, timeout_s=120).splitlines()
    assert answer == [
        "clients must be a PeerCheck, or None: 5",
        "ca must be of the type bytes, or a list of that",
        "PEM or DER is needed, as bytes or a string, not int",
        "me must be an Identity: 5",
        "me must be an Identity: 5",
        "clients must be a PeerCheck, or None: 5",
        "server must be a Server, or None: 5",
        "not a UART and two pins: 5, 5, 5",
        "neither a Microdot app nor an async function (reader, writer): 5",
        "line must be a ModemLine: 5",
        "a name must be a string: 5",
        "directory must be a path: 5",
    ]


def test_a_board_joins_its_network_and_learns_the_date(installed: NewBoard) -> None:
    """A wrong Wi-Fi password is reported; with the right one, the board has address and date."""
    wifi = VirtualNetwork("HomeNet", password=_PASSWORD, epoch_s=1_900_000_000)
    board = installed(network=wifi)
    kept_files.write_wifi(board.usb_port, "HomeNet", "another password")
    with pytest.raises(Error, match="cannot join the Wi-Fi HomeNet"):
        kept_files.join_wifi(board.usb_port, "kitchen", "HomeNet")
    kept_files.write_wifi(board.usb_port, "HomeNet", _PASSWORD)
    joined = kept_files.join_wifi(board.usb_port, "kitchen", "HomeNet")
    assert joined == (board.network.wait_address(), "2030-03-17")
    lease = board.network.status()["lease"]
    assert lease["host_name"] == "kitchen"
