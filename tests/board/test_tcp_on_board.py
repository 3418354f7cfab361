"""TCP between the virtual network and the official image: lwIP, as MicroPython configures it."""

import contextlib
import hashlib
import os
import socket
import struct
import threading
import time

import pytest
from boardcert_host.virtual import VirtualBoard
from network_programs import Program, join

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset
_ECHO = """
connection = accept(7)
while data := connection.recv(1024):
    connection.sendall(data)
connection.close()
"""


def _echoed(address: tuple[str, int], data: bytes) -> bytes:
    """Send *data*, shut down that direction, and return what comes back."""
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
    """Send *data* to a program that runs *begin* for a connection, then reads to the end."""
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
    """lwIP has 5 connections at a time here; further ones wait, as their SYN is sent again."""
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


_UNREAD = """
listening = listen(8)
connections = [listening.accept()[0] for _ in range(2)]
while link.status("rssi") != -70:
    time.sleep_ms(50)
for connection in connections:
    left = 6400
    while left:
        left -= len(connection.recv(left))
connection = listening.accept()[0]
connection.sendall(connection.recv(5))
for one in connections + [connection, listening]:
    one.close()
"""


def test_two_windows_full_of_what_no_program_reads_make_the_image_deaf(joined):
    """lwIP keeps 16 received segments for all connections; reading them makes it receive again."""
    with Program(joined, _UNREAD, 8):
        address = joined.network.address(8)
        clients = [socket.create_connection(address, 60) for _ in range(2)]
        for client in clients:
            client.sendall(bytes(6400))
        deadline = time.monotonic() + 60
        while joined.network.listens(8):
            assert time.monotonic() < deadline
        clients.append(socket.create_connection(address, 60))
        clients[-1].sendall(b"third")
        joined.set_rssi(-70)
        assert clients[-1].recv(5) == b"third"
    for client in clients:
        client.close()
    # Connections from that moment, half-open or ended, remain for minutes; the next ones would get
    # the fifth, which is silenced when `accept` closes its listening socket.
    joined.reset()
    joined.set_rssi(-50)
    join(joined, "kitchen")


_CLOSED_LISTENER = """
listening = listen(8)
connections = [listening.accept()[0] for _ in range(5)]
listening.close()
for connection in connections:
    connection.send(b"hello")
time.sleep(3)
for connection in connections:
    connection.close()
"""


def test_closing_a_listening_socket_silences_one_connection_of_five(joined):
    """The image clears callbacks that a listening socket lacks, in a connection's memory.

    extmod/modlwip.c calls tcp_err() and tcp_recv() in closing (v1.27.0, lines 1646 and 1647). The
    first listening socket's memory lies before that of the fifth connection, whose `lastack`
    becomes 0.
    """
    with Program(joined, _CLOSED_LISTENER, 8), contextlib.ExitStack() as stack:
        address = joined.network.address(8)
        clients = [stack.enter_context(socket.create_connection(address, 60)) for _ in range(5)]
        heard = []
        for client in clients:
            with contextlib.suppress(ConnectionResetError):
                heard.append(client.recv(5))
    assert heard == [b"hello"] * 4
