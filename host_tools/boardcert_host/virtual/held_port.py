"""A TCP port on loopback for a server that starts later."""

import socket


def hold_port() -> socket.socket:
    """Return a socket that has a free port, but does not listen: no other program gets the port.

    On Linux, a server that sets SO_REUSEADDR, as Node does, can listen there nevertheless.
    Elsewhere, the socket must be closed first.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held
