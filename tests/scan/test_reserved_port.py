"""The ports that tests give to servers they start: no other process gets them meanwhile."""

import socket
import sys

import pytest
from servers import reserved_port


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other rules")
def test_a_reserved_port_is_for_its_server_alone() -> None:
    """Only a server with SO_REUSEADDR listens on it, and again; otherwise it refuses."""
    port = reserved_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    for _ in range(2):
        with (
            socket.create_server(("127.0.0.1", port)) as server,
            socket.create_connection(("127.0.0.1", port)),
        ):
            server.accept()[0].close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
