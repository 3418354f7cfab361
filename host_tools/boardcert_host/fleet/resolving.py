"""Names looked up beside an event loop, which a silent name server does not hold up.

The system's resolver knows all ways to a name, mDNS among them, but blocks and takes no timeout. It
runs in daemon threads, which hold up neither the loop nor the end of the program.
"""

import asyncio
import contextlib
import queue
import socket
import threading
from typing import Any

from ..targets import is_address
from .limit import Limit

Address = tuple[socket.AddressFamily, Any]
"""A family, and what `connect` takes of it."""

# Each waits for one answer: as many names as these may be silent at once.
_THREADS = 32
_Question = tuple[str, int, "asyncio.Future[list[Address]]"]


class Resolver:
    """Looks names up in threads, which it starts as they are needed. Addresses take none."""

    def __init__(self) -> None:
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._threads = 0
        self._waiting = 0

    async def find(self, host: str, port: int, limit: Limit) -> list[Address]:
        """Return where *host* is, in the order in which to try. Raises OSError."""
        if is_address(host):
            return _look_up(host, port, socket.AI_NUMERICHOST)
        future: asyncio.Future[list[Address]] = asyncio.get_running_loop().create_future()
        self._waiting += 1
        if self._threads < min(self._waiting, _THREADS):
            self._threads += 1
            threading.Thread(target=self._answer, daemon=True).start()
        self._questions.put((host, port, future))
        try:
            return await limit.of(future)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads that are not waiting for an answer."""
        for _ in range(self._threads):
            self._questions.put(None)

    def _answer(self) -> None:
        while question := self._questions.get():
            host, port, future = question
            found: list[Address] | OSError
            try:
                found = _look_up(host, port)
            except UnicodeError:  # A name of which a label is too long for DNS.
                found = socket.gaierror(socket.EAI_NONAME, "not a name in DNS")
            except OSError as error:
                found = error
            with contextlib.suppress(RuntimeError):  # The loop is closed.
                future.get_loop().call_soon_threadsafe(_settle, future, found)


def _look_up(host: str, port: int, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, flags)
    return [(family, address) for family, _, _, _, address in found]


def _settle(future: "asyncio.Future[list[Address]]", found: list[Address] | OSError) -> None:
    if future.done():  # Nobody waits any more.
        return
    if isinstance(found, OSError):
        future.set_exception(found)
    else:
        future.set_result(found)
