"""The memory of the next TLS connection, held before it comes.

TLS takes its buffers in large pieces. If these were free between two connections, small objects
that last would be allocated there, until no free piece was large enough for another client.
On esp32, TLS has a heap of its own: see esp32_reserve.
"""

import gc
import io
import sys

if sys.platform == "esp32":
    from .esp32_reserve import (
        heap_free_bytes,
        hold,
        lend,
        release,
        release_all,
        size_bytes,
        tls_free_bytes,
    )
else:
    # TLS's input buffer on MicroPython's boards, in whole blocks of the heap (16 bytes): 16,384 of
    # a record, 333 around it, 8 of the allocator's. If it were more, small objects would take what
    # TLS leaves of it, and it would not fit again. Then what else a connection takes.
    _PIECES = (16_736, 7_000)

    _held = []

    def hold(connections: int) -> bool:
        """Take the memory of the next connection, while there are *connections* of TLS.

        Return whether it is there, as far as it can be held.
        """
        for _ in range(2):
            try:
                for size in _PIECES[len(_held) :]:
                    _held.append(io.BytesIO(size))
            except MemoryError:
                gc.collect()
        return bool(_held)

    def lend(wanted_bytes: int) -> None:
        """Give what is held of MicroPython's heap to work that needs *wanted_bytes* of it."""
        if heap_free_bytes(wanted_bytes) < wanted_bytes:
            release()

    def heap_free_bytes(wanted_bytes: int) -> int:
        """Return what is free of MicroPython's heap; collect garbage below *wanted_bytes*."""
        if gc.mem_free() < wanted_bytes:  # It counts for 6 ms on rp2.
            gc.collect()
        return gc.mem_free()

    tls_free_bytes = heap_free_bytes
    """The same of the heap that TLS has."""

    def size_bytes() -> int:
        """Return how much is held for the next connection."""
        return sum(_PIECES[: len(_held)])

    def release() -> None:
        """Give the memory of one connection back, at once.

        A BytesIO frees its buffer when it is closed. The collector would leave what it still sees
        on the stack.
        """
        while _held:
            _held.pop().close()

    release_all = release
    """Give back all that is held."""
