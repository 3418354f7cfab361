"""The frames that the virtual radio passes on, as a station and as an access point."""

import struct
from collections.abc import Iterator

import pytest
from radio_host import RadioHost, kinds

_PHRASE = "a good secret"
_MAC = bytes.fromhex("020000000099")
_LONG_US = 3_000_000


@pytest.fixture
def host() -> Iterator[RadioHost]:
    """Return a radio whose firmware is running, with an open network in range."""
    host = RadioHost([{"ssid": "Open"}])
    host.bring_up()
    yield host
    host.close()


def _frame(destination: str, source: str = "020000000042") -> str:
    return destination + source + "0800" + "00" * 46


def test_frames_pass_only_while_the_board_is_in_the_network_and_in_range(host):
    frame = bytes.fromhex(_frame("ffffffffffff"))
    host.send_ethernet(frame)
    assert not host.do("deliver", 0, frame.hex())
    host.join("Open")
    host.events(_LONG_US)
    host.send_ethernet(frame)
    assert host.do("deliver", 0, frame.hex())
    host.do("set", "Open", {"inRange": False})
    host.send_ethernet(frame)
    assert not host.do("deliver", 0, frame.hex())
    assert host.do("log") == [["up", "Open"], ["frame", "Open", frame.hex()]]
    assert host.do("status")["counters"] == {
        "frames_sent": 1,
        "frames_not_sent": 2,
        "frames_received": 1,
        "frames_not_received": 2,
    }


def test_frames_for_others_and_for_groups_that_nobody_asked_for_do_not_reach_the_driver(host):
    host.join("Open")
    host.events(_LONG_US)
    group, other = "01005e0000fb", "020000000042"
    assert host.do("deliver", 0, _frame(_MAC.hex()))
    assert not host.do("deliver", 0, _frame(other))
    assert not host.do("deliver", 0, _frame(group))
    host.set("mcast_list", struct.pack("<I", 1) + bytes.fromhex(group) + bytes(54))
    assert host.do("deliver", 0, _frame(group))


def test_a_driver_that_does_not_read_loses_frames_beyond_the_queue(host):
    host.join("Open")
    host.events(_LONG_US)
    taken = [host.do("deliver", 0, _frame(_MAC.hex())) for _ in range(40)]
    assert taken == [True] * 32 + [False] * 8
    assert len(host.receive_all()) == 32
    assert host.do("deliver", 0, _frame(_MAC.hex()))


def test_an_access_point_has_stations_with_the_right_password(host):
    station = "02:00:00:00:00:aa"
    with pytest.raises(ValueError, match="not an access point"):
        host.do("associate", station, _PHRASE)
    host.set("bsscfg:ssid", struct.pack("<II", 1, 5) + b"Board".ljust(32, b"\0"))
    host.set("bsscfg:wsec", struct.pack("<II", 1, 4))
    host.request(268, struct.pack("<HH", 13, 1) + _PHRASE.encode().ljust(64, b"\0"), interface=1)
    assert host.get("bss", argument=b"\x01\0\0\0") == bytes(4)
    host.send(
        0, struct.pack("<IIII", 263, 12, 0x99 << 16 | 2, 0) + b"bss\0" + struct.pack("<II", 1, 1)
    )
    assert [(*kind, 1) for kind in kinds(host.events(1000))] == [(16, 0, 0, 1, 1)]
    assert host.get("bss", argument=b"\x01\0\0\0") == b"\x01\0\0\0"
    with pytest.raises(ValueError, match="the password is not that"):
        host.do("associate", station, "wrong password")
    host.do("associate", station, _PHRASE)
    events = host.events(1000)
    assert [(each.kind, each.interface, each.address) for each in events] == [
        (4, 1, station),
        (8, 1, station),
    ]
    listed = host.request(159, bytes(28), kind=0, interface=1)
    assert listed == b"\x01\0\0\0" + bytes.fromhex(station.replace(":", "")) + bytes(18)


def test_frames_of_an_access_point_reach_its_stations_only(host):
    host.set("bsscfg:ssid", struct.pack("<II", 1, 5) + b"Board".ljust(32, b"\0"))
    host.set("bss", struct.pack("<II", 1, 1))
    host.do("associate", "02:00:00:00:00:aa", "")
    mine, others = bytes.fromhex(_frame("0200000000aa")), bytes.fromhex(_frame("0200000000bb"))
    host.send_ethernet(mine, interface=1)
    host.send_ethernet(others, interface=1)
    assert host.do("deliver", 1, _frame(_MAC.hex(), "0200000000aa"))
    assert not host.do("deliver", 1, _frame(_MAC.hex(), "0200000000bb"))
    (frame,) = [each for each in host.receive_all() if each.channel == 2]
    assert frame.body[2] == 1
    host.do("disassociate", "02:00:00:00:00:aa")
    assert [(each.kind, each.interface) for each in host.events(1000)] == [(12, 1)]
    host.do("power", False)
    assert host.do("log") == [
        ["up", "access point"],
        ["frame", "access point", mine.hex()],
        ["down", "access point"],
    ]


def test_with_the_power_everything_is_lost(host):
    host.join("Open")
    host.events(_LONG_US)
    host.do("deliver", 0, _frame(_MAC.hex()))
    assert host.do("wake")
    host.do("power", False)
    assert not host.do("wake")
    assert host.do("log") == [["up", "Open"], ["down", "Open"]]
    assert host.do("alarms") == 0
    host.bring_up()
    assert host.get("mfp") == bytes(4)
    assert host.do("status")["joined"] is None
