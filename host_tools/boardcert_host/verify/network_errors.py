"""Network errors: one word for each kind, and a sentence with a hint."""

import socket
import ssl

from ..errors import Error
from ..targets import PORTAL_PORT, Target, in_local

NOT_FOUND, NO_ANSWER, REFUSED = "not found", "no answer", "refused"
CLOSED, NOT_TLS, NO_HANDSHAKE = "closed", "not TLS", "handshake failed"
# Which of the servers that do not finish: one says nothing, the other goes on without an end.
STALLED, DRIPPING = "stalled", "dripping"
UNREACHABLE = "unreachable"
KINDS = (NOT_FOUND, NO_ANSWER, REFUSED, CLOSED, NOT_TLS, NO_HANDSHAKE, STALLED, DRIPPING)
KINDS += (UNREACHABLE,)

# What OpenSSL says of bytes that are not TLS records.
_NOT_TLS_REASONS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_TOO_SMALL")
_NOT_TLS_REASONS += ("PACKET_LENGTH_TOO_LONG",)
_NOT_TLS_HINT = (
    f"is this the HTTPS port? boardcert's page is on {PORTAL_PORT}, HTTPS servers mostly on 443"
)
_HANDSHAKE_HINT = (
    "no common TLS version or cipher suite: boardcert supports TLS 1.2 and 1.3 with ECDHE"
)
_UNFINISHED = {
    STALLED: "accepted the connection, then said nothing for",
    DRIPPING: "sends so slowly that no handshake was done within",
}


class Unreachable(Error):
    """A server with which no handshake could be made, which says nothing about it. *kind*: why."""

    def __init__(self, kind: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.kind = kind


def network_error(error: OSError, target: Target, timeout_s: float) -> Unreachable:
    """Return what an OSError, but for an ssl.SSLError, says of *target*."""
    if isinstance(error, socket.gaierror):
        hint = "check the spelling, or use the address; `boardcert doctor` looks at names in .local"
        if in_local(target.host) != target.host:
            hint = f"boards are found as names in .local: {in_local(target.host)}"
        return Unreachable(NOT_FOUND, f"cannot find {target.host}: {error.strerror}", hint)
    if isinstance(error, TimeoutError):
        hint = "is the board on this network? --timeout allows more time"
        message = f"{target} did not answer within {timeout_s:g} s"
        return Unreachable(NO_ANSWER, message, hint)
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(REFUSED, f"{target} refused the connection", target.refused_hint())
    if isinstance(error, ConnectionError):
        return _closed(target)
    return Unreachable(UNREACHABLE, f"cannot reach {target}: {error.strerror or error}")


def unfinished(kind: str, target: Target, timeout_s: float) -> Unreachable:
    """Return what a handshake says of *target* that took too long: STALLED or DRIPPING."""
    message = f"{target} {_UNFINISHED[kind]} {timeout_s:g} s"
    return Unreachable(kind, message, "--timeout allows more time; or restart the board")


def handshake_error(error: ssl.SSLError, target: Target) -> Unreachable:
    """Return the Error for a failed handshake that says nothing about the certificate."""
    reason = error.reason or str(error)
    if reason in _NOT_TLS_REASONS:
        return Unreachable(NOT_TLS, f"{target} does not speak TLS", _NOT_TLS_HINT)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _closed(target)
    plain = reason.replace("_", " ").lower()
    message = f"the handshake with {target} failed: {plain}"
    return Unreachable(NO_HANDSHAKE, message, _HANDSHAKE_HINT)


def _closed(target: Target) -> Unreachable:
    hint = "the board may be out of memory or restarting; try again, then look at its console"
    return Unreachable(CLOSED, f"{target} closed the connection during the handshake", hint)
