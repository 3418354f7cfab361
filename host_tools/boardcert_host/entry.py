"""Where the program starts: set up the standard streams, then load and run the command line."""

import io
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import NoReturn

from .errors import INTERRUPTED

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def main() -> int:
    """Run one command and return its exit code; after Ctrl-C, die of that signal.

    A shell ends a loop or a script only when the command in it died of the signal.
    """
    reserve_streams()
    if not sys.warnoptions:  # Of certificates that others made, cryptography warns with our source.
        warnings.simplefilter("ignore", UserWarning)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # What the locale cannot write.
    code = _run()
    if code == INTERRUPTED and os.name == "posix":
        sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return code


def _leave(number: int, _: object) -> NoReturn:
    """End by an exception, so that all is cleaned up: boards go on, temporary files vanish."""
    sys.exit(128 + number)


def _run() -> int:
    """Load and run the command line; loading takes a moment, in which Ctrl-C may come."""
    try:
        from .cli import main as run_command

        return run_command()
    except KeyboardInterrupt:
        return INTERRUPTED


def reserve_streams() -> None:
    """Replace standard streams that were closed when the program was started.

    Before anything else is opened: it would be given their descriptors, and take what is printed,
    or be read as input, here or by a program that this one runs.
    """
    for descriptor in range(len(_STREAMS)):
        if not _is_open(descriptor):
            # The lowest that is free, so this one. Programs that are run inherit it.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for descriptor, (name, mode) in enumerate(_STREAMS):
        # Of what Python has opened itself, nothing is inherited.
        if getattr(sys, name) is None or not os.get_inheritable(descriptor):
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 (until the end)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
