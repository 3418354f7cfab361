"""The virtual Pico W's radio under the official image's own driver."""

import socket
from ast import literal_eval
from collections.abc import Callable, Iterator

import pytest
from boardcert_host.errors import Error
from boardcert_host.virtual import VirtualBoard, VirtualNetwork
from prepared import AT_ONCE

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
        time.sleep_ms(1)
        state = wlan.status()
        if state != seen[-1]: seen.append(state)
    time.sleep_ms(1000)  # The state may be that of the join before; and lwIP has its timers.
    return seen
def ends(state):
    start = time.ticks_ms()
    while wlan.status() != state and time.ticks_diff(time.ticks_ms(), start) < 6000:
        time.sleep_ms(20)
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
    """Yield a board with two networks in range, shared by the tests here."""
    directory = tmp_path_factory.mktemp("radio")
    with VirtualBoard(
        directory, firmware=firmware, pace="idle", networks=_NETWORKS, **AT_ONCE
    ) as board:
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
    with socket.create_connection(board.network.address(7), 120) as connection:
        connection.sendall(b"over the air")
        assert connection.recv(100) == b"over the air"


def test_joining_tells_apart_what_a_person_can_do_about_it(radio_board):
    def states(wanted, arguments):
        return literal_eval(radio_board.exec(f"print(states({wanted}, {arguments}))"))

    assert states((-2,), "'Elsewhere'") == [1, -2]  # no such network
    assert -3 in states((-3, 0), "'HomeNet', 'not the secret'")
    assert literal_eval(radio_board.exec("print(ends(0))")) == (0, False)
    assert states((2, 3), "'Café'") == [1, 2]
    assert states((-2,), f"'HomeNet', '{_PHRASE}', bssid=bytes(6)") == [1, -2]
    bssid = "bytes.fromhex('020000000001')"
    assert states((2, 3), f"'HomeNet', '{_PHRASE}', bssid={bssid}") == [1, 2]
    assert radio_board.radio_status()["joined"] == "HomeNet"
    assert radio_board.exec("wlan.disconnect(); print(ends(0))") == "(0, False)\n"
    assert radio_board.radio_status()["joined"] is None


def test_a_board_notices_that_it_was_thrown_out_or_carried_away_and_joins(radio_board):
    join = f"print(states((2, 3), 'HomeNet', '{_PHRASE}'))"
    radio_board.exec(join)
    radio_board.deauthenticate()
    assert radio_board.exec("print(ends(1))") == "(1, False)\n"
    assert radio_board.radio_status()["joined"] is None
    assert literal_eval(radio_board.exec(join))[-1] == 2
    radio_board.leave_range("HomeNet")
    assert literal_eval(radio_board.exec("print(ends(1))")) == (1, False)
    assert literal_eval(radio_board.exec("print(len(wlan.scan()))")) == 1
    radio_board.set_rssi(-81, "HomeNet")
    radio_board.return_to_range("HomeNet")
    assert literal_eval(radio_board.exec("print(ends(2))")) == (2, False)
    assert radio_board.exec("print(wlan.status('rssi'))") == "-81\n"


def test_a_board_that_is_back_before_it_noticed_stays_in(radio_board):
    radio_board.exec(f"states((2, 3), 'HomeNet', '{_PHRASE}')")
    radio_board.leave_range()
    radio_board.return_to_range()
    radio_board.exec("time.sleep(5)")
    assert radio_board.radio_status()["joined"] == "HomeNet"


def test_the_led_is_seen(radio_board):
    radio_board.exec("import machine; led = machine.Pin('LED', machine.Pin.OUT); led.on()")
    assert radio_board.led
    radio_board.exec("led.off()")
    assert not radio_board.led


def test_a_soft_reset_leaves_the_link_up_and_a_reset_does_not(radio_board):
    radio_board.exec(f"states((2, 3), 'HomeNet', '{_PHRASE}')")
    radio_board.soft_reset()
    assert radio_board.radio_status()["joined"] == "HomeNet"
    radio_board.reset()
    assert not radio_board.radio_status()["powered"]
    radio_board.exec(_JOIN)
    assert radio_board.radio_status()["powered"]


def test_a_board_is_an_access_point_for_stations(radio_board):
    radio_board.exec(
        "ap = network.WLAN(network.AP_IF)\n"
        f"ap.config(ssid='Board', password='{_PHRASE}', channel=3); ap.active(True)\n"
        "while not ap.active(): pass"
    )
    assert radio_board.radio_status()["access_point"] == "Board"
    with pytest.raises(Error, match="the password is not that of the access point"):
        radio_board.associate("02:00:00:00:00:aa", "not the secret")
    radio_board.associate("02:00:00:00:00:aa", _PHRASE)
    stations = literal_eval(radio_board.exec("print(ap.status('stations'))"))
    assert stations == [(bytes.fromhex("0200000000aa"),)]
    radio_board.disassociate("02:00:00:00:00:aa")
    assert radio_board.exec("print(ap.status('stations'))") == "[]\n"
    radio_board.exec("ap.active(False)")
    assert radio_board.radio_status()["access_point"] is None


def test_nothing_that_the_official_driver_asks_is_unknown(radio_board):
    # The driver reads "maxassoc" twice from one buffer: the first answer is then taken as the name.
    assert set(radio_board.radio_status()["unknown"]) <= {"variable \x04"}
    radio_board.exec("wlan.config(pm=0xa11140); wlan.config('mac'); wlan.ifconfig()")
    assert set(radio_board.radio_status()["unknown"]) <= {"variable \x04"}
