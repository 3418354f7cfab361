"""A board on a serial port: mpremote, run as a program.

Ctrl-C may interrupt the board's program while littlefs looks for a free block. Until the file
system is mounted again, it takes blocks of other files for free then, and what is written next
destroys them. So the first command after an interruption begins with a soft reset, which mounts it.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..bounded import TooMuchOutputError, run_bounded
from ..errors import Error
from . import interruptions
from .serial_ports import is_answering

_TIMEOUT_S = 60
_OUTPUT_LIMIT_BYTES = 1 << 20  # The longest answer, all settings, is a tenth of this.
# What mpremote says of a board whose MicroPython does not answer, or is not there yet.
_NOT_READY = "could not enter raw repl"
_BOOT_TIMEOUT_S = 10
# What starts the board anew, so that no soft reset is needed before.
_RESTARTS = ("reset", "bootloader")
# ENOSPC as MicroPython prints it: the file systems in flash have no message for it.
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


def run(
    port: str,
    *arguments: str,
    timeout_s: float = _TIMEOUT_S,
    on_line: Callable[[str], None] | None = None,
    resumes: bool = False,
) -> str:
    """Run mpremote with *arguments* on the board at *port* and return what it printed.

    The board's program is interrupted, and the board reset softly if it was not since: boot.py
    runs, main.py does not. *resumes*: without that. *on_line* is called with each line as it comes;
    *timeout_s* is of silence then. Raises Error.
    """
    resumes = resumes or arguments[0] in _RESTARTS or interruptions.cleared(port) is not None
    done = _mpremote(port, arguments, timeout_s, on_line, resumes)
    # It was still booting; or its boot.py does not end, and is interrupted then.
    for resumes_now in [True] if resumes else [False, True]:
        is_ready = _NOT_READY not in done.stdout + done.stderr
        if is_ready or not is_answering(port, _BOOT_TIMEOUT_S):
            break
        done = _mpremote(port, arguments, timeout_s, on_line, resumes_now)
    if done.returncode:
        raise _transport_error(port, done.stdout + done.stderr)
    if not resumes:
        interruptions.note_cleared(port)
    return done.stdout


def _mpremote(
    port: str,
    arguments: Sequence[str],
    timeout_s: float,
    on_line: Callable[[str], None] | None,
    resumes: bool,
) -> subprocess.CompletedProcess[str]:
    """Run mpremote once. Raises Error when it takes too long, or sends too much."""
    how = ["resume"] if resumes else []
    command = [sys.executable, "-m", "mpremote", "connect", port, *how, *arguments]
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
    return json_of(port, execute(port, code, timeout_s))


def ask_object(
    port: str, code: str, fields: dict[str, type], timeout_s: float = _TIMEOUT_S
) -> dict[str, Any]:
    """Run code whose last line of output is a JSON object with *fields*, and return it."""
    return object_of(port, execute(port, code, timeout_s), fields)


def object_of(port: str, output: str, fields: dict[str, type]) -> dict[str, Any]:
    """Return the JSON object with *fields* in the last line of *output*."""
    answer = json_of(port, output)
    found = answer if isinstance(answer, dict) else {}
    if not all(isinstance(found.get(name), kind) for name, kind in fields.items()):
        raise unreadable(port)
    return found


def unreadable(port: str) -> Error:
    """Return the Error for an answer that no program of boardcert gives."""
    return Error(f"the board at {port} sent an unreadable answer")


def last_line(port: str, output: str) -> str:
    """Return the last line: a board's boot.py may print others before the answer."""
    lines = output.strip().splitlines()
    if not lines:
        raise Error(f"the board at {port} gave no answer")
    return lines[-1].strip()


def json_of(port: str, output: str) -> Any:
    """Return the JSON value in the last line of *output*."""
    try:
        return json.loads(last_line(port, output))
    except (ValueError, RecursionError) as error:
        raise unreadable(port) from error


def soft_reset(port: str) -> None:
    """Reset the board softly once more; a boot.py that does not end is interrupted."""
    interruptions.note_program(port, interruptions.cleared(port) or {})
    run(port, "exec", "pass")


def reset(port: str) -> None:
    """Restart the board, as its reset button does; main.py runs."""
    run(port, "reset")
    interruptions.note_started(port)
