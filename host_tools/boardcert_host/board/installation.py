"""The package on a board: which files are there, and bringing them up to date."""

import hashlib
import tempfile
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..build.package import Form, build_microdot, build_package
from ..errors import Error
from . import compaction, file_writer, interruptions, mpremote
from .file_writer import SHA256, Progress

PACKAGE_DIRECTORY = "/lib/boardcert"
_MINIMUM_VERSION = (1, 24)
# sys.implementation._mpy holds the processor in bits 10 to 13, numbered as in py/persistentcode.h.
_ARCHITECTURES = (
    *(None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em"),
    *("armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc", "rv64imc"),
)

# Run on the board: what it is, and what it has of the package. The answer, 6 KB, is printed in a
# few pieces: after an installation, there may be no piece of memory for all of it; and of the
# hundreds of writes that json.dump() makes, an emulated serial line lost some.
_SURVEY = f"""{SHA256}
import sys, os, json
def names(directory):
    try:
        return os.listdir(directory)
    except OSError:
        return []
def digests(names):
    return {{name: sha256({PACKAGE_DIRECTORY!r} + "/" + name) for name in names}}
found = names({PACKAGE_DIRECTORY!r})
board = {{"version": sys.implementation[1][:3], "mpy": sys.implementation._mpy}}
print(json.dumps(board)[:-1], end=', "files": {{')
for start in range(0, len(found), 8):
    print(", " * (start > 0) + json.dumps(digests(found[start : start + 8]))[1:-1], end="")
print("}}}}")
"""
# Run on the board: remove files and folders.
_REMOVE = """
import os
def remove(path):
    if os.stat(path)[0] & 0x4000:
        for name in os.listdir(path):
            remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)
for path in {!r}: remove(path)
"""


@dataclass(frozen=True)
class Survey:
    """What runs on a board.

    *files*: SHA-256 (hex) of each file of the installed package, None for a folder. The sources,
    which mip installs, have folders; `import` would find them before modules of the same name.
    """

    micropython: tuple[int, ...]
    architecture: str
    files: dict[str, str | None]


@dataclass(frozen=True)
class Installed:
    """What `install` did: the files copied and removed, and how many were up to date already.

    *slow*: why the log of their directory was not shortened, where that failed.
    """

    copied: list[str]
    removed: list[str]
    kept: int
    slow: Error | None = None


def survey(port: str) -> Survey:
    """Ask the board what it is and what it has. Raises Error when MicroPython is too old."""
    answer = mpremote.ask_object(port, _SURVEY, {"version": list, "mpy": int, "files": dict})
    version = tuple(answer["version"])
    if not all(isinstance(number, int) for number in version):
        raise mpremote.unreadable(port)
    if version < _MINIMUM_VERSION:
        found = ".".join(map(str, version))
        raise Error(
            f"the board at {port} runs MicroPython {found}", "boardcert needs 1.24 or later"
        )
    number = answer["mpy"] >> 10 & 0xF
    architecture = _ARCHITECTURES[number] if number < len(_ARCHITECTURES) else None
    if architecture is None:
        raise Error(f"the board at {port} cannot load native modules (architecture {number})")
    return Survey(version, architecture, answer["files"])


def install(
    port: str, form: Form = Form.SHIPPED, progress: Progress = lambda done, total: None
) -> Installed:
    """Bring the package on the board up to date, and verify that it is.

    It is compiled for the processor that the board reports. Identical files are not copied, and
    foreign ones are removed: a second run does nothing, or completes an interrupted one.
    """
    # The board's program is stopped, and its memory free; the survey resets the board otherwise.
    if interruptions.cleared(port) is not None:
        mpremote.soft_reset(port)
    before = survey(port)
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        built = build_package(before.architecture, Path(directory), form)
        wanted = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in built}
        changed = [path for path in built if before.files.get(path.name) != wanted[path.name]]
        removed = sorted(before.files.keys() - wanted.keys())
        if removed:
            _remove(port, removed)
        contents = {f"{PACKAGE_DIRECTORY}/{path.name}": path.read_bytes() for path in changed}
        file_writer.write_files(port, contents, progress)
    slow = _compact(port, wanted) if changed or removed else None
    if (changed or removed) and survey(port).files != wanted:
        raise Error(
            f"the package on the board at {port} is not what was written", "run the command again"
        )
    return Installed([path.name for path in changed], removed, len(wanted) - len(changed), slow)


def _compact(port: str, wanted: Container[str]) -> Error | None:
    """Let the *wanted* files be found sooner; return why that failed, if it did: all are there."""
    try:
        compaction.compact(port, PACKAGE_DIRECTORY)
    except Error as error:
        left = [name for name in survey(port).files if name not in wanted]
        if left:
            _remove(port, left)
        return error
    return None


def _remove(port: str, names: Sequence[str]) -> None:
    paths = [f"{PACKAGE_DIRECTORY}/{name}" for name in names]
    mpremote.execute(port, _REMOVE.format(paths))


def install_microdot(port: str) -> bool:
    """Bring Microdot on the board up to date; False when it already was."""
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        module = build_microdot(survey(port).architecture, Path(directory))
        return file_writer.put_file(port, module.read_bytes(), f"/lib/{module.name}")
