"""Find the streams that cannot be polled, one of which would end asyncio's event loop."""

import asyncio
import select
import time

_PAUSE_MS = 10


def repair(queue) -> None:
    """Remove such streams from asyncio's *queue*, and wake the tasks that wait for them.

    Their next use of the stream raises an error in these tasks alone.
    """
    # The stubs leave out asyncio.core.
    push = asyncio.core._task_queue.push  # pyright: ignore[reportAttributeAccessIssue]
    entries = [entry for entry in queue.map.values() if not _can_be_polled(entry[2])]
    for *tasks, stream in entries:
        queue.poller.unregister(stream)
        del queue.map[id(stream)]
        for task in tasks:
            if task is not None:
                push(task)
    if not entries:
        time.sleep_ms(_PAUSE_MS)  # It was something else; not in a loop without a pause.


def _can_be_polled(stream) -> bool:
    poller = select.poll()
    poller.register(stream, select.POLLIN | select.POLLOUT)
    try:
        poller.poll(0)
    except OSError:
        return False
    return True
