"""The virtual network against the TCP/IP of the official image: lwIP, as MicroPython sets it up."""

import ast
import contextlib
import hashlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from boardcert_host.virtual import VirtualBoard, VirtualNetwork
from network_programs import PASSWORD, SSID, Program, join
from prepared import AT_ONCE
from zeroconf import AddressResolverIPv4, Zeroconf

pytestmark = pytest.mark.xdist_group("virtual_board")

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by a reset


@pytest.fixture(scope="module")
def server() -> Iterator[socket.socket]:
    """A server of this computer that boards may connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        yield listening


@pytest.fixture(scope="module")
def wifi(server: socket.socket) -> VirtualNetwork:
    """The network that all boards of this module join."""
    return VirtualNetwork(
        SSID,
        password=PASSWORD,
        names={"printer.local": "192.168.77.9", "time.example": None, "six.example": "fd00::7"},
        outward={"ca.example:443": server.getsockname()[1]},
        epoch_s=1_900_000_000,
    )


def _started(
    name: str,
    pace: str,
    wifi: VirtualNetwork,
    firmware: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[VirtualBoard]:
    directory = tmp_path_factory.mktemp(name)
    with VirtualBoard(directory, firmware=firmware, network=wifi, pace=pace, **AT_ONCE) as board:
        board.wait_ready()
        join(board, name)
        yield board


@pytest.fixture(scope="module")
def joined(wifi, firmware, tmp_path_factory) -> Iterator[VirtualBoard]:
    """A board that is in the network; its waiting takes real time."""
    yield from _started("kitchen", "idle", wifi, firmware, tmp_path_factory)


@pytest.fixture(scope="module")
def patient(wifi, firmware, tmp_path_factory) -> Iterator[VirtualBoard]:
    """A board that is in the network; its waiting, for retransmissions too, takes no time."""
    yield from _started("cellar", "free", wifi, firmware, tmp_path_factory)


def test_the_board_has_the_address_of_its_lease_and_addresses_of_ipv6(joined):
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


def test_a_server_on_ipv6_is_reached_at_the_boards_address(joined):
    code = "connection = accept(8, address='::')\nconnection.sendall(b'six')\nconnection.close()"
    with (
        Program(joined, code, 8),
        socket.create_connection(joined.network.address(8, family=6), 60) as client,
    ):
        assert client.recv(10) == b"six"


_ECHO = """
connection = accept(7)
while data := connection.recv(1024):
    connection.sendall(data)
connection.close()
"""


def _echoed(address: tuple[str, int], data: bytes) -> bytes:
    """Send *data*, end that direction, and return what comes back."""
    with socket.create_connection(address, 200) as connection:

        def send() -> None:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = bytearray()
        while new := connection.recv(65536):
            received += new
        sender.join()
    return bytes(received)


@pytest.mark.parametrize(
    "faults",
    [
        {"loss": 0.0},
        {"loss": 0.03, "duplicate": 0.03, "reorder": 0.03},
        {"loss": 0.1},
    ],
    ids=str,
)
def test_1_mb_each_way_at_once_arrives_unchanged(patient, faults):
    data = os.urandom(1024 * 1024)
    patient.network.disturb(**faults)
    before = patient.network.status()["frames"]
    try:
        with Program(patient, _ECHO, 7):
            received = _echoed(patient.network.address(7), data)
    finally:
        patient.network.disturb(loss=0, duplicate=0, reorder=0)
    assert received == data
    after = patient.network.status()["frames"]
    for way in ("from_board", "to_board"):
        happened = {name: after[way][name] - before[way][name] for name in after[way]}
        assert bool(happened["lost"]) == bool(faults["loss"]), happened
        assert bool(happened["duplicated"]) == ("duplicate" in faults), happened
        assert happened["frames"] > 1000


def test_a_slow_way_only_takes_longer(joined):
    joined.network.disturb(delay_ms=200, bytes_per_s=100_000)
    try:
        with Program(joined, _ECHO, 7):
            assert _echoed(joined.network.address(7), b"x" * 20_000) == b"x" * 20_000
    finally:
        joined.network.disturb(delay_ms=0.5, bytes_per_s=2_500_000)


def _takes_all(board: VirtualBoard, begin: str, data: bytes) -> None:
    """Send *data* to a program that does *begin*, for a connection, and then reads to the end."""
    code = f"import hashlib\n{begin}\nsha = hashlib.sha256()\n"
    code += "while data := connection.recv(1024):\n    sha.update(data)\n"
    code += "connection.close(); print(sha.digest().hex())"
    with (
        Program(board, code, 8) as program,
        socket.create_connection(board.network.address(8), 60) as client,
    ):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    assert program.output.strip() == hashlib.sha256(data).hexdigest()


def test_data_that_comes_before_the_program_accepts_is_kept(joined):
    _takes_all(joined, "connection = accept(8, wait_ms=3000)", os.urandom(20_000))


def test_a_window_that_stays_closed_for_long_loses_nothing(joined):
    _takes_all(joined, "connection = accept(8)\ntime.sleep(4)", os.urandom(60_000))


def test_a_client_may_end_its_half_and_still_be_answered(joined):
    code = "connection = accept(8)\nquestion = connection.recv(100)\nend = connection.recv(100)\n"
    code += "time.sleep_ms(500)\nconnection.sendall(question + b'!' + end)\nconnection.close()"
    with (
        Program(joined, code, 8),
        socket.create_connection(joined.network.address(8), 60) as client,
    ):
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b"question!"
        assert client.recv(100) == b""


def test_a_reset_by_the_client_is_an_error_on_the_board(joined):
    code = "connection = accept(8)\nconnection.send(connection.recv(5))\n"
    code += "try:\n    print(connection.recv(5))\nexcept OSError as error:\n    print(error.errno)"
    with Program(joined, code, 8) as program:
        client = socket.create_connection(joined.network.address(8), 60)
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        client.close()
    assert program.output == "104\n"


def test_a_board_that_closes_with_data_unread_resets_the_client(joined):
    code = "connection = accept(8)\ntime.sleep(1)\nconnection.close()"
    with (
        Program(joined, code, 8),
        socket.create_connection(joined.network.address(8), 60) as client,
    ):
        client.sendall(b"unwanted" * 100)
        with pytest.raises(ConnectionResetError):
            while client.recv(100):
                pass


def test_a_port_where_nobody_listens_is_a_reset(joined):
    assert not joined.network.listens(9)
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection(joined.network.address(9), 60) as client,
    ):
        client.recv(1)


_MANY = """
import asyncio
async def handle(reader, writer):
    writer.write(await reader.readexactly(1000))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    handled.append(1)
async def serve():
    await asyncio.start_server(handle, "0.0.0.0", 7, backlog=8)
    while len(handled) < 8:
        await asyncio.sleep_ms(20)
handled = []
asyncio.run(serve())
print(len(handled))
"""


def test_8_clients_at_once_are_all_answered(joined):
    """lwIP has 5 connections at a time here; those beyond wait, as their SYN is sent again."""
    messages = [os.urandom(1000) for _ in range(8)]
    answers: dict[int, bytes] = {}
    with Program(joined, _MANY, 7) as program:
        address = joined.network.address(7)

        def talk(number: int) -> None:
            answers[number] = _echoed(address, messages[number])

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [answers[number] for number in range(8)] == messages
    assert program.output == "8\n"


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
    """lwIP renews by whole minutes; the board asks, is refused, and begins anew."""
    patient.network.change_lease(lease_s=120)
    join_again = f"link.disconnect(); link.connect('{SSID}', '{PASSWORD}')\n"
    wait = "while link.ifconfig()[0] != '{}': time.sleep_ms(50)\nprint(link.ifconfig()[0])"
    patient.exec(join_again + wait.format(wifi.address_of(patient.unique_id)), timeout_s=120)
    patient.network.change_lease(address="192.168.77.99")
    changed = patient.exec(wait.format("192.168.77.99"), timeout_s=120)
    assert changed == "192.168.77.99\n"
    assert patient.network.wait_address() == "192.168.77.99"


def _mdns_question(name: str) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", 0, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 1, 1)


def _asked(caller: socket.socket, name: str) -> bytes:
    """Ask until there is an answer: the board makes sure that its name is free for some seconds."""
    for _ in range(30):
        caller.send(_mdns_question(name))
        with contextlib.suppress(TimeoutError):
            return caller.recv(1500)
    raise TimeoutError(f"no answer for {name}")


def test_the_board_answers_mdns_queries_for_its_name_and_for_no_other(joined):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.connect(joined.network.mdns_address())
        caller.settimeout(2)
        answer = _asked(caller, "kitchen.local")
        assert socket.inet_aton("192.168.77.20") in answer
        caller.send(_mdns_question("bathroom.local"))
        assert b"kitchen" in _asked(caller, "kitchen.local")


def test_zeroconf_opens_the_boards_name_without_leaving_loopback(joined):
    host, port = joined.network.mdns_address()
    with contextlib.closing(Zeroconf(interfaces=["127.0.0.1"], unicast=True)) as zeroconf:
        resolver = AddressResolverIPv4("kitchen.local.")
        assert resolver.request(zeroconf, 20_000, addr=host, port=port)
        assert resolver.parsed_addresses() == ["192.168.77.20"]


def test_two_boards_reach_each_other_by_name(wifi, new_board):
    larder, pantry = (new_board(name, network=wifi, pace="idle") for name in ("larder", "pantry"))
    for name, board in (("larder", larder), ("pantry", pantry)):
        assert join(board, name) == wifi.address_of(board.unique_id)
    code = """
import socket
connection = socket.socket()
connection.connect(socket.getaddrinfo("larder.local", 8)[0][-1])
connection.send(b"from the pantry")
print(connection.recv(20))
connection.close()
"""
    serve = "connection = accept(8)\nprint(connection.recv(20))\n"
    serve += "connection.sendall(b'welcome')\nconnection.close()"
    with Program(larder, serve, 8) as program:
        assert pantry.exec(code) == "b'welcome'\n"
    assert program.output == "b'from the pantry'\n"


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
