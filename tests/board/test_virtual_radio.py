"""The virtual Pico W's radio under the official image's own driver."""

import socket
from ast import literal_eval
from collections.abc import Callable, Iterator

import pytest
from boardcert_host.virtual import VirtualBoard, VirtualNetwork

pytestmark = pytest.mark.xdist_group("virtual_radio")

_PHRASE = "a good secret"
_NETWORKS = (
    {"ssid": "HomeNet", "password": _PHRASE, "bssid": "02:00:00:00:00:01", "rssi": -42},
    {"ssid": "Café", "channel": 11, "rssi": -70},
)
_STATIONS = "import network; wlan = network.WLAN(network.STA_IF); "
_JOIN = """
import network, time
wlan = network.WLAN(network.STA_IF); wlan.active(True)
def states(wanted, *arguments, **options):
    wlan.connect(*arguments, **options)
    start = time.ticks_ms()
    seen = [wlan.status()]
    while seen[-1] not in wanted and time.ticks_diff(time.ticks_ms(), start) < 6000:
        state = wlan.status()
        if state != seen[-1]: seen.append(state)
    return seen
def ends(state):
    start = time.ticks_ms()
    while wlan.status() != state and time.ticks_diff(time.ticks_ms(), start) < 6000: pass
    return wlan.status(), wlan.isconnected()
"""


_ECHO = """
import socket
listening = socket.socket(); listening.bind(("", 7)); listening.listen(1)
client, _ = listening.accept()
client.send(client.recv(100)); client.close()
"""


@pytest.fixture(scope="module")
def radio_board(firmware, tmp_path_factory) -> Iterator[VirtualBoard]:
    """A board with two networks in its range, shared by the tests here."""
    directory = tmp_path_factory.mktemp("radio")
    with VirtualBoard(directory, firmware=firmware, pace="idle", networks=_NETWORKS) as board:
        board.wait_ready()
        board.exec(_JOIN)
        yield board


def test_a_radio_with_nothing_in_range_works_and_finds_nothing(
    new_board: Callable[..., VirtualBoard],
):
    board = new_board(pace="idle")
    assert not board.radio_status()["powered"]
    assert board.exec(_STATIONS + "print(wlan.active(True) or wlan.active(), wlan.scan())") == (
        "True []\n"
    )
    status = board.radio_status()
    assert status["powered"]
    assert status["unknown"] == {}


def test_a_scan_finds_what_is_in_range(radio_board):
    cafe, home = literal_eval(radio_board.exec("print(sorted(wlan.scan()))"))
    assert home == (b"HomeNet", bytes.fromhex("020000000001"), 6, -42, 5, 1)
    assert (cafe[0].decode(), *cafe[2:]) == ("Café", 11, -70, 0, 1)


def test_a_board_that_has_joined_asks_for_an_address(radio_board):
    before = radio_board.radio_status()["counters"]["frames_sent"]
    assert literal_eval(radio_board.exec("print(states((2, 3), 'HomeNet', 'a good secret'))")) == [
        1,
        2,
    ]
    status = radio_board.radio_status()
    assert (status["joined"], status["rssi"]) == ("HomeNet", -42)
    assert status["counters"]["frames_sent"] > before
    assert literal_eval(
        radio_board.exec("print(wlan.status('rssi'), ',', wlan.config('channel'))")
    ) == (
        -42,
        6,
    )


def test_a_board_gets_an_address_by_dhcp_and_answers_over_tcp(new_board):
    network = VirtualNetwork("HomeNet", password=_PHRASE)
    board = new_board(pace="idle", network=network)
    address = network.address_of(board.unique_id)
    board.exec(_JOIN)
    assert literal_eval(board.exec("print(states((3,), 'HomeNet', 'a good secret'))"))[-1] == 3
    assert board.exec("print(wlan.ifconfig()[0])").strip() == address
    board.mpremote("exec", "--no-follow", _ECHO)
    board.network.wait_listening(7)
    with socket.create_connection(board.network.address(7), 30) as connection:
        connection.sendall(b"over the air")
        assert connection.recv(100) == b"over the air"
