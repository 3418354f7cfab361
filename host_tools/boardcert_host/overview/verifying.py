"""Verifying all boards now and then, beside `boardcert watch`: by a program of its own."""

import datetime
import subprocess
import sys
import time

from .. import clock
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK

_END_S = 10
_DONE = (OK, CHECKED_AND_BAD, COULD_NOT_RUN)
"""With which `verify --all` ends that has noted what it found."""


class Verification:
    """`boardcert verify --all` each *period*, None for never. *inventory*: as for --inventory.

    A program that takes an hour holds up no view, and Ctrl-C ends both.
    """

    def __init__(self, period: datetime.timedelta | None, inventory: str | None) -> None:
        self._period = period
        self._place = ["--inventory", inventory] if inventory else []
        self._child: subprocess.Popen[bytes] | None = None
        self._next = time.monotonic()
        self.words = ""
        """What is in progress, or has failed; for a person."""

    def go_on(self) -> None:
        """Begin when it is time, and see whether the one that was begun has ended."""
        if self._child and (code := self._child.poll()) is not None:
            at = clock.as_text(clock.now())[11:16]
            self.words = f"verified at {at} UTC" if code in _DONE else "verify --all has failed"
            self._child = None
        if self._period and not self._child and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._period.total_seconds()
            self.words = "verifying all boards"
            nowhere = subprocess.DEVNULL
            command = [sys.executable, "-m", "boardcert_host", "verify", "--all", *self._place]
            self._child = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)

    def close(self) -> None:
        """End what is in progress: what it has found until then is noted."""
        if self._child:
            self._child.terminate()
            try:
                self._child.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
