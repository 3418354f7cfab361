"""Gather what many servers show, in an event loop: a bounded number at once, each with a limit."""

import asyncio
import contextlib
import functools
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ..errors import Error
from ..targets import Target
from ..verify.asking import asking
from ..verify.judging import Gathered, Options
from ..verify.network_errors import (
    CLOSED,
    NO_ANSWER,
    NOT_FOUND,
    REFUSED,
    STALLED,
    UNREACHABLE,
    Unreachable,
)
from .handshakes import Shaker
from .jobs import Job
from .limit import Limit

_Result = TypeVar("_Result")

# Results are judged and noted in groups: a transaction for each takes longer than the handshake.
_GROUP = 200
# A slow fleet is noted, and printed, at least so often.
_GROUP_S = 2.0
# Servers that wait for their next attempt use no connection; of them there may be more.
_PLACES_FOR_EACH = 4
# What may be over by the next attempt; what a server has said stays said.
_PASSING = (NOT_FOUND, NO_ANSWER, REFUSED, CLOSED, STALLED, UNREACHABLE)


@dataclass(frozen=True)
class Pace:
    """How many servers at once, and how often each. *backoff_s*: before the first repetition.

    Each further one waits for twice as long, and up to half as long again, so that boards which
    restarted together are not asked together.
    """

    parallel: int = 200
    retries: int = 2
    backoff_s: float = 1.0


@dataclass(frozen=True)
class Answer:
    """What came of one job, after so many *attempts*. *gathered*: None without a host."""

    job: Job
    gathered: Gathered | None
    attempts: int


class Gatherer:
    """Asks the servers of pages, and gives what they showed to *take*, in groups.

    *take* and the pages run in one thread beside the loop, in turns: both use the inventory.
    """

    def __init__(
        self, options: Options, pace: Pace, take: Callable[[Sequence[Answer]], None]
    ) -> None:
        self._options = options
        self._pace = pace
        self._take = take
        self._beside = ThreadPoolExecutor(1, "fleet")
        self._group: list[Answer] = []
        self._failure: Exception | None = None
        self._is_over = False

    def run(self, pages: Iterator[list[Job]]) -> None:
        """Ask all. Whatever ends it, also Ctrl-C, what was gathered until then is taken.

        Raises what *take* and *pages* raise.
        """
        try:
            asyncio.run(self._run(pages))
        finally:
            if self._group and self._failure is None:
                self._beside.submit(self._take, self._group).result()
            self._beside.shutdown()

    async def _run(self, pages: Iterator[list[Job]]) -> None:
        loop = asyncio.get_running_loop()
        self._full: asyncio.Future[None] = loop.create_future()
        self._shaker = Shaker(self._options.timeout_s)
        self._connections = asyncio.Semaphore(self._pace.parallel)
        self._places = asyncio.Semaphore(self._pace.parallel * _PLACES_FOR_EACH + _GROUP)
        self._tasks: set[asyncio.Task[None]] = set()
        giving, feeding = (asyncio.create_task(one) for one in (self._give(), self._feed(pages)))
        try:
            done, _ = await asyncio.wait({giving, feeding}, return_when=asyncio.FIRST_EXCEPTION)
            for one in done:
                one.result()
        finally:
            for one in (giving, feeding, *self._tasks):
                one.cancel()
            self._shaker.close()

    async def _feed(self, pages: Iterator[list[Job]]) -> None:
        """Begin with each job as there is a place for it; return when all have their answer."""
        while page := await self._aside(lambda: next(pages, None)):
            for job in page:
                await self._places.acquire()
                task = asyncio.create_task(self._work(job))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        self._is_over = True
        self._end_group()

    async def _work(self, job: Job) -> None:
        try:
            answer = await self._ask(job)
            self._group.append(answer)  # To the group of this moment, which is another by now.
        except Exception as error:  # noqa: BLE001 (raised again by the task that gives)
            self._failure = error
        if len(self._group) >= _GROUP or self._failure:
            self._end_group()

    def _end_group(self) -> None:
        if not self._full.done():
            self._full.set_result(None)

    async def _give(self) -> None:
        """Give answers on, in groups, until all are over. Their places are free then."""
        while not self._is_over or self._group:
            with contextlib.suppress(TimeoutError):
                await Limit(_GROUP_S).of(self._full)
            self._full = asyncio.get_running_loop().create_future()
            if self._failure:
                raise self._failure
            group, self._group = self._group, []
            if not group:
                continue
            try:
                await self._aside(functools.partial(self._take, group))
            except Exception as error:
                self._failure = error
                raise
            for _ in group:
                self._places.release()

    async def _ask(self, job: Job) -> Answer:
        """Ask one server, again for as long as that may help."""
        if isinstance(job.target, Error):
            return Answer(job, None, 0)
        wait_s = self._pace.backoff_s
        for attempt in range(1, self._pace.retries + 1):
            gathered = await self._gather(job.target)
            if not _may_pass(gathered.result.error):
                return Answer(job, gathered, attempt)
            await asyncio.sleep(wait_s * random.uniform(1, 1.5))  # noqa: S311 (no secret)
            wait_s *= 2
        return Answer(job, await self._gather(job.target), self._pace.retries + 1)

    async def _gather(self, target: Target) -> Gathered:
        """Do the network part for one server."""
        steps = asking(target, self._options)
        async with self._connections:
            wanted = next(steps)
            try:
                while True:
                    try:
                        shown = await self._shaker.shake_hands(wanted)
                    except Error as error:
                        wanted = steps.throw(error)
                    else:
                        wanted = steps.send(shown)
            except StopIteration as end:
                return end.value

    async def _aside(self, function: Callable[[], _Result]) -> _Result:
        """Run what blocks in the thread beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._beside, function)


def _may_pass(error: Error | None) -> bool:
    return isinstance(error, Unreachable) and error.kind in _PASSING
