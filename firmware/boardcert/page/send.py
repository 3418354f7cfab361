"""Send the body of an answer of the page or its API, in pieces; head has begun it."""

import gc

from .answer import body

_PIECE_BYTES = 600
"""Of a TLS record: when its parts are joined, they are in memory twice."""

_HEAD_BYTES = 300
"""The first one has the answer's head before it."""


async def send(_, request, found: tuple) -> None:
    """Send the body of the answer that was *found*, see portal."""
    for chunk in in_chunks(body(request, found)(), _HEAD_BYTES):
        await request.write(chunk)
        chunk = None  # Not beside the next one.


def in_chunks(pieces, size: int = 0):
    """Yield the bytes of *pieces*, several short ones at once: each chunk is a TLS record.

    *size*: of what comes before, in the first one.
    """
    waiting = []
    for piece in pieces:
        if size + len(piece) > _PIECE_BYTES and waiting:
            waiting = _joined(waiting)
            while waiting:  # What is sent should not be in memory beside what comes.
                yield waiting.pop(0)
            size = 0
        waiting.append(piece)
        size += len(piece)
    yield from _joined(waiting)


def _joined(pieces: list) -> list:
    """Return *pieces* as one; as they are, where no piece of memory is large enough for that."""
    for _ in range(2):
        try:
            return [b"".join(pieces)]
        except MemoryError:
            gc.collect()
    return pieces
