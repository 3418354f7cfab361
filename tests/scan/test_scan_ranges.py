"""The addresses that a scan contacts, and those that it refuses."""

from types import SimpleNamespace

import psutil
import pytest
from boardcert_host.cli import main
from boardcert_host.errors import Error
from boardcert_host.scan import ranges


def _all(*texts, public=False):
    return list(ranges.addresses(ranges.parse(texts, public)))


def test_ranges_are_networks_first_and_last_or_one_address():
    """Ranges are networks, first-last or one address; no network or broadcast, each once."""
    assert _all("192.168.4.0/29") == [f"192.168.4.{number}" for number in range(1, 7)]
    assert _all("10.0.0.254-10.0.1.1") == ["10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1"]
    assert _all("192.168.4.7", "192.168.4.6/31") == ["192.168.4.7", "192.168.4.6"]
    assert _all("fd00::10/127") == ["fd00::10", "fd00::11"]
    assert _all("192.168.4.9/30") == ["192.168.4.9", "192.168.4.10"]


@pytest.mark.parametrize(
    "text",
    [
        "192.168.4",
        "kitchen.local",
        "192.168.4.9-192.168.4.2",
        "10.0.0.1-fd00::1",
        "10.0.0.0/33",
        "-",
    ],
)
def test_invalid_ranges_are_refused(text, capsys):
    """An invalid range is refused with examples."""
    assert main(["scan", "--", text]) == 2
    assert "not a range of addresses" in capsys.readouterr().err


def test_public_addresses_are_scanned_only_when_told(capsys):
    """Public, carrier and mixed ranges need --public."""
    for text in (
        "8.8.8.8",
        "100.64.0.0/30",
        "10.255.255.255-11.0.0.0",
        "172.15.0.0/30",
        "2001:db8::",
    ):
        with pytest.raises(Error, match="not a private network"):
            ranges.parse([text], False)
        assert ranges.parse([text], True)
    assert main(["scan", "192.0.2.0/30"]) == 2
    assert "--public" in capsys.readouterr().err
    assert ranges.is_near_address("fe80::1%eth0") and not ranges.is_near_address("192.0.2.1")


@pytest.mark.parametrize("text", ["10.0.0.0/8", "fd00::/64", "10.0.0.0-10.1.0.0"])
def test_too_large_ranges_are_refused_at_once(text, capsys):
    """Too large a range is refused at once, whatever its size."""
    assert main(["scan", text]) == 2
    assert "are too many for one scan" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    ["--rate 0", "--rate 5000", "--timeout 0", "--port 70000", "--tag x", "--interface wlan0"],
)
def test_wrong_options_are_a_sentence(words, capsys):
    """Wrong options are reported in a sentence before any contact."""
    assert main(["scan", "127.0.0.1", *words.split()]) == 2
    assert capsys.readouterr().err.startswith("boardcert: ")


def test_the_networks_of_this_computer_are_private_small_and_up(monkeypatch):
    """This computer's networks are private, small and up; not loopback or containers."""

    def address(text, mask):
        hardware = SimpleNamespace(address="00:00:5e:00:53:01", netmask=None)
        return [SimpleNamespace(address=text, netmask=mask), hardware]

    interfaces = {
        "lo": address("127.0.0.1", "255.0.0.0"),
        "wlan0": address("192.168.4.17", "255.255.255.0"),
        "wlan1": address("192.168.4.18", "255.255.255.0"),
        "docker0": address("172.17.0.1", "255.255.0.0"),
        "eth0": address("192.0.2.4", "255.255.255.0"),
        "eth1": address("10.0.0.4", "255.255.255.0"),
    }
    states = {name: SimpleNamespace(isup=name != "eth1") for name in interfaces}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: interfaces)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
    small, large = ranges.own_networks()
    assert [one.text for one in small] == ["192.168.4.0/24"]
    assert [one.text for one in large] == ["172.17.0.0/16"]
    small, large = ranges.own_networks("10.0.0.4")
    assert ([one.text for one in small], large) == (["10.0.0.0/24"], [])


def test_loopback_is_left_out_where_it_is_not_named():
    """Loopback is skipped unless it is named."""
    small, large = ranges.own_networks()
    assert not any("127.0.0.1" in one for one in small + large)
    assert "127.0.0.2" in ranges.own_networks("127.0.0.1")[1][0]
