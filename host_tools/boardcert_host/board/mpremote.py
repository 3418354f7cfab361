"""A board on a serial port: mpremote, run as a program, and what boardcert does with it."""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..bounded import TooMuchOutputError, run_bounded
from ..build.package import Form, build_microdot, build_package
from ..errors import Error
from . import interruptions, reports
from .serial_ports import is_answering

PACKAGE_DIRECTORY = "/lib/boardcert"
# Not in /boardcert: `import boardcert` would find that directory before the package in /lib.
CONFIG_FILE = "/boardcert-data/config.json"
_TIMEOUT_S = 60
# Without a word from the board, while a script is sent: 33 KB, of which a slow line carries 300
# bytes a second.
_WRITE_SILENCE_S = 120
_OUTPUT_LIMIT_BYTES = 1 << 20  # The longest answer, all settings, is a tenth of this.
_PIECE_BYTES = 3072  # a literal of 4 KB: the board compiles it in what memory it has
_SCRIPT_PIECES = 8  # and so many of them in one script, which is sent and compiled whole
_MINIMUM_VERSION = (1, 24)
# sys.implementation._mpy holds the processor in bits 10 to 13, numbered as in py/persistentcode.h.
_ARCHITECTURES = (
    *(None, "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em"),
    *("armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc", "rv64imc"),
)

# Run on the board: the SHA-256 of a file, or None when there is none.
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
_MEMORY = """
import gc, json
gc.collect()
print(json.dumps({"used_bytes": gc.mem_alloc(), "free_bytes": gc.mem_free()}))
"""
_REPORT = "import json, boardcert; print(json.dumps(boardcert.identity().report()))"
# What else is read of a report here, and what it is.
_REPORT_FIELDS = {
    "source": str,
    "generated": bool,
    "notices": list,
    "timings_ms": dict,
}
_UPDATE_HINT = "`boardcert flash` brings its package up to date"
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
# What mpremote says of a board whose MicroPython does not answer, or is not there yet.
_NOT_READY = "could not enter raw repl"
_BOOT_TIMEOUT_S = 10
# ENOSPC, as MicroPython tells it: a file system in flash has no words for it.
_FULL = ("[Errno 28]", "OSError: 28")
# What mpremote or the board's Python prints last, and what to do about it.
_HINTS = (
    (
        "failed to access",
        "is it plugged in, and no other program using it? see `mpremote connect list`",
    ),
    ("no device found", "plug the board in, or name its port; see `mpremote connect list`"),
    (
        _NOT_READY,
        "is MicroPython on the board? press its reset button and try again",
    ),
    ("no module named 'boardcert'", "boardcert is not installed on this board"),
    *((text, "the board's flash is full: remove files that are not needed") for text in _FULL),
    ("SerialException", "the board was unplugged or restarted meanwhile: try again"),
)


Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


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
    """What `install` did: the files it copied and removed, and how many were right already."""

    copied: list[str]
    removed: list[str]
    kept: int


def run(
    port: str,
    *arguments: str,
    timeout_s: float = _TIMEOUT_S,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run mpremote with *arguments* on the board at *port* and return what it printed.

    The board's program is interrupted, but its interpreter not restarted ("resume"). *on_line* is
    called with each line as it comes; *timeout_s* is of silence then. Raises Error.
    """
    done = _mpremote(port, arguments, timeout_s, on_line)
    if _NOT_READY in done.stdout + done.stderr and is_answering(port, _BOOT_TIMEOUT_S):
        done = _mpremote(port, arguments, timeout_s, on_line)  # It was still booting.
    if done.returncode:
        raise _transport_error(port, done.stdout + done.stderr)
    return done.stdout


def _mpremote(
    port: str,
    arguments: Sequence[str],
    timeout_s: float,
    on_line: Callable[[str], None] | None,
) -> subprocess.CompletedProcess[str]:
    """Run mpremote once. Raises Error when it takes too long, or sends too much."""
    command = [sys.executable, "-m", "mpremote", "connect", port, "resume", *arguments]
    interruptions.note_stopped(port)
    try:
        return run_bounded(command, timeout_s, _OUTPUT_LIMIT_BYTES, on_line=on_line)
    except TooMuchOutputError as error:
        hint = "another program may be running there: press its reset button and try again"
        raise Error(f"the board at {port} does not stop sending", hint) from error
    except subprocess.TimeoutExpired as error:
        hint = "press its reset button and try again"
        failed = "sent nothing for" if on_line else "did not finish within"
        raise Error(f"the board at {port} {failed} {timeout_s:g} s", hint) from error


def _transport_error(port: str, output: str) -> Error:
    """Turn what mpremote printed into an Error; its last line names the cause."""
    lines = output.strip().splitlines() or ["mpremote failed without a message"]
    cause = lines[-1].removeprefix("mpremote: ").removeprefix("mpremote.transport.TransportError: ")
    hint = next((hint for text, hint in _HINTS if text in output), None)
    # What a board printed before it may be a secret; a traceback holds no values.
    _, begin, traceback = output.partition("Traceback (most recent call last):")
    return Error(f"the board at {port}: {cause}", hint, detail=(begin + traceback).strip())


def execute(port: str, code: str, timeout_s: float = _TIMEOUT_S) -> str:
    """Run Python *code* on the board and return what it printed."""
    return run(port, "exec", code, timeout_s=timeout_s)


def ask(port: str, code: str, timeout_s: float = _TIMEOUT_S) -> Any:
    """Run code whose last line of output is JSON, and return its value."""
    return _json_of(port, execute(port, code, timeout_s))


def ask_object(
    port: str, code: str, fields: dict[str, type], timeout_s: float = _TIMEOUT_S
) -> dict[str, Any]:
    """Run code that prints, last, a JSON object with these *fields*, and return that."""
    answer = ask(port, code, timeout_s)
    found = answer if isinstance(answer, dict) else {}
    if not all(isinstance(found.get(name), kind) for name, kind in fields.items()):
        raise unreadable(port)
    return found


def unreadable(port: str) -> Error:
    """Return the Error for an answer that no program of boardcert gives."""
    return Error(f"the board at {port} sent an unreadable answer")


def survey(port: str) -> Survey:
    """Ask the board what it is and what it has. Raises Error when MicroPython is too old."""
    answer = ask_object(port, _SURVEY, {"version": list, "mpy": int, "files": dict})
    version = tuple(answer["version"])
    if not all(isinstance(number, int) for number in version):
        raise unreadable(port)
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


def _last_line(port: str, output: str) -> str:
    """Return the last line: a board's boot.py may print others before the answer."""
    lines = output.strip().splitlines()
    if not lines:
        raise Error(f"the board at {port} gave no answer")
    return lines[-1].strip()


def _json_of(port: str, output: str) -> Any:
    try:
        return json.loads(_last_line(port, output))
    except (ValueError, RecursionError) as error:
        raise unreadable(port) from error


def install(
    port: str, form: Form = Form.SHIPPED, progress: Progress = lambda done, total: None
) -> Installed:
    """Bring the package on the board up to date, and read back that it is.

    Compiled for the processor that the board reports. What is the same already is not copied, what
    does not belong is removed: a second run does nothing, and one that was cut short is repaired.
    """
    run(port, "soft-reset")  # stops the board's program and frees its memory; main.py does not run
    before = survey(port)
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        built = build_package(before.architecture, Path(directory), form)
        wanted = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in built}
        changed = [path for path in built if before.files.get(path.name) != wanted[path.name]]
        removed = sorted(before.files.keys() - wanted.keys())
        if removed:
            paths = [f"{PACKAGE_DIRECTORY}/{name}" for name in removed]
            execute(port, _REMOVE.format(paths))
        contents = {f"{PACKAGE_DIRECTORY}/{path.name}": path.read_bytes() for path in changed}
        _write(port, contents, progress)
    if (changed or removed) and survey(port).files != wanted:
        raise Error(
            f"the package on the board at {port} is not what was written", "run the command again"
        )
    return Installed([path.name for path in changed], removed, len(wanted) - len(changed))


def install_microdot(port: str) -> bool:
    """Bring Microdot on the board up to date; False when it was so already."""
    with tempfile.TemporaryDirectory(prefix="boardcert-") as directory:
        module = build_microdot(survey(port).architecture, Path(directory))
        return put_file(port, module.read_bytes(), f"/lib/{module.name}")


def put_file(port: str, data: bytes, remote: str) -> bool:
    """Write *data* to the absolute path *remote* on the board, whole or not at all.

    Returns False, and writes nothing, when the file holds the same already.
    """
    found = _last_line(port, execute(port, f"{SHA256}\nprint(sha256({remote!r}))"))
    if found == hashlib.sha256(data).hexdigest():
        return False
    _write(port, {remote: data})
    return True


def _write(
    port: str, files: dict[str, bytes], progress: Progress = lambda done, total: None
) -> None:
    """Write *files* (absolute path: contents), each whole or not at all.

    Scripts take over what is in a file: a fifth of the time of `mpremote fs cp`.
    """
    scripts = []
    for path, data in files.items():
        scripts += [*_writers(path + NEW, data), _RENAME.format([path])]
    _make_directories(port, files)
    _run_scripts(port, scripts, progress)


def write_beside(port: str, files: dict[str, bytes]) -> None:
    """Write *files* (absolute path: contents) with NEW behind their names; see `rename_new`."""
    _make_directories(port, files)
    _run_scripts(port, [one for path in files for one in _writers(path + NEW, files[path])])


def rename_new(port: str, paths: Sequence[str]) -> None:
    """Put what was written beside *paths* into their places, in their order."""
    execute(port, _RENAME.format(list(paths)))


def _make_directories(port: str, paths: Iterable[str]) -> None:
    for directory in sorted({path.rpartition("/")[0] for path in paths} - {""}):
        execute(port, _MAKE_DIRECTORIES.format(directory))


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
            run(port, *arguments, timeout_s=_WRITE_SILENCE_S, on_line=on_line)


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


def write_settings(port: str, settings: dict[str, Any]) -> bool:
    """Write config.json, which the installed package reads; False when it was the same."""
    return put_file(port, json.dumps(settings).encode(), CONFIG_FILE)


def read_report(port: str) -> dict[str, Any]:
    """Read what the board says of its identity; without one, the board makes it now.

    The board's program is interrupted: `reset` starts it again.
    """
    report = ask(port, _REPORT, timeout_s=180)
    if not isinstance(report, dict):
        raise Error(f"the board at {port} sent a malformed report")
    flaw = reports.flaw(report)
    for name, kind in _REPORT_FIELDS.items():
        if not isinstance(report.get(name), kind):
            flaw = flaw or f"a report without {name}"
    if flaw:
        raise Error(f"the board at {port} sent {flaw}", _UPDATE_HINT)
    return report


def read_memory(port: str) -> dict[str, int]:
    """Return how much of the board's heap is in use, after a garbage collection, and is free."""
    return ask_object(port, _MEMORY, {"used_bytes": int, "free_bytes": int})


def reset(port: str) -> None:
    """Restart the board, as its reset button does; main.py runs."""
    run(port, "reset")
    interruptions.note_started(port)
