"""Ask a board for a name by mDNS, as a simple resolver does (RFC 6762, section 5.1)."""

import contextlib
import socket
import struct

from boardcert_host.virtual import VirtualBoard

_TRIES = 30


def question(name: str) -> bytes:
    """Return the query for the IPv4 address of *name*."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">HHHHHH", 0, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 1, 1)


def ask(board: VirtualBoard, name: str, tries: int = _TRIES) -> bytes | None:
    """Return *board*'s answer, or None if it has none yet: it probes its name for some seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.connect(board.network.mdns_address())
        caller.settimeout(2)
        for _ in range(tries):
            caller.send(question(name))
            with contextlib.suppress(TimeoutError):
                return caller.recv(1500)
    return None
