"""The virtual network against the official image's TCP/IP: lwIP, as MicroPython configures it."""

import ast
import contextlib
import inspect
import socket
from collections.abc import Callable

import mdns_client
from boardcert.startup import dns
from boardcert_host.virtual import VirtualBoard
from network_programs import PASSWORD, SSID, Program, join
from zeroconf import AddressResolverIPv4, Zeroconf


def test_the_board_has_the_address_of_its_lease_and_addresses_of_ipv6(joined):
    # The router's announcement, from which the second address of IPv6 is made, may come later.
    joined.exec("import time\nwhile len(link.ipconfig('addr6')) < 2: time.sleep_ms(50)")
    addresses = joined.exec("print(link.ifconfig()); print(link.ipconfig('addr6'))")
    v4, v6 = addresses.strip().splitlines()
    assert ast.literal_eval(v4) == (
        "192.168.77.20",
        "255.255.255.0",
        "192.168.77.1",
        "192.168.77.1",
    )
    assert [text.split(":")[0] for text, *_ in ast.literal_eval(v6)] == ["FE80", "FD62"]
    lease = joined.network.status()["lease"]
    assert (lease["address"], lease["host_name"]) == ("192.168.77.20", "kitchen")
    assert joined.network.wait_address() == "192.168.77.20"


def test_ntptime_sets_the_clock_that_the_test_has_set(joined):
    code = "import ntptime, time; ntptime.settime(); print(time.time())"
    joined.network.set_time(1_950_000_000)
    assert 0 <= int(joined.exec(code)) - 1_950_000_000 < 60


def test_names_are_resolved_and_unknown_ones_are_not(joined):
    code = """
import socket
for name in ("time.example", "six.example", "printer.local"):
    print(socket.getaddrinfo(name, 80)[0][-1][0])
try:
    socket.getaddrinfo("nowhere.example", 80)
except OSError as error:
    print(error.errno)
"""
    invented, six, printer, error = joined.exec(code).split()
    assert invented.startswith("198.18.")
    assert six.lower() == "fd00::7"
    assert (printer, error) == ("192.168.77.9", "-2")


_LOOK_UP = """
for name in ("time.example", "printer.local", "192.0.2.1", "six.example", "nowhere.example"):
    try:
        print(look_up(name, link.ifconfig()[3]))
    except OSError as error:
        print(error)
link.disconnect()
try:
    print(look_up("time.example", "192.168.77.1"))
except OSError:
    print("no link")
"""


def test_the_boards_own_look_up_ends_without_a_link_too(joined):
    """boardcert's look-up ends without a link; the firmware's getaddrinfo would block."""
    try:
        printed = joined.exec(inspect.getsource(dns) + _LOOK_UP).splitlines()
    finally:
        join(joined, "kitchen")
    assert printed.pop(0).startswith("198.18.")
    assert printed == ["192.168.77.9", "192.0.2.1", *["the name is unknown"] * 2, "no link"]


def test_a_server_on_ipv6_is_reached_at_the_boards_address(joined):
    code = "connection = accept(8, address='::')\nconnection.sendall(b'six')\nconnection.close()"
    with (
        Program(joined, code, 8),
        socket.create_connection(joined.network.address(8, family=6), 60) as client,
    ):
        assert client.recv(10) == b"six"


def test_the_board_reaches_an_allowed_name_and_no_other_port(joined, server):
    code = """
import socket
for port in (443, 444):
    connection = socket.socket()
    try:
        connection.connect(socket.getaddrinfo("ca.example", port)[0][-1])
        connection.send(b"hello")
        print(connection.recv(20))
    except OSError as error:
        print(error.errno)
    connection.close()
"""
    with Program(joined, code) as program:
        connection, _ = server.accept()
        with connection:
            assert connection.recv(20) == b"hello"
            connection.sendall(b"welcome")
            assert connection.recv(20) == b""
    assert program.output.split() == ["b'welcome'", "104"]
    assert any("port 444 is not allowed" in note for note in joined.network.status()["notes"])


def test_without_the_gateway_names_are_not_resolved_until_it_comes_back(joined):
    code = """
import socket
try:
    print(socket.getaddrinfo("{}", 80)[0][-1][0])
except OSError as error:
    print(error.errno)
"""
    joined.network.switch_gateway(False)
    assert joined.exec(code.format("pool.ntp.org")).strip() == "-2"
    joined.network.switch_gateway(True)
    assert joined.exec(code.format("pool.ntp.org")).startswith("198.18.")


def test_a_changed_lease_gives_the_board_another_address_at_its_next_renewal(patient, wifi):
    """lwIP renews by whole minutes; the board asks, is refused, and starts again."""
    own = wifi.address_of(patient.unique_id)
    _join_again(patient, own, lease_s=120)
    patient.network.change_lease(address="192.168.77.99")
    try:
        patient.exec(_UNTIL.format("192.168.77.99"), timeout_s=120)
        assert patient.network.wait_address() == "192.168.77.99"
    finally:
        patient.network.change_lease(address=own)
        _join_again(patient, own, lease_s=3600)


_UNTIL = "while link.ifconfig()[0] != '{}': time.sleep_ms(50)"


def _join_again(board: VirtualBoard, address: str, lease_s: int) -> None:
    """Let *board* request a lease of *lease_s*, and wait until it has *address*."""
    board.network.change_lease(lease_s=lease_s)
    code = f"link.disconnect(); link.connect({SSID!r}, {PASSWORD!r})\n"
    board.exec(code + _UNTIL.format(address), timeout_s=120)


def test_the_board_answers_mdns_queries_for_its_name_and_for_no_other(joined):
    answer = mdns_client.ask(joined, "kitchen.local")
    assert answer and socket.inet_aton("192.168.77.20") in answer
    assert mdns_client.ask(joined, "bathroom.local", tries=2) is None
    assert mdns_client.ask(joined, "kitchen.local")


def test_zeroconf_opens_the_boards_name_without_leaving_loopback(joined):
    host, port = joined.network.mdns_address()
    with contextlib.closing(Zeroconf(interfaces=["127.0.0.1"], unicast=True)) as zeroconf:
        resolver = AddressResolverIPv4("kitchen.local.")
        assert resolver.request(zeroconf, 20_000, addr=host, port=port)
        assert resolver.parsed_addresses() == ["192.168.77.20"]


_ACCESS_POINT = """
import network
own = network.WLAN(network.AP_IF)
own.config(ssid="Kitchen", password="open sesame")
listening = listen(8)
own.active(True)
connection = listening.accept()[0]
connection.sendall(connection.recv(20))
connection.close()
listening.close()
time.sleep(2)
own.active(False)
"""


def test_a_station_in_the_boards_own_network_gets_an_address_and_leads_to_it(
    new_board: Callable[..., VirtualBoard],
):
    board = new_board(pace="idle")
    port = board.network.forward_by_access_point(8)
    with (
        Program(board, _ACCESS_POINT),
        socket.create_connection(("127.0.0.1", port), 60) as client,
    ):
        while board.status()["radio"]["access_point"] is None:
            pass
        board.network.join_access_point("open sesame")
        client.sendall(b"through the air")
        assert client.recv(20) == b"through the air"
        station = board.status()["station"]
        assert station == {"address": "192.168.4.16", "board": "192.168.4.1"}


_OWN_MDNS = """
import network, socket
found = []
for reuse in (0, 1):
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    try:
        own.bind(("0.0.0.0", 5353))
        found.append("bound")
    except OSError as error:
        found.append(error.errno)
    own.close()
print(found, [name for name in dir(network) + dir(link) if "mdns" in name.lower()])
"""


def test_a_program_can_neither_announce_a_service_nor_answer_mdns_itself(joined):
    """The firmware holds the mDNS port, and has no function for services, as docs/fleet says."""
    assert joined.exec(_OWN_MDNS).strip() == "[98, 98] []"
