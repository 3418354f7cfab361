"""A computer in the virtual board's network, by bytes alone: it shares no code with the network."""

import ipaddress
import json
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boardcert_host.virtual.node import emulator_modules, find_node

BOARD_MAC = bytes.fromhex("28cdc1000001")
GATEWAY_MAC = bytes.fromhex("02626f617264")
BROADCAST = b"\xff" * 6
BOARD, GATEWAY = "192.168.77.20", "192.168.77.1"
ARP, IPV4, IPV6 = 0x0806, 0x0800, 0x86DD
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SETTINGS = {
    "subnet": "192.168.77.0/24",
    "prefix": "fd62:6f61:7264::/64",
    "address": BOARD,
    "lease_s": 3600,
    "names": {"there.example": "203.0.113.7", "six.example": "2001:db8::7", "thing.local": None},
    "outward": {},
    "epoch_s": 1_800_000_000,
    "seed": 1,
    "hub_port": None,
}


def checksum(data: bytes) -> int:
    """Return the Internet checksum, by 16-bit words."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def packed(address: str) -> bytes:
    """Return the bytes of an address."""
    return ipaddress.ip_address(address).packed


def pseudo(source: str, destination: str, protocol: int, length: int) -> bytes:
    """Return the pseudo header for a checksum."""
    ends = packed(source) + packed(destination)
    return ends + struct.pack(">HH" if len(ends) == 8 else ">LL", *_order(ends, protocol, length))


def _order(ends: bytes, protocol: int, length: int) -> tuple[int, int]:
    return (protocol, length) if len(ends) == 8 else (length, protocol)


def ethernet(kind: int, payload: bytes, to: bytes = GATEWAY_MAC) -> bytes:
    """Return a frame sent by the board."""
    return to + BOARD_MAC + struct.pack(">H", kind) + payload


def ipv4(protocol: int, payload: bytes, to: str, source: str = BOARD, flags: int = 0) -> bytes:
    """Return an IPv4 packet."""
    length = 20 + len(payload)
    start = struct.pack(">BBHHHBBH", 0x45, 0, length, 77, flags, 64, protocol, 0)
    header = start + packed(source) + packed(to)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def ipv6(protocol: int, payload: bytes, to: str, source: str) -> bytes:
    """Return an IPv6 packet."""
    start = struct.pack(">LHBB", 6 << 28, len(payload), protocol, 255)
    return start + packed(source) + packed(to) + payload


def udp(source_port: int, port: int, data: bytes, to: str, source: str = BOARD) -> bytes:
    """Return a UDP datagram."""
    length = 8 + len(data)
    plain = struct.pack(">HHHH", source_port, port, length, 0) + data
    total = checksum(pseudo(source, to, 17, length) + plain) or 0xFFFF
    return plain[:6] + struct.pack(">H", total) + data


def icmpv6(message: bytes, to: str, source: str) -> bytes:
    """Return a packet with an ICMPv6 message and its checksum."""
    total = checksum(pseudo(source, to, 58, len(message)) + message)
    return ipv6(58, message[:2] + struct.pack(">H", total) + message[4:], to, source)


@dataclass
class Packet:
    """What the board received: *at_ms* simulated milliseconds, addresses, protocol and payload."""

    at_ms: float
    kind: int
    to: bytes
    source: str = ""
    destination: str = ""
    protocol: int = 0
    payload: bytes = b""


@dataclass
class Segment:
    """A TCP segment that the board received."""

    at_ms: float
    source_port: int
    port: int
    sequence: int
    acknowledged: int
    flags: int
    window: int
    options: bytes
    data: bytes


def read_packet(nanos: float, frame: bytes) -> Packet:
    """Parse a frame; its checksums must be right."""
    packet = Packet(nanos / 1e6, int.from_bytes(frame[12:14], "big"), frame[:6])
    assert frame[6:12] == GATEWAY_MAC
    body = frame[14:]
    if packet.kind == IPV4:
        assert checksum(body[:20]) == 0
        assert int.from_bytes(body[2:4], "big") == len(body)
        packet.source, packet.destination = (
            str(ipaddress.ip_address(body[at : at + 4])) for at in (12, 16)
        )
        packet.protocol, packet.payload = body[9], body[20:]
    elif packet.kind == IPV6:
        assert int.from_bytes(body[4:6], "big") == len(body) - 40
        packet.source, packet.destination = (
            str(ipaddress.ip_address(body[at : at + 16])) for at in (8, 24)
        )
        packet.protocol, packet.payload = body[6], body[40:]
    else:
        packet.payload = body
    if packet.protocol in (6, 17, 58):
        ends = (packet.source, packet.destination, packet.protocol, len(packet.payload))
        assert checksum(pseudo(*ends) + packet.payload) == 0
    return packet


def read_segment(packet: Packet) -> Segment:
    """Parse a TCP segment."""
    parts = struct.unpack(">HHLLBBH", packet.payload[:16])
    start = (parts[4] >> 4) * 4
    options, data = packet.payload[20:start], packet.payload[start:]
    return Segment(packet.at_ms, *parts[:4], parts[5], parts[6], options, data)


class Peer:
    """The network in a separate process, and the board's end of it."""

    def __init__(self, **settings: Any) -> None:
        node = find_node()
        environment = {**os.environ, "BOARDCERT_NODE_MODULES": str(emulator_modules(node))}
        driver = Path(__file__).with_name("network_driver.mjs")
        command = [node.executable, str(driver), json.dumps({**SETTINGS, **settings})]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.results: list[str] = []
        self.status: dict[str, Any] = {}
        self.now_ms = 0.0

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.wait(120)
        self._process.stdout.close()

    def request(self, **request: Any) -> tuple[Any, list[Packet]]:
        """Send one request to the driver; return its result and what the board received."""
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        if "error" in reply:
            raise ValueError(reply["error"])
        self.results, self.status, self.now_ms = (
            reply["results"],
            reply["status"],
            reply["now"] / 1e6,
        )
        packets = [read_packet(nanos, bytes.fromhex(frame)) for nanos, frame in reply["frames"]]
        return reply.get("result"), packets

    @property
    def notes(self) -> dict[str, int]:
        """Send requests without an answer."""
        return self.status["notes"]

    def send(self, frame: bytes, within_ms: float = 20) -> list[Packet]:
        """Send *frame* and return what arrived within some time."""
        return self.request(frame=frame.hex(), advance_ms=within_ms)[1]

    def advance(self, ms: float) -> list[Packet]:
        """Let simulated time pass and return what arrived."""
        return self.request(advance_ms=ms)[1]

    def wait(self, count: int = 1) -> list[Packet]:
        """Let real time pass until so many frames have arrived."""
        return self.request(wait=count)[1]

    def call(self, method: str, argument: Any = None) -> Any:
        """Call a method of the network."""
        return self.request(call=method, **{"with": argument})[0]

    def announce(self, address: str = BOARD) -> None:
        """Announce the board's address by ARP."""
        own = BOARD_MAC + packed(address)
        header = bytes.fromhex("0001080006040001")
        self.send(ethernet(ARP, header + own + bytes(6) + packed(address), BROADCAST))

    def ask(self, port: int, data: bytes, to: str = GATEWAY) -> list[Packet]:
        """Send a UDP datagram from port 5000."""
        return self.send(ethernet(IPV4, ipv4(17, udp(5000, port, data, to), to)))


class TCPPeer:
    """The board's end of TCP connections, one segment at a time."""

    def __init__(self, peer: Peer, mss: int = 800) -> None:
        self.peer = peer
        self.mss = mss
        self.other = GATEWAY
        self.port = self.other_port = 0
        self.sequence = self.next = 0

    def segment(
        self, flags: int, data: bytes = b"", window: int = 6400, options: bytes = b""
    ) -> bytes:
        """Return the frame of a segment with the current numbers."""
        acknowledged = self.next if flags & ACK else 0
        size = (5 + len(options) // 4) << 4
        sequence, acknowledged = self.sequence % 2**32, acknowledged % 2**32
        numbers = (self.port, self.other_port, sequence, acknowledged, size, flags, window)
        plain = struct.pack(">HHLLBBHHH", *numbers, 0, 0) + options + data
        total = checksum(pseudo(BOARD, self.other, 6, len(plain)) + plain)
        whole = plain[:16] + struct.pack(">H", total) + plain[18:]
        return ethernet(IPV4, ipv4(6, whole, self.other))

    def send(
        self, flags: int, data: bytes = b"", window: int = 6400, within_ms: float = 5
    ) -> list[Segment]:
        """Send a segment, advance the sequence number, and return what arrived."""
        frame = self.segment(flags, data, window)
        self.sequence += len(data) + (1 if flags & FIN else 0)
        return segments(self.peer.send(frame, within_ms))

    def accept(self, window: int = 6400) -> list[Segment]:
        """Answer the SYN that the network sends for a client; return what arrives next."""
        (syn,) = segments(self.peer.wait())
        assert syn.flags == SYN
        self.port, self.other_port = syn.port, syn.source_port
        self.sequence, self.next = 0xFFFF_FF00, (syn.sequence + 1) % 2**32
        options = struct.pack(">BBH", 2, 4, self.mss)
        frame = self.segment(SYN | ACK, b"", window, options)
        self.sequence += 1
        return segments(self.peer.send(frame, 5))

    def connect(self, other: str, port: int) -> list[Segment]:
        """Open a connection; return what arrives at once."""
        self.other, self.port, self.other_port = other, 50000, port
        self.sequence = 1000
        options = struct.pack(">BBH", 2, 4, self.mss)
        frame = self.segment(SYN, b"", 6400, options)
        self.sequence += 1
        return segments(self.peer.send(frame, 5))


def segments(packets: list[Packet]) -> list[Segment]:
    """Return the TCP segments among *packets*."""
    return [read_segment(packet) for packet in packets if packet.protocol == 6]
