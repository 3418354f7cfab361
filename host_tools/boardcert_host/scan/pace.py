"""How fast a scan goes."""

import asyncio


class Pace:
    """Limits a scan to a number of turns a second, evenly, to spare small routers bursts."""

    def __init__(self, turns_per_s: float) -> None:
        self._pause_s = 1 / turns_per_s
        self._next = 0.0

    async def wait(self) -> None:
        """Return when it is the caller's turn."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        self._next = turn + self._pause_s
        await asyncio.sleep(turn - now)
