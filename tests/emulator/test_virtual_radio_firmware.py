"""Answers and events of the virtual radio's firmware."""

import struct
from collections.abc import Iterator

import pytest
from radio_host import RadioHost, kinds

_PHRASE = "a good secret"
_HOME = "02:00:00:00:00:01"
_NETWORKS = [
    {"ssid": "Home", "password": _PHRASE, "bssid": _HOME, "channel": 1, "rssi": -40},
    {"ssid": "Open", "channel": 13, "rssi": -77},
]
_LONG_US = 3_000_000
_JOINED_OPEN = [(87, 0, 0, 0), (3, 0, 0, 0), (88, 0, 0, 0), (7, 0, 0, 0), (16, 0, 0, 1)]
_JOINED_OPEN += [(1, 0, 0, 0), (0, 0, 0, 0)]
_JOINED = [*_JOINED_OPEN[:5], (46, 6, 0, 0), *_JOINED_OPEN[5:]]
_UNSUPPORTED = -23


@pytest.fixture
def host() -> Iterator[RadioHost]:
    """Return a radio whose firmware is running."""
    host = RadioHost(_NETWORKS)
    host.bring_up()
    yield host
    host.close()


def test_variables_are_kept_for_each_interface(host):
    assert host.get("mfp") == bytes(4)
    host.set("mfp", b"\x01\0\0\0")
    host.set("mfp", b"\x02\0\0\0", interface=1)
    host.set("bsscfg:wsec", struct.pack("<II", 1, 6))
    assert host.get("mfp") == b"\x01\0\0\0"
    assert host.get("mfp", interface=1) == b"\x02\0\0\0"
    assert host.get("bsscfg:wsec", argument=struct.pack("<I", 1)) == b"\x06\0\0\0"
    assert host.get("bsscfg:wsec", argument=struct.pack("<I", 0)) == bytes(4)
    host.request(86, b"\x02\0\0\0")
    assert host.request(85, bytes(4), kind=0) == b"\x02\0\0\0"
    assert host.do("status")["unknown"] == {}


def test_what_is_not_known_is_noted_by_name_and_a_get_of_it_fails(host):
    assert host.get("frobnicate", argument=b"\x07\0\0\0") == b"frob"
    assert host.status == _UNSUPPORTED
    host.set("frobnicate", b"\x09\0\0\0")
    assert host.get("frobnicate") == b"\x09\0\0\0"
    assert host.status == 0
    host.request(999, b"\0\0\0\0")
    assert host.do("status")["unknown"] == {"variable frobnicate": 3, "command 999": 1}


def test_the_led_is_a_pin_of_the_chip_and_usb_power_can_be_read(host):
    host.set("gpioout", struct.pack("<II", 1, 1))
    assert host.do("status")["led"]
    assert host.get("ccgpioin") == b"\x05\0\0\0"
    host.set("gpioout", struct.pack("<II", 2, 2))
    assert host.do("status")["led"]
    host.set("gpioout", struct.pack("<II", 1, 0))
    assert not host.do("status")["led"]


def test_a_scan_reports_each_network_and_then_its_end(host):
    host.set("escan", struct.pack("<IHHI", 1, 1, 0xABCD, 0) + bytes(60))
    events = host.events(_LONG_US)
    assert [(event.kind, event.status) for event in events] == [(69, 8), (69, 8), (69, 0)]
    secured, unsecured = (event.data for event in events[:2])
    assert struct.unpack("<IIHH", secured[:12]) == (len(secured), 109, 0xABCD, 1)
    for data, name, capability, channel, rssi in (
        (secured[12:], b"Home", 0x11, 1, -40),
        (unsecured[12:], b"Open", 0x01, 13, -77),
    ):
        assert struct.unpack_from("<II", data) == (109, len(data))
        assert struct.unpack_from("<H", data, 16) == (capability,)
        assert data[19 : 19 + data[18]] == name
        assert struct.unpack_from("<H", data, 72) == (channel,)
        assert struct.unpack_from("<h", data, 78) == (rssi,)
        offset, length = struct.unpack_from("<HxxI", data, 116)
        assert offset + length == len(data)
    assert secured[12 + 8 : 12 + 14].hex(":") == _HOME
    assert secured[12 + 128] == 48, "an RSN element: WPA2"
    host.do("set", "Home", {"inRange": False})
    host.set("escan", struct.pack("<IHHI", 1, 1, 1, 0) + bytes(60))
    assert len(host.events(_LONG_US)) == 2


def test_events_that_the_driver_does_not_want_are_not_reported(host):
    host.set("bsscfg:event_msgs", bytes(4) + bytes([0x01]) + bytes(18))
    host.join("Open")
    assert kinds(host.events(_LONG_US)) == [(0, 0, 0, 0)]


@pytest.mark.parametrize(
    ("ssid", "password", "expected"),
    [
        ("Home", _PHRASE, _JOINED),
        ("Open", "", _JOINED_OPEN),
        ("Nowhere", "", [(0, 3, 0, 0)]),
        ("Home", "", [(0, 3, 0, 0)]),
        ("Open", _PHRASE, [(0, 3, 0, 0)]),
        ("Home", "x" + _PHRASE, [*_JOINED_OPEN[:5], (46, 4, 14, 0), (6, 0, 2, 0), (16, 0, 2, 0)]),
    ],
)
def test_joining_reports_how_it_went(host, ssid, password, expected):
    host.join(ssid, password)
    assert kinds(host.events(_LONG_US)) == expected
    joined = expected in (_JOINED, _JOINED_OPEN)
    assert host.do("status")["joined"] == (ssid if joined else None)
    assert host.do("log") == ([["up", ssid]] if joined else [])


def test_what_the_driver_may_ask_while_it_is_in_a_network(host):
    assert host.request(25, bytes(36), kind=0)[:4] == bytes(4)
    host.join("Home", _PHRASE)
    host.events(_LONG_US)
    assert host.request(25, bytes(36), kind=0) == b"\x04\0\0\0" + b"Home".ljust(32, b"\0")
    assert host.request(23, bytes(6), kind=0).hex(":") == _HOME
    assert host.request(127, bytes(4), kind=0) == struct.pack("<i", -40)
    assert host.request(29, bytes(4), kind=0) == b"\x01\0\0\0"
    host.do("set", "Home", {"rssi": -90})
    assert host.request(127, bytes(4), kind=0) == struct.pack("<i", -90)


def test_leaving_being_thrown_out_and_losing_the_beacons_are_told_apart(host):
    def joined() -> None:
        host.join("Open")
        assert kinds(host.events(_LONG_US)) == _JOINED_OPEN
        assert host.do("log") == [["up", "Open"]]

    joined()
    host.request(52, b"")
    assert host.do("log") == [["down", "Open"]]
    joined()
    host.do("deauthenticate", 7)
    assert kinds(host.events(1000)) == [(6, 0, 7, 0), (16, 0, 2, 0)]
    assert host.events(10 * _LONG_US) == [], "it does not join again by itself"
    host.do("log")
    joined()
    host.do("set", "Open", {"inRange": False})
    assert host.events(3_900_000) == []
    assert kinds(host.events(200_000)) == [(16, 0, 1, 0)]
    assert host.events(10 * _LONG_US) == []
    host.do("set", "Open", {"inRange": True})
    assert kinds(host.events(_LONG_US)) == _JOINED_OPEN, "it joins again by itself"
    assert host.do("log") == [["down", "Open"], ["up", "Open"]]


def test_disassociating_is_reported(host):
    host.join("Open")
    host.events(_LONG_US)
    host.send(0, struct.pack("<IIII", 52, 0, 0x99 << 16 | 2, 0))
    assert kinds(host.events(1000)) == [(16, 0, 0, 0), (11, 0, 0, 0)]
