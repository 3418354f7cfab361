"""What the host sends to a board, and what applications use, on the package as it is shipped."""

import pytest
from boardcert_host import board_files
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard

pytestmark = pytest.mark.xdist_group("virtual_board")

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
    """On a fresh interpreter; nothing else is imported."""
    package_board.soft_reset()
    printed = package_board.exec(_EXPORTS, timeout_s=120)
    assert printed.split() == ["ModemLine", "0", "True", "/boardcert-data"]


def test_joining_a_network_gets_as_far_as_the_radio(package_board: VirtualBoard) -> None:
    """This board has none that answers: EPERM is the driver's word for that."""
    package_board.soft_reset()
    board_files.write_wifi(package_board.usb_port, "HomeNet", "secret")
    with pytest.raises(Error, match="EPERM"):
        board_files.join_wifi(package_board.usb_port, "kitchen", "HomeNet")
