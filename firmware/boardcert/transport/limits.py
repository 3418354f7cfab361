"""Limits of what one client may take of memory and time."""

import sys


class Limits:
    """Limits of the memory and time that clients may take; each is an argument of serve()."""

    max_connections = 8
    """Connections at once, unless memory is the tighter limit. One more waits for its turn."""

    connection_bytes = 38_000 if sys.platform == "esp32" else 44_000
    """Free memory below which no connection begins: that of TLS for one, and a reserve.

    Memory that is held for it counts as free. On esp32 it is ESP-IDF's: with 1 to 5 KB left,
    answers stall; with 14 KB none did.
    """

    handshake_timeout_ms = 10_000
    """From accepting a connection to the first bytes of its first request."""

    head_timeout_ms = 10_000
    """From the first byte of a request's head to the last."""

    silent_ms = 2000
    """A client that is silent for longer before its request is complete makes room for another."""

    body_timeout_ms = 10_000
    """How far a client may fall behind min_bytes_per_s while it sends the body of a request."""

    idle_timeout_ms = 30_000
    """Between two pieces of data that the client sends or accepts, after the first."""

    min_bytes_per_s = 200
    """Clients that send a body, or read an answer, more slowly than this use up their time."""

    max_header_bytes = 4096
    """Of the lines of a request's head, for a Microdot app and for handlers that read lines."""

    max_body_bytes = 16_384
    """Of a request to a Microdot app, whose own Request.max_content_length applies as well."""

    backlog = 2 if sys.platform == "esp32" else 8
    """Connections that wait in the network stack. rp2 resets any beyond that; above the number of
    lwIP's connections (5 there), a client has to try again instead.

    On esp32 it always has to, up to 6: more would be reset. There, each client takes 2.2 KB and
    more of the memory of TLS as soon as it has sent something.
    """


class LimitError(OSError):
    """The client sent more, or took longer, than a limit allows."""
