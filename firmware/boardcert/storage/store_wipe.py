"""Overwrite what deleted files have left in flash, as far as a file system allows it.

littlefs never writes in place: the bytes of a file that was replaced or deleted stay in blocks
that are free now, and those of small files in the logs of their directory. Each log has a range of
names: so, just before each name there is, it is rewritten until both of its blocks are new. Then
all free blocks are filled. The filler is never closed, so a loss of power leaves no trace of it:
its blocks were never in use.

FAT writes in place: there, store_remove overwrites what it deletes, and nothing is filled, as a
loss of power would leave the blocks of the filler lost.
"""

import os

from micropython import const

from .store_write import is_fat

MAX_FREE_BYTES = 8 << 20
"""More is not filled: it is not a board's own flash, or would take minutes (12 s per MB)."""

_ENOSPC = const(28)  # Which MicroPython's errno does not name.
_EARLY = "!"  # In place of a name's last character: just before that name.
_LOG_WRITES = const(48)  # With their contents, more than two blocks of 4 KB.
_LOG_BYTES = const(200)
_CHUNK_BYTES = const(512)  # Not a block: a fragmented heap may have no 4 KB in one piece.
_STEP_BYTES = const(65536)


def wipe(directory: str, progress=None) -> str:
    """Fill the free flash; return a sentence on how far that went.

    *progress*("wipe") is called again and again meanwhile, to feed a watchdog for example.
    """
    if is_fat(directory):
        return "what was deleted was overwritten; copies made earlier may still be in flash"
    try:
        free_bytes = _free_bytes(directory)
    except OSError as error:
        return f"what was deleted may still be in flash: {error}"
    if free_bytes > MAX_FREE_BYTES:
        return "what was deleted may still be on the medium: it is too large to be overwritten"
    try:
        written = _overwrite(f"{directory}/wipe.new", progress)
    except OSError as error:
        return f"what was deleted may still be in flash: overwriting it failed ({error})"
    return f"the free flash was overwritten: {written >> 10} KB"


def _free_bytes(directory: str) -> int:
    details = os.statvfs(directory)
    return details[1] * details[3]  # The size of a block, and how many are free.


def _overwrite(path: str, progress) -> int:
    """Rewrite the directory's logs and fill the free blocks; return the bytes of the latter."""
    directory = path.rsplit("/", 1)[0]
    names = [name for name in os.listdir(directory) if name[-1] != _EARLY]  # But for leftovers.
    for name in [""] + [name[:-1] for name in names]:
        _rewrite_log(f"{directory}/{name}{_EARLY}", progress)
    try:
        _write_log(path)
        return _fill(path, progress)
    finally:
        os.remove(path)


def _rewrite_log(path: str, progress) -> None:
    if progress:
        progress("wipe")
    try:
        _write_log(path)
    finally:
        os.remove(path)


def _write_log(path: str) -> None:
    for _ in range(_LOG_WRITES):
        with open(path, "wb") as file:
            file.write(bytes(_LOG_BYTES))


def _fill(path: str, progress) -> int:
    """Write zeros until the file system is full, and return how many bytes."""
    chunk = bytes(_CHUNK_BYTES)
    written = 0
    with open(path, "wb") as file:
        try:
            while True:
                if progress and written % _STEP_BYTES == 0:
                    progress("wipe")
                written += file.write(chunk)
        except OSError as error:
            if error.errno != _ENOSPC:
                raise
    return written
