"""The end of one attempt in an event loop: a timer for each wait, and no task of its own."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class Limit:
    """A moment, *timeout_s* seconds after it was made; what is awaited is awaited until then."""

    def __init__(self, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + timeout_s

    async def of(self, future: "asyncio.Future[_Result]") -> _Result:
        """Return what a future gives. Raises TimeoutError when the time is up."""
        timer = self._loop.call_at(self._end, _expire, future)
        try:
            return await future
        finally:
            timer.cancel()

    async def until_readable(self, descriptor: int) -> None:
        """Wait until something can be read."""
        await self._ready(descriptor, self._loop.add_reader, self._loop.remove_reader)

    async def until_writable(self, descriptor: int) -> None:
        """Wait until something can be written, or a connection is made or refused."""
        await self._ready(descriptor, self._loop.add_writer, self._loop.remove_writer)

    async def _ready(
        self, descriptor: int, add: Callable[..., object], remove: Callable[[int], object]
    ) -> None:
        future: asyncio.Future[None] = self._loop.create_future()
        add(descriptor, _wake, future)
        try:
            await self.of(future)
        finally:
            remove(descriptor)


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _expire(future: "asyncio.Future[Any]") -> None:
    if not future.done():
        future.set_exception(TimeoutError("timed out"))
