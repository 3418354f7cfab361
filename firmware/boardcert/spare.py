"""The memory of one TLS connection, held while there is none.

TLS takes its buffers in large pieces. Were these free between two connections, small things that
last would come to lie there, until no free piece was large enough and no client could connect.
"""

import gc
import io
import sys

# TLS's input buffer on MicroPython's boards, to the 16 bytes of a block of the heap: 16,384 of a
# record, 333 around it, 8 of the allocator's. Were it more, what TLS leaves of it would go to
# small things, and it would not fit again. Then what else a connection takes.
_PIECES = (16_736, 7_000)

_held = []


def hold() -> None:
    """Take the memory, as far as it is there; not on esp32, where TLS has a heap of its own."""
    if _held or sys.platform == "esp32":
        return
    gc.collect()
    try:
        for size in _PIECES:
            _held.append(io.BytesIO(size))
    except MemoryError:
        pass


def size_bytes() -> int:
    """Return how much is held."""
    return sum(_PIECES[: len(_held)])


def release() -> None:
    """Give the memory back, at once.

    A BytesIO frees its buffer when it is closed. The collector would leave what it still sees on
    the stack.
    """
    while _held:
        _held.pop().close()
