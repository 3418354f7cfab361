"""Look up the address of a name, with a deadline.

The firmware's getaddrinfo has none. On rp2 it does not return while the link is down and no TCP
connection is open: MicroPython up to v1.27 stops lwIP's timer then (ports/rp2/mpnetworkport.c).
And for a name server that is silent it stops everything for many seconds.
"""

import os
import socket

from micropython import const

_TIMEOUT_S = const(1)
_ANSWER_BYTES = const(512)
"""The most that comes by UDP (RFC 1035, 4.2.1)."""

_NAME_SERVER_PORT = const(53)
_MULTICAST = ("224.0.0.251", 5353)
"""Where hosts answer for their own names in .local (RFC 6762, 5.1: one-shot queries)."""

_ADDRESS = b"\x00\x01\x00\x01"  # Type A, class IN.
_POINTER = const(0xC0)


def look_up(name: str, name_server: str) -> str:
    """Return the IPv4 address of *name*, as text; an address is returned as it is.

    Raises OSError if the name has no address, or if no answer comes within a second; IndexError if
    the answer is cut off.
    """
    if name.replace(".", "").isdigit():
        return name
    labels = [bytes([len(label)]) + label for label in name.encode().split(b".")]
    # An identification, recursion desired, one question.
    query = os.urandom(2) + b"\x01\x00\x00\x01" + bytes(6) + b"".join(labels) + b"\x00" + _ADDRESS
    asked = _MULTICAST if name.endswith(".local") else (name_server, _NAME_SERVER_PORT)
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asking.settimeout(_TIMEOUT_S)
        asking.sendto(query, socket.getaddrinfo(*asked)[0][-1])
        return address_in(asking.recv(_ANSWER_BYTES), query)
    finally:
        asking.close()


def address_in(answer: bytes, query: bytes) -> str:
    """Return the first IPv4 address of an *answer*, which begins with the question of *query*.

    The layout is that of RFC 1035, 4.1.3. Raises as look_up does.
    """
    if answer[:2] != query[:2]:
        raise OSError("an answer to another question")
    at = len(query)
    for _ in range(answer[6] << 8 | answer[7]):
        while 0 < answer[at] < _POINTER:
            at += 1 + answer[at]
        at += 2 if answer[at] else 1
        if answer[at : at + 4] == _ADDRESS:
            return ".".join([str(answer[at + 10 + index]) for index in range(4)])
        at += 10 + (answer[at + 8] << 8 | answer[at + 9])
    raise OSError("the name is unknown")
