"""A board that is its own Wi-Fi: a station joins it, and opens the page."""

import time
from collections.abc import Callable

import files_on_board
import over_wifi
from boardcert_host.virtual import VirtualBoard

_SSID, _KEY = "Kitchen", "open sesame"
_MAIN = f"""
import network
own = network.WLAN(network.AP_IF)
own.config(ssid={_SSID!r}, password={_KEY!r})
own.active(True)
import boardcert
boardcert.run()
"""


def test_a_station_opens_the_page(installed: Callable[..., VirtualBoard]) -> None:
    """A station that joins the board's access point gets a certificate with the board's address."""
    board = installed(pace="idle")
    files_on_board.put(board, files_on_board.KITCHEN | {files_on_board.MAIN: _MAIN.encode()})
    board.reset()
    port = board.network.forward_by_access_point(over_wifi.PAGE)
    deadline = time.monotonic() + over_wifi.TIMEOUT_S
    while board.radio_status()["access_point"] != _SSID:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    board.network.join_access_point(_KEY)
    report = over_wifi.report_at(("127.0.0.1", port), deadline)
    assert report["names"] == ["kitchen.local", board.status()["station"]["board"]]
