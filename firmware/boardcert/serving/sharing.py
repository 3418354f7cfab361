"""What running servers share: the memory for connections, and turns to take it."""

from ..transport import tls_reserve

servers = []
"""The servers that run."""

waiting_servers = []
"""Those with a client for which there is no room yet, the longest wait first."""


def is_anyone_connected() -> bool:
    """Return whether any server has a connection."""
    return any([server._open for server in servers])


def has_turn(server) -> bool:
    """Return whether no other server has waited longer for the same memory, or less of it.

    Otherwise a client that keeps connecting to one server would shut out those of another.
    """
    for each in waiting_servers:
        if (
            (each._identity is None) == (server._identity is None)
            and len(each._open) < each.max_connections
            and each.connection_bytes <= server.connection_bytes
        ):
            return each is server
    return True


def fits(server) -> bool:
    """Return whether there is memory for one more connection of *server*."""
    if len(server._open) >= server.max_connections:
        return False
    wanted = server.connection_bytes
    if server._identity:
        # First: a page that is being answered may have what was held, see tls_reserve.lend.
        if not tls_reserve.size_bytes() and tls_reserve.tls_free_bytes(wanted) < wanted:
            return False
        if not hold_spare(server):  # Only now, on a board whose radio was not on before.
            return False
        wanted -= tls_reserve.size_bytes()
    return tls_reserve.tls_free_bytes(wanted) >= wanted


def hold_spare(server) -> bool:
    """Hold the memory of the next TLS connection, while *server* runs; see tls_reserve.hold."""
    secure = [one._open for one in servers if one._identity]
    return server in servers and bool(secure) and tls_reserve.hold(sum(map(len, secure)))


def end_one() -> bool:
    """End the longest idle of the connections that make room, of any server; return whether."""
    found = [(server, one) for server in servers for one in server._open if one.yields()]
    if found:
        server, connection = max(found, key=lambda pair: pair[1].idle_ms())
        server.end(connection)
    return bool(found)
