"""Transformed packages, kept in the user's cache: making one takes five seconds of CPU time.

Each has a file, named by a digest of everything that it depends on: the modules, the plan of
bundles, Microdot, the transformation itself, and the version of Python.
"""

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from ..directories import cache_directory
from ..files import write_whole

_DIRECTORY, _LOCKS = "packages", "package-locks"
# Four forms for three processors, for two checkouts; a package takes 250 KB.
_MOST_FILES = 24
# Longer than that, no other process takes to make one: it has died, or the disk is not a local one.
_TURN_TIMEOUT_S = 60

# The sources of this room, which make the package. Read now: a checkout may change while it runs,
# and what the old program makes would be kept as made by the new one.
_PROGRAM = [path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]

Sources = dict[str, str]


def kept_sources(origin: object, make: Callable[[], Sources]) -> Sources:
    """Return what *make* returned earlier for the same *origin*, or call it and keep the result.

    *origin*: anything whose repr() contains all that the result depends on, apart from this room
    and Python. If the cache cannot be written, or a file in it is damaged, nothing is kept.
    """
    key = _digest(repr((sys.version, _PROGRAM, origin)).encode())
    path = cache_directory() / _DIRECTORY / f"{key[:32]}.json"
    with contextlib.suppress(OSError, ValueError):
        return _read(path)
    with _turn(path):
        with contextlib.suppress(OSError, ValueError):
            return _read(path)
        sources = make()
        with contextlib.suppress(OSError):
            content = json.dumps(sources).encode()
            write_whole(path, f"{_digest(content)}\n".encode() + content)
            _remove_oldest(path.parent)
    return sources


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Let one process at a time make *path*: those that wait then read it, as tests do in parallel.

    If there can be no lock, each makes its own.
    """
    file = path.parent.with_name(_LOCKS) / path.stem[0]  # Sixteen of them, which stay.
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, filelock.Timeout):
            file.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(filelock.FileLock(file, timeout=_TURN_TIMEOUT_S))
        yield


def _read(path: Path) -> Sources:
    """Read a kept package. Raises OSError, or ValueError for a file that was altered."""
    digest, _, content = path.read_bytes().partition(b"\n")
    if digest.decode() != _digest(content):
        raise ValueError("the file is damaged")
    return json.loads(content)


def _remove_oldest(directory: Path) -> None:
    files = sorted(directory.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in files[:-_MOST_FILES]:
        path.unlink(missing_ok=True)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
