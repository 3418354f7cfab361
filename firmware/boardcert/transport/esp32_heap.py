"""The two heaps of an esp32: ESP-IDF's, and MicroPython's, which grows into it."""

import gc
from time import sleep_ms

_LEAST_STACK_BYTES = 4096
_END_MS = 20
"""In which the firmware gives back the stack of a thread that has ended."""
_WORD = [None]  # A list of many is taken in one call.
_WORD_BYTES = 4
_KEPT_WORDS = 8
"""More than a block of 16 bytes: MicroPython gives an area back whose first block alone is used."""
_HALVINGS = 16
_INTERNAL_BYTES = 1_000_000
"""More than any region of a chip's own memory has, and less than the smallest PSRAM."""


def grow(growth_bytes: int) -> list:
    """Let MicroPython's heap grow now by *growth_bytes*: the stack of a thread holds the rest.

    By more, where there is no memory for that: it takes the largest free piece. Return what keeps
    the second area, which a collection gives back if nothing in it is used.
    """
    import _thread

    ending = _thread.allocate_lock()
    ending.acquire()
    most_bytes = largest_bytes()
    rest_bytes = most_bytes - growth_bytes
    if rest_bytes >= _LEAST_STACK_BYTES:
        stack_bytes = _thread.stack_size(rest_bytes)
        try:
            _thread.start_new_thread(ending.acquire, ())
        except OSError:  # Without one, the heap grows by more.
            pass
        _thread.stack_size(stack_bytes)
    pieces = []
    try:
        _fill(pieces, min(most_bytes, growth_bytes))
    except MemoryError:
        pass
    for piece in pieces:
        _shrink(piece)
    ending.release()
    sleep_ms(_END_MS)
    return pieces[-1:]


def _fill(pieces: list, growth_bytes: int) -> None:
    """Fill MicroPython's heap until it has grown, and then by one more, the last of *pieces*.

    That one lies in the second area: the first has no room for a piece. It may have some for what
    else takes memory meanwhile, a callback of the program or the list of the pieces: what the heap
    grew for is not known, and may be gone soon.
    """
    piece_bytes = growth_bytes // 3
    before_bytes = free_bytes()
    has_grown = False
    while not has_grown:
        has_grown = before_bytes - free_bytes() > 2 * piece_bytes
        pieces.append(_WORD * (piece_bytes // _WORD_BYTES))


def _shrink(piece: list) -> None:
    """Give the memory of *piece* back but for its beginning, whatever refers to it.

    At once: a list that is more than half empty gives half back, in place, with each pop().
    """
    del piece[_KEPT_WORDS + _HALVINGS :]
    while len(piece) > _KEPT_WORDS:
        piece.pop()


def has_psram() -> bool:
    """Return whether ESP-IDF's heap has PSRAM, in which TLS's buffers and this heap's growth fit.

    That is seen by the size of a region: MicroPython's heap may have grown over most of it.
    """
    return _has_psram(regions())


def own_free_bytes() -> int:
    """Return what is free of MicroPython's heap as it is, and with PSRAM what it can grow by."""
    found = regions()
    # mem_free() counts what ESP-IDF could give.
    return gc.mem_free() - (0 if _has_psram(found) else _largest_bytes(found))


def largest_bytes() -> int:
    """Return the size of the largest free piece of ESP-IDF's heap."""
    return _largest_bytes(regions())


def _has_psram(found: list) -> bool:
    return max([size for size, _, _, _ in found]) > _INTERNAL_BYTES


def _largest_bytes(found: list) -> int:
    return max([largest for _, _, largest, _ in found])


def free_bytes() -> int:
    """Return how much of ESP-IDF's heap is free."""
    return sum([free for _, free, _, _ in regions()])


def regions() -> list:
    """Return size, free bytes, largest free piece and least free bytes of each region of it."""
    import esp32

    return esp32.idf_heap_info(esp32.HEAP_DATA)
