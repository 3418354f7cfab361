"""The memory of the next TLS connection, held before it comes.

TLS takes its buffers in large pieces. Were these free between two connections, small things that
last would come to lie there, until no free piece was large enough and no client could connect.
On esp32, TLS has a heap of its own: see reserve.
"""

import gc
import io
import sys

# TLS's input buffer on MicroPython's boards, to the 16 bytes of a block of the heap: 16,384 of a
# record, 333 around it, 8 of the allocator's. Were it more, what TLS leaves of it would go to
# small things, and it would not fit again. Then what else a connection takes.
_PIECES = (16_736, 7_000)

_held = []
_reserve = None
if sys.platform == "esp32":
    from . import reserve as _reserve


def hold(connections: int = 0) -> bool:
    """Take the memory of the next connection, while there are *connections* of TLS.

    Tell whether it is there, as far as it can be held.
    """
    if _reserve:
        return _reserve.hold(connections)
    for _ in range(2):
        try:
            for size in _PIECES[len(_held) :]:
                _held.append(io.BytesIO(size))
        except MemoryError:
            gc.collect()
    return bool(_held)


def lend(wanted_bytes: int) -> None:
    """Give what is held of MicroPython's heap to work that needs *wanted_bytes* of it."""
    if not _reserve and heap_free_bytes(wanted_bytes) < wanted_bytes:
        release_all()


def heap_free_bytes(wanted_bytes: int) -> int:
    """Return what is free of MicroPython's heap, as it is; collect garbage below *wanted_bytes*."""
    # On esp32, mem_free() counts what ESP-IDF could give.
    idf_bytes = _reserve.largest_bytes() if _reserve else 0
    if gc.mem_free() - idf_bytes < wanted_bytes:
        gc.collect()
    return gc.mem_free() - idf_bytes


def size_bytes() -> int:
    """Return how much is held for the next connection."""
    if _reserve:
        return _reserve.size_bytes()
    return sum(_PIECES[: len(_held)])


def release() -> None:
    """Give the memory of one connection back, at once.

    A BytesIO frees its buffer when it is closed. The collector would leave what it still sees on
    the stack.
    """
    if _reserve:
        _reserve.release()
    while _held:
        _held.pop().close()


def release_all() -> None:
    """Give back all that is held."""
    while size_bytes():
        release()
