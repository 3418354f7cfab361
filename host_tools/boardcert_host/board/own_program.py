"""The maker's own program on a board: main.py, and the files of a folder.

Files are compared by their digests: identical ones stay. The others are written under other names,
read back, and only then renamed over the old ones, so that a board whose cable is pulled meanwhile
runs the program that it had.
"""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import USAGE, Error
from ..files import cannot_read
from . import file_writer, installation, kept_files, mpremote

_MAIN = "/main.py"
# What boardcert keeps on a board, and what `import boardcert` would find instead of it; in lower
# case, since a file system may not tell one from the other.
_RESERVED = (installation.PACKAGE_DIRECTORY, kept_files.DATA_DIRECTORY)
_RESERVED += ("/boardcert", "/boardcert.py", "/boardcert.mpy")
_RESERVED += ("/lib/boardcert.py", "/lib/boardcert.mpy", "/lib/microdot.mpy")
_IGNORED = "__pycache__"
_LIMIT_BYTES = 16 << 20  # No board's flash takes more.
# Of so many files at once, digests are asked for: the list is on the board, and so is the answer.
_ASKED_AT_ONCE = 24
_DIGESTS = """{}
import json
print(json.dumps([sha256(path) for path in {!r}]))
"""
_REMOVE = """
import os
for path in {!r}:
    try:
        os.remove(path)
    except OSError:
        pass
"""


@dataclass(frozen=True)
class Program:
    """The files of a program: {absolute path on the board: contents}."""

    files: dict[str, bytes]

    @property
    def has_main(self) -> bool:
        """Whether it brings the main.py that a board starts."""
        return _MAIN in self.files


@dataclass(frozen=True)
class Copied:
    """What `copy` did: the paths that it wrote, and how many were the same already."""

    written: list[str]
    kept: int


def read_program(main: Path | None, folder: Path | None) -> Program | None:
    """Read *main* (to become main.py) and all of *folder* (to go to /); None without either.

    Hidden files and __pycache__ are left out. Raises Error for files that would replace one of
    boardcert's, and for two files that would become one.
    """
    if main is None and folder is None:
        return None
    files = _read_folder(folder) if folder else {}
    if main:
        if _MAIN in files:
            raise Error(f"{folder} holds a main.py, and --main names {main}", "give one", USAGE)
        files[_MAIN] = _read(main)
    total = sum(map(len, files.values()))
    if total > _LIMIT_BYTES:
        raise Error(f"the program has {total} bytes, more than any board's flash", None, USAGE)
    return Program(files)


def _read_folder(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise Error(f"no such folder: {folder}", None, USAGE)
    files: dict[str, bytes] = {}
    spelled: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        inner = PurePosixPath(path.relative_to(folder).as_posix())
        if any(part.startswith(".") or part == _IGNORED for part in inner.parts):
            continue
        if not path.is_file():
            continue
        name = f"/{inner}"
        _refuse_reserved(name, path)
        other = spelled.setdefault(name.lower(), name)
        if other != name:
            raise Error(f"{other} and {name} may be the same file on a board", "rename one", USAGE)
        files[name] = _read(path)
    if not files:
        raise Error(f"{folder} holds no file", None, USAGE)
    return files


def _refuse_reserved(name: str, path: Path) -> None:
    """Raise Error when *name* is, or lies in, what belongs to boardcert."""
    lower = name.lower().removesuffix(file_writer.NEW)
    for reserved in _RESERVED:
        if lower == reserved or lower.startswith(f"{reserved}/"):
            hint = f"`boardcert flash` itself puts {reserved} on the board; leave it out"
            raise Error(f"{path} would replace a file of boardcert's: {name}", hint, USAGE)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from error


def copy(port: str, program: Program) -> Copied:
    """Bring the files of *program* on the board up to date; main.py is replaced last."""
    paths = sorted(program.files, key=lambda path: (path == _MAIN, path))
    wanted = {path: hashlib.sha256(program.files[path]).hexdigest() for path in paths}
    found = _digests(port, paths)
    changed = [path for path in paths if found[path] != wanted[path]]
    if changed:
        _replace(port, {path: program.files[path] for path in changed}, wanted)
    return Copied(changed, len(paths) - len(changed))


def _replace(port: str, files: dict[str, bytes], wanted: dict[str, str]) -> None:
    beside = {path: path + file_writer.NEW for path in files}
    try:
        file_writer.write_beside(port, files)
        written = _digests(port, list(beside.values()))
        for path, new in beside.items():
            if written[new] != wanted[path]:
                again = "run the command again"
                raise Error(f"{path} on the board at {port} is not what was written", again)
        file_writer.rename_new(port, list(files))
    except Error:
        # So that a full flash has room again; a board that is gone keeps them for the next run.
        with contextlib.suppress(Error):
            mpremote.execute(port, _REMOVE.format(list(beside.values())))
        raise


def _digests(port: str, paths: Sequence[str]) -> dict[str, str | None]:
    """Return {path: SHA-256 in hexadecimal, or None for a file that is not there}."""
    found: dict[str, str | None] = {}
    for start in range(0, len(paths), _ASKED_AT_ONCE):
        asked = paths[start : start + _ASKED_AT_ONCE]
        answer = mpremote.ask(port, _DIGESTS.format(file_writer.SHA256, list(asked)))
        if not isinstance(answer, list) or len(answer) != len(asked):
            raise mpremote.unreadable(port)
        found |= dict(zip(asked, answer, strict=True))
    return found
