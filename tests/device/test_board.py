"""Queries of the board: version, addresses, names and clock."""

import sys

from boardcert import Error, board
from boardcert.credentials.job import check_version


def test_an_old_micropython_is_told():
    """An old MicroPython is refused, with its version and the required one; CPython is not."""
    for version in ((1, 24, 0), (1, 24, 0, ""), (1, 27, 0, ""), (2, 0, 0, "preview")):
        check_version("micropython", version)
    check_version("cpython", (0, 1, 0))
    for version in ((1, 23, 0, ""), (1, 23, 9), (0, 99, 0)):
        try:
            check_version("micropython", version)
            raise AssertionError(version)
        except Error as error:
            assert ("1.24" in str(error) and f"1.{version[1]}" in str(error)) or version[0] == 0


class _Link:
    """A network interface that has this class's `links`."""

    links = {}

    def __init__(self, interface):
        self._state = self.links[interface]

    def active(self):
        return self._state[0]

    def ifconfig(self):
        return (self._state[1], "255.255.255.0", "0.0.0.0", "0.0.0.0")


class _Network:
    STA_IF = 0
    AP_IF = 1
    WLAN = _Link
    named = []

    @staticmethod
    def hostname(name):
        _Network.named.append(name)


def _with_network(function, *arguments):
    original = sys.modules.get("network")
    sys.modules["network"] = _Network
    try:
        return function(*arguments)
    finally:
        del sys.modules["network"]
        if original:
            sys.modules["network"] = original


def test_addresses_are_those_of_active_interfaces():
    """Inactive interfaces, and those without an address yet, are not counted."""
    for station, access_point, expected in (
        ((False, "0.0.0.0"), (False, "192.168.4.1"), []),
        ((True, "0.0.0.0"), (False, "0.0.0.0"), []),
        ((True, "10.0.0.5"), (False, "192.168.4.1"), ["10.0.0.5"]),
        ((True, "10.0.0.5"), (True, "192.168.4.1"), ["10.0.0.5", "192.168.4.1"]),
    ):
        _Link.links = {0: station, 1: access_point}
        assert _with_network(board.addresses) == expected


def test_the_network_gets_the_boards_name():
    """The network gets a name of at most 32 characters, without a domain."""
    assert _with_network(board.settle_host_name, "pump-7.example")
    assert _with_network(board.settle_host_name, "p" * 40)
    assert _Network.named == ["pump-7", "p" * 32]


def test_a_clock_that_was_never_set_is_no_clock():
    """A clock that shows an impossible date counts as not set."""
    original = board.time
    try:
        for now, expected in (
            ((2021, 1, 1, 0, 0, 7, 4, 1), None),
            ((2000, 1, 1, 0, 0, 7, 5, 1), None),
            ((2025, 12, 31, 23, 59, 59, 2, 365), None),
            ((2225, 1, 1, 0, 0, 0, 5, 1), None),
            ((2026, 11, 21, 1, 2, 3, 5, 325), (2026, 11, 21, 1, 2, 3)),
        ):

            class Clock:
                gmtime = staticmethod(lambda now=now: now)

            board.time = Clock
            assert board.utc_now() == expected
    finally:
        board.time = original
