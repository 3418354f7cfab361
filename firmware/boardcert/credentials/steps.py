"""The steps of making an identity: announced as they begin, timed as they end."""

from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]


class Steps:
    """*callback*(step), if any, is called as a step begins; *timings_ms* has those that ended."""

    def __init__(self, callback=None) -> None:
        self.timings_ms = {}
        self._callback = callback
        self._step = None
        self._step_started = ticks_ms()

    def begin(self, step: str) -> None:
        """End the step before, and begin *step*."""
        self._end_step()
        self._step = step
        if self._callback:
            self._callback(step)
        self._step_started = ticks_ms()

    def finish(self) -> dict:
        """End the last step; return {step: milliseconds}."""
        self._end_step()
        return self.timings_ms

    def _end_step(self) -> None:
        if self._step:
            self.timings_ms[self._step] = ticks_diff(ticks_ms(), self._step_started)
        self._step = None
