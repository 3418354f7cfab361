"""Transformed packages, kept in the user's cache: making one takes five seconds of a processor.

Each has a file, named after everything that it depends on: the modules, the plan of bundles,
Microdot, the transformation itself, and the Python that writes the sources.
"""

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from ..directories import cache_directory
from ..files import write_whole

_DIRECTORY = "packages"
# Four forms of three processors at a time, for two checkouts; a package is 250 KB.
_MOST_FILES = 24

Sources = dict[str, str]


def kept_sources(origin: object, make: Callable[[], Sources]) -> Sources:
    """Return what *make* returned earlier for the same *origin*, or call it and keep the result.

    *origin*: anything whose repr() says all that the result depends on, besides this room of the
    program and Python. If the cache cannot be written or a file in it is damaged, nothing is kept.
    """
    key = _digest(repr((sys.version, _program(), origin)).encode())
    path = cache_directory() / _DIRECTORY / f"{key[:32]}.json"
    with contextlib.suppress(OSError, ValueError):
        return _read(path)
    sources = make()
    with contextlib.suppress(OSError):
        content = json.dumps(sources).encode()
        write_whole(path, f"{_digest(content)}\n".encode() + content)
        _remove_oldest(path.parent)
    return sources


def _read(path: Path) -> Sources:
    """Read a kept package. Raises OSError, or ValueError for a file that is not as it was."""
    digest, _, content = path.read_bytes().partition(b"\n")
    if digest.decode() != _digest(content):
        raise ValueError("the file is damaged")
    return json.loads(content)


def _remove_oldest(directory: Path) -> None:
    files = sorted(directory.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in files[:-_MOST_FILES]:
        path.unlink(missing_ok=True)


def _program() -> list[str]:
    """Return the sources of this room, which make the package."""
    return [path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
