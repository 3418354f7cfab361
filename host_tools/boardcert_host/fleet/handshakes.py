"""Handshakes in an event loop: the same as in `verify.tls_probe`, which waits for one at a time.

OpenSSL works on a socket that does not block. asyncio's own TLS would hand each byte on once more,
and does not say which servers are silent and which drip.
"""

import errno
import os
import socket
import ssl
import time

from ..targets import Target, is_address
from ..verify.asking import Handshake, Shown
from ..verify.network_errors import DRIPPING, STALLED, network_error, unfinished
from ..verify.tls_probe import (
    LOOK_UP_S,
    Session,
    flawed_session,
    refusal_of,
    session_of,
    trusting_context,
    unverified_context,
)
from .limit import Limit
from .resolving import Address, Resolver


class Shaker:
    """Shakes hands with servers, each within *timeout_s*; contexts are made once."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._resolver = Resolver()
        self._looking = unverified_context()
        self._trusting: dict[str | None, ssl.SSLContext] = {}

    def close(self) -> None:
        """Stop the look-up of names."""
        self._resolver.close()

    async def shake_hands(self, wanted: Handshake) -> Shown:
        """Do one handshake, as `probe` or `probe_chain` does. Raises Error."""
        target = wanted.target
        try:
            if not wanted.is_trusting:
                return await self._session(self._looking, wanted), None
            if wanted.ca_file not in self._trusting:
                self._trusting[wanted.ca_file] = trusting_context(wanted.ca_file)
            return await self._session(self._trusting[wanted.ca_file], wanted), None
        except ssl.SSLError as error:
            if wanted.is_trusting:
                return Session(), refusal_of(error, target)
            return flawed_session(error, target), None
        except OSError as error:
            raise network_error(error, target, self._timeout_s) from error

    async def _session(self, context: ssl.SSLContext, wanted: Handshake) -> Session:
        target, limit = wanted.target, Limit(self._timeout_s)
        addresses, was_not_found = await self._find(target, limit)
        plain = await _connect(addresses, limit)
        try:
            # It takes the socket over, or closes it.
            secure = context.wrap_socket(
                plain, server_hostname=wanted.server_name, do_handshake_on_connect=False
            )
        except BaseException:
            plain.close()
            raise
        with secure:
            kind = await _finish(secure, limit, self._timeout_s)
            if kind:
                raise unfinished(kind, target, self._timeout_s)
            return session_of(secure, was_not_found)

    async def _find(self, target: Target, limit: Limit) -> tuple[list[Address], bool]:
        """Return where *target* is, and whether its name was not found: then, where it was last."""
        find = self._resolver.find
        if target.address is None or is_address(target.host):
            return await find(target.host, target.port, limit), False
        try:
            soon = Limit(min(LOOK_UP_S, self._timeout_s))
            return await find(target.host, target.port, soon), False
        except OSError:  # TimeoutError is one.
            return await find(target.address, target.port, limit), True


async def _connect(addresses: list[Address], limit: Limit) -> socket.socket:
    """Connect to the first of *addresses* that answers. Raises OSError."""
    failure: OSError | None = None
    for family, address in addresses:
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.setblocking(False)
            await _connect_to(plain, address, limit)
            return plain
        except OSError as error:
            plain.close()
            failure = error
        except BaseException:
            plain.close()
            raise
    raise failure or OSError("no address")


async def _connect_to(plain: socket.socket, address: object, limit: Limit) -> None:
    code = plain.connect_ex(address)  # pyright: ignore[reportArgumentType]
    if code == errno.EINPROGRESS:
        await limit.until_writable(plain.fileno())
        code = plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))  # Of the subclass that the number has.


async def _finish(secure: ssl.SSLSocket, limit: Limit, timeout_s: float) -> str | None:
    """Shake hands; return why that was not done in time: STALLED or DRIPPING."""
    first = last = 0.0
    try:
        while True:
            try:
                secure.do_handshake()
                return None
            except ssl.SSLWantReadError:
                await limit.until_readable(secure.fileno())
                last = time.monotonic()
                first = first or last
            except ssl.SSLWantWriteError:
                await limit.until_writable(secure.fileno())
    except TimeoutError:
        # One that says something at once, and then no more, does not drip.
        return DRIPPING if last - first > timeout_s / 2 else STALLED
