"""One virtual board at a time in a directory."""

from pathlib import Path
from typing import TextIO

from ..errors import Error

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def lock(directory: Path) -> TextIO:
    """Return a file that holds the lock of *directory* until it is closed, or its process ends.

    Raises Error if another process holds it. Without flock (on Windows), nothing is locked.
    """
    file = (directory / "lock").open("w")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise Error(
                f"a virtual board is running in {directory} already", "use another directory"
            ) from None
    return file
