"""Programs run with a time limit, for the whole or for silence."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from boardcert_host import bounded

_SILENCE_S = 60


class Clock:
    """A clock, and a program that prints something every *every_s* seconds until *end_s*."""

    def __init__(self, every_s: int, end_s: int) -> None:
        self.now = 1000.0
        self._end = self.now + end_s
        self._every_s = every_s
        self.stream = SimpleNamespace(heard=self.now)

    def monotonic(self) -> float:
        return self.now

    def wait(self, timeout_s: float) -> int:
        """Behave as Popen.wait."""
        until = min(self.now + timeout_s, self._end)
        while self.stream.heard + self._every_s <= until:
            self.stream.heard += self._every_s
        self.now = until
        if until < self._end:
            raise subprocess.TimeoutExpired("program", timeout_s)
        return 0


@pytest.mark.parametrize(("every_s", "is_ended"), [(1, True), (59, True), (61, False)])
def test_a_program_that_goes_on_speaking_has_all_the_time_it_needs(every_s, is_ended, monkeypatch):
    """A program that keeps printing is not stopped; a silent one is, after a minute."""
    clock = Clock(every_s, 3600)
    monkeypatch.setattr(bounded, "time", clock)
    if is_ended:
        assert bounded._wait_heard(clock, _SILENCE_S, [clock.stream]) == 0
        assert clock.now == 4600
    else:
        with pytest.raises(subprocess.TimeoutExpired):
            bounded._wait_heard(clock, _SILENCE_S, [clock.stream])
        assert clock.now == 1060


def test_a_program_that_speaks_too_late_is_ended():
    """A real program that stays silent too long is stopped, and does not remain."""
    command = [sys.executable, "-c", "print('once', flush=True); import time; time.sleep(600)"]
    lines = []
    with pytest.raises(subprocess.TimeoutExpired):
        bounded.run_bounded(command, 0.1, 1000, None, lines.append)
