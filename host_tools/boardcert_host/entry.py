"""Where the program starts: sees to the standard streams, then loads and runs the command line."""

import os
import sys
from pathlib import Path

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def main() -> int:
    """Run one command and return its exit code."""
    reserve_streams()
    from .cli import main as run_command

    return run_command()


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
