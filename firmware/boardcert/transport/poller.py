"""asyncio's queue of streams, guarded: a stream that cannot be polled fails by itself.

It is one that was closed while a task waits for it: the application's, or another's. Without this,
it would end the whole event loop.
"""

# The stubs leave out asyncio.core.
# pyright: reportAttributeAccessIssue=false

import asyncio

_guarded = None


def guard_poller() -> None:
    """Guard the queue of the event loop that there is now, once."""
    global _guarded
    queue = asyncio.core._io_queue
    if _guarded is queue:
        return
    _guarded = queue
    wait = queue.wait_io_event

    def wait_io_event(time_ms: int) -> None:
        try:
            wait(time_ms)
        except OSError:
            from .poll_repair import repair

            repair(queue)

    queue.wait_io_event = wait_io_event
