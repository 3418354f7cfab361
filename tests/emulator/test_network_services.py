"""The services of the virtual board's network, from ARP to IPv6; the board's end is bytes."""

import struct
from collections.abc import Iterator

import network_peer as wire
import pytest
from network_peer import BOARD, BOARD_MAC, BROADCAST, GATEWAY, GATEWAY_MAC, Peer

DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as started:
        yield started


def _arp_request(address: str) -> bytes:
    own = BOARD_MAC + wire.packed(BOARD)
    body = bytes.fromhex("0001080006040001") + own + bytes(6) + wire.packed(address)
    return wire.ethernet(wire.ARP, body, BROADCAST)


def test_arp_is_answered_for_the_gateway_and_for_nobody_else(peer):
    (reply,) = peer.send(_arp_request(GATEWAY))
    assert reply.payload[6:8] == b"\0\2"
    assert reply.payload[8:18] == GATEWAY_MAC + wire.packed(GATEWAY)
    assert peer.send(_arp_request(BOARD)) == []
    assert peer.send(_arp_request("192.168.77.99")) == []


def _dhcp(peer: Peer, kind: int, *options: bytes, current: str = "0.0.0.0") -> dict[int, bytes]:
    """Broadcast a DHCP message; return the options of the answer, with "yiaddr" as 0."""
    fixed = struct.pack(">BBBBLHH", 1, 1, 6, 0, 0xCAFE, 0, 0) + wire.packed(current)
    message = fixed + bytes(12) + BOARD_MAC + bytes(10 + 192) + bytes([99, 130, 83, 99])
    message += bytes([53, 1, kind]) + b"".join(options) + b"\xff"
    datagram = wire.udp(68, 67, message, "255.255.255.255", current)
    packet = wire.ipv4(17, datagram, "255.255.255.255", current)
    answers = peer.send(wire.ethernet(wire.IPV4, packet, BROADCAST))
    if not answers:
        return {}
    (answer,) = answers
    assert answer.to == BROADCAST
    body = answer.payload[8:]
    assert body[4:8] == struct.pack(">L", 0xCAFE)
    assert body[28:34] == BOARD_MAC
    return {0: body[16:20], **_options(body[240:])}


def _options(data: bytes) -> dict[int, bytes]:
    found = {}
    while data[0] != 255:
        found[data[0]] = data[2 : 2 + data[1]]
        data = data[2 + data[1] :]
    return found


def _requested(address: str) -> bytes:
    return bytes([50, 4]) + wire.packed(address)


def test_dhcp_leads_from_discover_to_ack_and_keeps_the_host_name(peer):
    offer = _dhcp(peer, DISCOVER)
    assert (offer[53], offer[0]) == (bytes([OFFER]), wire.packed(BOARD))
    server = bytes([54, 4]) + offer[54]
    ack = _dhcp(peer, REQUEST, _requested(BOARD), server, bytes([12, 7]) + b"kitchen")
    assert ack[53] == bytes([ACK])
    assert ack[1] == wire.packed("255.255.255.0")
    assert ack[3] == ack[6] == wire.packed(GATEWAY)
    assert ack[51] == struct.pack(">L", 3600)
    assert ack[58] == struct.pack(">L", 1800)
    lease = peer.status["lease"]
    assert (lease["address"], lease["host_name"]) == (BOARD, "kitchen")


def test_a_changed_address_is_refused_at_renewal_and_offered_anew(peer):
    _dhcp(peer, REQUEST, _requested(BOARD))
    peer.call("setLease", {"address": "192.168.77.99"})
    assert _dhcp(peer, REQUEST, current=BOARD)[53] == bytes([NAK])
    assert _dhcp(peer, DISCOVER)[0] == wire.packed("192.168.77.99")
    assert _dhcp(peer, REQUEST, _requested("192.168.77.99"))[53] == bytes([ACK])


def test_an_address_of_another_subnet_is_no_lease(peer):
    with pytest.raises(ValueError, match=r"10\.0\.0\.1 is not in 192\.168\.77\.0/24"):
        peer.call("setLease", {"address": "10.0.0.1"})


def test_a_request_for_another_server_is_not_answered(peer):
    other = bytes([54, 4]) + wire.packed("192.168.77.2")
    assert _dhcp(peer, REQUEST, _requested(BOARD), other) == {}


def test_a_silent_server_and_a_gateway_that_is_gone_answer_nothing(peer):
    peer.call("setLease", {"silent": True})
    assert _dhcp(peer, DISCOVER) == {}
    peer.call("setLease", {"silent": False})
    peer.call("setGateway", False)
    assert _dhcp(peer, DISCOVER) == {}
    peer.call("setGateway", True)
    assert _dhcp(peer, DISCOVER)[53] == bytes([OFFER])


def _question(name: str, kind: int, number: int = 0x1234, flags: int = 0x100) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return (
        struct.pack(">HHHHHH", number, flags, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
    )


def _answer(peer: Peer, name: str, kind: int) -> tuple[int, bytes]:
    """Query the name server; return the code and the content of the last record."""
    peer.announce()
    question = _question(name, kind)
    (answer,) = peer.ask(53, question)
    body = answer.payload[8:]
    assert body[:2] == question[:2]
    assert body[12 : len(question)] == question[12:]
    (count,) = struct.unpack(">H", body[6:8])
    size = 16 if kind == 28 else 4
    return body[3] & 15, body[-size:] if count else b""


def test_dns_knows_invented_names_of_both_kinds_and_no_others(peer):
    assert _answer(peer, "there.example", 1) == (0, wire.packed("203.0.113.7"))
    assert _answer(peer, "There.Example", 1) == (0, wire.packed("203.0.113.7"))
    assert _answer(peer, "there.example", 28) == (0, b"")
    assert _answer(peer, "six.example", 28) == (0, wire.packed("2001:db8::7"))
    assert _answer(peer, "nowhere.example", 1) == (3, b"")
    assert _answer(peer, "pool.ntp.org", 1)[1].startswith(bytes([198, 18]))


def test_damaged_dns_queries_are_not_answered(peer):
    peer.announce()
    whole = _question("there.example", 1)
    for length in range(len(whole)):
        assert peer.ask(53, whole[:length]) == [], length
    forward = whole[:12] + b"\xc0\x0c" + whole[-4:]  # a pointer to itself
    assert peer.ask(53, forward) == []


def test_ntp_tells_the_time_that_a_test_has_set_and_it_goes_on(peer):
    peer.announce()
    peer.call("setTime", 1_900_000_000.5)
    peer.advance(10_000)
    (answer,) = peer.ask(123, b"\x1b" + bytes(39) + b"original", to="203.0.113.7")
    assert (answer.source, answer.destination) == ("203.0.113.7", BOARD)
    body = answer.payload[8:]
    assert body[0] == 0x1C
    assert body[24:32] == b"original"
    seconds, fraction = struct.unpack(">LL", body[40:48])
    assert seconds == 1_900_000_010 + 2_208_988_800
    assert 0.5 <= fraction / 2**32 < 0.53


def test_a_reset_of_the_board_does_not_set_the_networks_clock_back(peer):
    peer.advance(60_000)
    peer.request(power=True)
    peer.announce()
    (answer,) = peer.ask(123, b"\x1b" + bytes(47))
    (seconds,) = struct.unpack(">L", answer.payload[48:52])
    assert seconds == 1_800_000_060 + 2_208_988_800


def _echo(to: str) -> bytes:
    message = bytes([8, 0, 0, 0, 0, 7, 0, 9]) + b"odd"
    message = message[:2] + struct.pack(">H", wire.checksum(message)) + message[4:]
    return wire.ethernet(wire.IPV4, wire.ipv4(1, message, to))


def test_the_gateway_and_known_addresses_answer_echo_requests(peer):
    for address in (GATEWAY, "203.0.113.7"):
        (reply,) = peer.send(_echo(address))
        assert (reply.source, reply.protocol) == (address, 1)
        assert reply.payload[0] == 0
        assert reply.payload[4:] == bytes([0, 7, 0, 9]) + b"odd"
        assert wire.checksum(reply.payload) == 0


def test_what_is_not_there_is_unreachable(peer):
    (reply,) = peer.send(_echo("198.51.100.1"))
    assert reply.payload[:2] == bytes([3, 1])
    assert reply.payload[8:28] == _echo("198.51.100.1")[14:34]
    (reply,) = peer.ask(9, b"discard")
    assert reply.payload[:2] == bytes([3, 3])
    assert "there is no 198.51.100.1 outside" in peer.notes


def test_fragments_are_put_together_in_any_order(peer):
    whole = wire.udp(5000, 53, _question("there.example", 1) + bytes(30), GATEWAY)
    first = wire.ipv4(17, whole[:24], GATEWAY, flags=0x2000)
    last = wire.ipv4(17, whole[24:], GATEWAY, flags=3)
    assert peer.send(wire.ethernet(wire.IPV4, last)) == []
    answers = peer.send(wire.ethernet(wire.IPV4, first))
    assert answers[-1].payload[-4:] == wire.packed("203.0.113.7")


def test_frames_of_any_damage_are_survived(peer):
    """A frame of each kind may be cut at any length, or changed in any byte, without a crash."""
    frames = [
        _arp_request(GATEWAY),
        _echo(GATEWAY),
        wire.ethernet(
            wire.IPV4, wire.ipv4(17, wire.udp(5000, 53, _question("x.y", 1), GATEWAY), GATEWAY)
        ),
        _solicitation(),
    ]
    for frame in frames:
        for at in range(len(frame)):
            peer.send(frame[:at], 0.1)
            peer.send(frame[:at] + bytes([frame[at] ^ 0xFF]) + frame[at + 1 :], 0.1)
    assert len(peer.send(_arp_request(GATEWAY))) >= 1


_OWN_LINK_LOCAL = "fe80::2acd:c1ff:fe00:1"
_ROUTER = "fe80::62:6fff:fe61:7264"


def _solicitation() -> bytes:
    group = "ff02::1:ff61:7264"
    message = bytes([135, 0, 0, 0, 0, 0, 0, 0]) + wire.packed(_ROUTER) + b"\1\1" + BOARD_MAC
    packet = wire.icmpv6(message, group, _OWN_LINK_LOCAL)
    return wire.ethernet(wire.IPV6, packet, bytes.fromhex("3333ff617264"))


def test_the_router_is_found_by_neighbour_discovery(peer):
    (answer,) = peer.send(_solicitation())
    assert (answer.source, answer.destination) == (_ROUTER, _OWN_LINK_LOCAL)
    assert answer.payload[:1] + answer.payload[4:5] == bytes([136, 0x60])
    assert answer.payload[8:24] == wire.packed(_ROUTER)
    assert answer.payload[24:] == b"\2\1" + GATEWAY_MAC


def test_a_router_solicitation_is_answered_with_the_prefix(peer):
    packet = wire.icmpv6(bytes([133]) + bytes(7), "ff02::2", _OWN_LINK_LOCAL)
    (answer,) = peer.send(wire.ethernet(wire.IPV6, packet, bytes.fromhex("333300000002")))
    assert answer.to == bytes.fromhex("333300000001")
    body = answer.payload
    assert (body[0], body[16], body[18], body[19]) == (134, 3, 64, 0xC0)
    assert body[32:48] == wire.packed("fd62:6f61:7264::")
    (again,) = peer.advance(600_020)
    assert (again.to, again.payload) == (answer.to, body)


def test_echo_works_over_ipv6(peer):
    packet = wire.icmpv6(bytes([128, 0, 0, 0, 0, 7, 0, 9]) + b"odd", _ROUTER, _OWN_LINK_LOCAL)
    (reply,) = peer.send(wire.ethernet(wire.IPV6, packet))
    assert reply.payload[:1] == bytes([129])
    assert reply.payload[4:] == bytes([0, 7, 0, 9]) + b"odd"


def test_an_invented_local_name_is_answered_by_mdns(peer):
    """mDNS answers a responder's query to the group, a simple resolver's to the sender only."""
    peer.announce()
    question = _question("thing.local", 1, number=0, flags=0)
    group = bytes.fromhex("01005e0000fb")
    for port, to in ((5353, "224.0.0.251"), (5001, BOARD)):
        datagram = wire.udp(port, 5353, question, "224.0.0.251")
        (answer,) = peer.send(
            wire.ethernet(wire.IPV4, wire.ipv4(17, datagram, "224.0.0.251"), group)
        )
        assert answer.destination == to
        assert answer.payload[-4:-2] == bytes([198, 18])


def test_captures_hold_frames_with_simulated_times(peer, tmp_path):
    file = tmp_path / "frames.pcap"
    peer.call("setCapture", str(file))
    peer.advance(1000)
    peer.send(_arp_request(GATEWAY))
    peer.call("setCapture", None)
    data = file.read_bytes()
    assert struct.unpack("<LHHlLLL", data[:24]) == (0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    seconds, nanos, kept, length = struct.unpack("<LLLL", data[24:40])
    assert (seconds, nanos) == (1_800_000_001, 0)
    assert data[40 : 40 + kept] == _arp_request(GATEWAY)
    answer = data[40 + length :]
    seconds, nanos = struct.unpack("<LL", answer[:8])
    assert (seconds, nanos) > (1_800_000_001, 1_000_000)
    assert answer[16:22] == BOARD_MAC
    assert file.stat().st_mode & 0o777 == 0o600


def test_frames_are_lost_doubled_and_overtaken_as_asked_and_reproducibly():
    def answers(**faults: float) -> list[tuple[float, bytes]]:
        with Peer() as peer:
            peer.call("setConditions", faults)
            got = [packet for n in range(200) for packet in peer.send(_numbered(n), 0.2)]
            return [(packet.at_ms, packet.payload) for packet in got + peer.advance(100)]

    def _numbered(number: int) -> bytes:
        message = struct.pack(">BBHHH", 8, 0, 0, 7, number)
        message = message[:2] + struct.pack(">H", wire.checksum(message)) + message[4:]
        return wire.ethernet(wire.IPV4, wire.ipv4(1, message, GATEWAY))

    whole = [payload for _, payload in answers()]
    assert len(whole) == 200
    lossy = answers(loss=0.1)
    assert 120 < len(lossy) < 200
    assert lossy == answers(loss=0.1)
    assert 200 < len(answers(duplicate=0.1)) < 280
    overtaken = [payload for _, payload in answers(reorder=0.1)]
    assert overtaken != whole
    assert sorted(overtaken) == sorted(whole)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"loss": 2}, "probability"),
        ({"los": 0.1}, "no such fault"),
        ({"bytes_per_s": 0}, "more than 0"),
    ],
)
def test_faults_that_cannot_be_are_refused(peer, faults, message):
    with pytest.raises(ValueError, match=message):
        peer.call("setConditions", faults)
