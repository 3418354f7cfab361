"""TCP of the virtual board's network, in both roles, against a peer that only exchanges bytes.

The peer behaves as lwIP with MicroPython's settings: segments of 800 bytes, a window of 6,400.
"""

import socket
from collections.abc import Iterator

import pytest
from network_peer import (
    ACK,
    FIN,
    IPV4,
    PSH,
    RST,
    SYN,
    Peer,
    Segment,
    TCPPeer,
    ethernet,
    ipv4,
    segments,
    udp,
)
from servers import refusing_port

WINDOW = 6400
DATA = bytes(range(256)) * 256


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as started:
        started.announce()
        yield started


@pytest.fixture
def port(peer: Peer) -> int:
    """Return a loopback port that leads to the peer's port 443."""
    return peer.call("forward", {"port": 443})["host_port"]


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), 120) as connection:
        yield connection


@pytest.fixture
def board(peer: Peer, client: socket.socket) -> TCPPeer:
    """Return the board's end of *client*'s connection, which it has accepted."""
    end = TCPPeer(peer)
    (ack,) = end.accept()
    assert (ack.flags, ack.acknowledged) == (ACK, end.sequence)
    return end


def _take(end: TCPPeer, count: int) -> list[Segment]:
    """Wait for *count* segments."""
    got: list[Segment] = []
    while len(got) < count:
        new = segments(end.peer.wait())
        assert new, got
        got += new
    return got


def test_the_syn_offers_a_segment_size_and_the_sequence_wraps(peer, client):
    end = TCPPeer(peer)
    end.accept()
    for _ in range(5):
        end.send(ACK | PSH, bytes(100))
    assert _received(client, 500) == bytes(500)


def _received(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (new := client.recv(65536)):
        data += new
    return data


def test_slow_start_begins_with_two_segments_and_grows_by_one_for_each_that_is_acknowledged(
    board, client
):
    client.sendall(DATA)
    first = _take(board, 2)
    assert [len(segment.data) for segment in first] == [800, 800]
    board.next += 800
    assert len(board.send(ACK)) == 2
    board.next += 800
    assert len(board.send(ACK)) == 2
    board.next += 800
    second = board.send(ACK)
    assert [len(segment.data) for segment in second] == [800, 800]


def test_no_more_is_sent_than_the_window_takes(board, client):
    client.sendall(DATA)
    got = _take(board, 2)
    while len(got) < 40:
        board.next += 1600
        got += board.send(ACK)
    top = max(segment.sequence + len(segment.data) for segment in got)
    assert 3200 < (top - board.next) % 2**32 <= WINDOW


def test_what_is_not_acknowledged_is_sent_again_from_there_after_a_second_then_two_then_four(
    board, client
):
    client.sendall(DATA)
    first = _take(board, 2)
    again = segments(board.peer.advance(8000))
    assert [segment.sequence for segment in again] == [first[0].sequence] * 3
    times = [segment.at_ms - first[0].at_ms for segment in again]
    assert times == pytest.approx([1000, 3000, 7000], abs=5)
    board.next += 800
    then = board.send(ACK)
    assert then[0].sequence == first[1].sequence
    assert then[0].data == first[1].data


def test_three_duplicates_bring_the_missing_segment_without_waiting(board, client):
    client.sendall(DATA)
    got = _take(board, 2)
    for _ in range(2):
        board.next += 1600
        got += board.send(ACK)
    # The next one is lost; duplicate ACKs answer those after it.
    again = [segment for _ in range(3) for segment in board.send(ACK)]
    assert again[0].sequence == board.next
    assert again[0].at_ms - got[-1].at_ms < 100


def test_a_zero_window_is_probed_with_one_byte_and_opens_again(board, client):
    client.sendall(DATA[:5000])
    _take(board, 2)
    board.next += 1600
    assert board.send(ACK, window=0) == []
    probes = segments(board.peer.advance(3500))
    assert [len(segment.data) for segment in probes] == [1, 1]
    assert {segment.sequence for segment in probes} == {board.next}
    for _ in range(20):  # answered probes: the connection is kept indefinitely
        board.send(ACK, window=0)
        board.peer.advance(60_000)
    assert _take_in_order(board, 3400) == DATA[1600:5000]


def _take_in_order(end: TCPPeer, count: int) -> bytes:
    """Acknowledge segments in order until *count* bytes have arrived."""
    data = b""
    while len(data) < count:
        new = end.send(ACK) + segments(end.peer.advance(1100))
        assert new, data
        for segment in new:
            if segment.sequence == end.next % 2**32:
                data += segment.data
                end.next += len(segment.data)
    return data


def test_a_peer_that_is_gone_is_given_up(board, client):
    client.sendall(b"hello")
    _take(board, 1)
    board.peer.advance(3_600_000)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert board.peer.status["connections"] == 0


def test_segments_that_arrive_twice_or_out_of_order_are_put_right(board, client):
    start = board.sequence
    for offset in (200, 100, 300, 100, 0, 200, 400):
        board.sequence = start + offset
        (ack,) = board.send(ACK | PSH, DATA[offset : offset + 100])
    assert ack.acknowledged == (start + 500) % 2**32
    assert _received(client, 500) == DATA[:500]


def test_the_window_closes_while_the_client_does_not_read_and_opens_when_it_does(peer, port):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(120)
        client.connect(("127.0.0.1", port))
        board = TCPPeer(peer)
        board.accept()
        sent, window = 0, 16384
        while window >= 1460:
            answers = board.send(ACK | PSH, DATA[:1460], within_ms=0.9)
            sent += 1460
            assert sent < 64 * 2**20
            window = answers[-1].window if answers else window
        assert sent > 64 * 1024
        unread = board.peer.advance(5)
        assert all(segment.window < 1460 for segment in segments(unread))
        # What exceeded the window was discarded, and is sent again.
        sent = (segments(unread)[-1].acknowledged - 0xFFFF_FF01) % 2**32
        assert len(_received(client, sent)) == sent
        assert segments(board.peer.wait())[-1].window == 16384


def test_each_direction_ends_by_itself(board, client):
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    got = _take(board, 1)
    while not got[-1].flags & FIN:
        got += _take(board, 1)
    assert b"".join(segment.data for segment in got) == b"question"
    board.next += 9
    assert board.send(ACK) == []
    (ack,) = board.send(ACK | PSH, b"answer")
    assert ack.acknowledged == board.sequence % 2**32
    (ack,) = board.send(FIN | ACK)
    assert ack.acknowledged == board.sequence % 2**32
    assert _received(client, 100) == b"answer"
    board.sequence -= 1
    (again,) = board.send(FIN | ACK)  # its ACK was lost
    assert again.acknowledged == ack.acknowledged
    board.peer.advance(3000)
    assert board.peer.status["connections"] == 0


def test_the_board_may_end_first(board, client):
    (ack,) = board.send(FIN | ACK, b"bye")
    assert ack.acknowledged == board.sequence % 2**32
    assert _received(client, 100) == b"bye"
    client.sendall(b"still here")
    assert b"".join(segment.data for segment in _take(board, 1)) == b"still here"


def test_a_reset_of_the_board_is_a_reset_for_the_client(board, client):
    board.send(RST | ACK)
    board.peer.advance(1)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_reset_outside_the_window_is_not_believed(board, client):
    sequence = board.sequence
    board.sequence = (sequence + 100_000) % 2**32
    board.send(RST | ACK)
    board.sequence = sequence
    board.send(ACK | PSH, b"alive")
    assert client.recv(5) == b"alive"


def test_a_client_that_breaks_off_is_a_reset_for_the_board(board, client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    (reset,) = segments(board.peer.wait())
    assert reset.flags & RST
    assert reset.sequence == board.next


def test_a_port_that_refuses_is_a_reset_for_the_client(peer, client):
    end = TCPPeer(peer)
    (syn,) = segments(peer.wait())
    end.port, end.other_port, end.next = syn.port, syn.source_port, syn.sequence + 1
    end.send(RST | ACK)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_syn_is_repeated_and_data_waits_for_the_connection(peer, client):
    client.sendall(b"early")
    (syn,) = segments(peer.wait())
    again = segments(peer.advance(3100))
    assert [segment.sequence for segment in again] == [syn.sequence] * 2
    end = TCPPeer(peer)
    end.port, end.other_port = syn.port, syn.source_port
    end.sequence, end.next = 5, syn.sequence + 1
    peer.send(end.segment(SYN | ACK, b"", WINDOW, b"\2\4\3\x20"), 5)
    assert segments(peer.wait())[-1].data == b"early"


def test_an_old_connection_of_the_board_is_reset_by_the_syn_for_a_new_one(peer, client):
    (syn,) = segments(peer.wait())
    end = TCPPeer(peer)
    end.port, end.other_port = syn.port, syn.source_port
    end.sequence, end.next = 99, (syn.sequence + 5000) % 2**32
    (reset,) = end.send(ACK)
    assert (reset.flags, reset.sequence) == (RST, end.next)


def test_who_calls_before_the_board_is_there_is_connected_when_it_comes():
    with Peer() as peer:
        port = peer.call("forward", {"port": 443})["host_port"]
        with socket.create_connection(("127.0.0.1", port), 120) as client:
            client.sendall(b"patience")
            assert peer.advance(5000) == []
            peer.announce()
            end = TCPPeer(peer)
            end.accept()
            assert segments(peer.wait())[-1].data == b"patience"


def test_a_reset_of_the_board_ends_its_connections(board, client):
    board.peer.request(power=True)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_connection_to_a_port_of_the_gateway_is_refused(peer):
    (reset,) = TCPPeer(peer).connect("192.168.77.1", 443)
    assert (reset.flags, reset.acknowledged) == (RST | ACK, 1001)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(120)
        yield listening


def test_the_board_reaches_an_allowed_name_and_no_other_port_or_address(server):
    own_port = server.getsockname()[1]
    with Peer(outward={"ca.example:443": own_port, "192.0.2.9:80": own_port}) as peer:
        peer.announce()
        address = "198.18.0.3"
        for other, port in ((address, 80), ("192.0.2.9", 443), ("203.0.113.7", 443)):
            (reset,) = TCPPeer(peer).connect(other, port)
            assert reset.flags == RST | ACK
        assert "a connection to 203.0.113.7 port 443 is not allowed" in peer.notes
        end = TCPPeer(peer)
        assert end.connect(address, 443) == []
        connection, _ = server.accept()
        with connection:
            (answer,) = segments(peer.wait())
            assert (answer.flags, answer.options) == (SYN | ACK, b"\2\4\x05\xb4")
            end.next = answer.sequence + 1
            end.send(ACK | PSH, b"hello")
            assert connection.recv(10) == b"hello"
            connection.sendall(b"welcome")
            assert segments(peer.wait())[-1].data == b"welcome"


def test_an_allowed_port_where_nobody_listens_refuses():
    with Peer(outward={"192.0.2.9:80": refusing_port()}) as peer:
        peer.announce()
        assert TCPPeer(peer).connect("192.0.2.9", 80) == []
        (reset,) = segments(peer.wait())
        assert reset.flags & RST


def test_a_probe_finds_out_who_listens_and_leaves_no_connection(peer):
    peer.request(start="probe", **{"with": {"port": 443}})
    (syn,) = segments(peer.wait())
    end = TCPPeer(peer)
    end.port, end.other_port, end.sequence, end.next = 443, syn.source_port, 5, syn.sequence + 1
    (reset,) = end.send(SYN | ACK)
    assert (reset.flags, reset.sequence) == (RST, end.next)
    assert peer.status["connections"] == 0
    peer.advance(1)
    assert peer.results == ['{"result":"listening"}']


def test_datagrams_of_two_callers_get_their_own_answers(peer):
    port = peer.call("forward", {"port": 5353, "datagrams": True})["host_port"]
    callers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    ports = []
    for number, caller in enumerate(callers):
        caller.settimeout(120)
        caller.sendto(bytes([number]), ("127.0.0.1", port))
        (packet,) = peer.wait()
        assert packet.destination == "224.0.0.251"
        ports.append(int.from_bytes(packet.payload[:2], "big"))
    for number in (1, 0):
        data = udp(5353, ports[number], bytes([number]) * 3, "192.168.77.1")
        peer.send(ethernet(IPV4, ipv4(17, data, "192.168.77.1")))
        assert callers[number].recv(10) == bytes([number]) * 3
        callers[number].close()
