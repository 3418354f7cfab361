"""A program beside a test, which ends whenever the test ends."""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def started(command: Sequence[str | Path], **more: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start *command*, with *more* for Popen, and kill it at the end if it is still running.

    `with Popen` alone waits for the program forever, even if the test has timed out.
    """
    with subprocess.Popen(command, **({"text": True} | more)) as process:
        try:
            yield process
        finally:
            process.kill()
