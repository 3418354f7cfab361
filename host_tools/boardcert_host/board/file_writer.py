"""Files on a board's flash: written over USB, each whole or not at all."""

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from . import mpremote

# Of silence while a script is sent: 33 KB, at 300 bytes a second on a slow line.
_WRITE_SILENCE_S = 120
_PIECE_BYTES = 3072  # a literal of 4 KB: the board compiles it in what memory it has
_SCRIPT_PIECES = 8  # and so many of them in one script, which is sent and compiled whole

# Run on the board: the SHA-256 of a file, or None when it does not exist.
SHA256 = """
import hashlib
def sha256(path):
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(512):
                digest.update(chunk)
    except OSError:
        return None
    return digest.digest().hex()
"""
# Run on the board: make a directory and its parents; 17 is EEXIST.
_MAKE_DIRECTORIES = """
import os
path = ""
for part in {!r}.strip("/").split("/"):
    path += "/" + part
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != 17:
            raise
"""
# Run on the board: what was written beside files takes their places.
NEW = ".new"
_RENAME = f"""
import os
for path in {{!r}}:
    os.rename(path + {NEW!r}, path)
"""
# Run on the board after each script of several.
_NEXT = "boardcert: next"
_TELL = f"\nprint({_NEXT!r})\n"


Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


def put_file(port: str, data: bytes, remote: str) -> bool:
    """Write *data* to the absolute path *remote* on the board, whole or not at all.

    Returns False, and writes nothing, when the file holds the same already.
    """
    found = mpremote.last_line(port, mpremote.execute(port, f"{SHA256}\nprint(sha256({remote!r}))"))
    if found == hashlib.sha256(data).hexdigest():
        return False
    write_files(port, {remote: data})
    return True


def write_files(
    port: str, files: dict[str, bytes], progress: Progress = lambda done, total: None
) -> None:
    """Write *files* (absolute path: contents), each whole or not at all.

    Scripts take over what is in a file: a fifth of the time of `mpremote fs cp`.
    """
    scripts = _makers(files)
    for path, data in files.items():
        scripts += [*_writers(path + NEW, data), _RENAME.format([path])]
    _run_scripts(port, scripts, progress)


def write_beside(port: str, files: dict[str, bytes]) -> None:
    """Write *files* (absolute path: contents) with NEW behind their names; see `rename_new`."""
    scripts = [one for path in files for one in _writers(path + NEW, files[path])]
    _run_scripts(port, _makers(files) + scripts)


def rename_new(port: str, paths: Sequence[str]) -> None:
    """Put what was written beside *paths* into their places, in their order."""
    mpremote.execute(port, _RENAME.format(list(paths)))


def _makers(paths: Iterable[str]) -> list[str]:
    """Return the scripts that make the directories of *paths*."""
    directories = sorted({path.rpartition("/")[0] for path in paths} - {""})
    return [_MAKE_DIRECTORIES.format(directory) for directory in directories]


def _run_scripts(
    port: str, scripts: Sequence[str], progress: Progress = lambda done, total: None
) -> None:
    """Run scripts on the board, one after another in one connection, each as long as it takes."""
    sizes = [len(script) for script in scripts]
    ended = []

    def on_line(line: str) -> None:
        if line == _NEXT:
            ended.append(line)
            progress(sum(sizes[: len(ended)]), sum(sizes))

    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        arguments: list[str] = []
        for number, script in enumerate(scripts):
            path = Path(directory) / f"{number}.py"
            path.write_text(script + _TELL)
            arguments += ["run", str(path), "+"]
        if arguments:
            mpremote.run(port, *arguments, timeout_s=_WRITE_SILENCE_S, on_line=on_line)


def _writers(path: str, data: bytes) -> list[str]:
    """Return the scripts that write one file on the board, each a part of it."""
    pieces = [data[start : start + _PIECE_BYTES] for start in range(0, len(data), _PIECE_BYTES)]
    scripts = []
    for start in range(0, max(len(pieces), 1), _SCRIPT_PIECES):
        lines = ["from binascii import a2b_base64 as decode"]
        lines += [f"with open({path!r}, {'ab' if start else 'wb'!r}) as file:", "    pass"]
        for piece in pieces[start : start + _SCRIPT_PIECES]:
            lines.append(f"    file.write(decode({base64.b64encode(piece)!r}))")
        scripts.append("\n".join(lines))
    return scripts
