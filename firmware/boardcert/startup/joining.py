"""Join the stored Wi-Fi and set the clock, before the first certificate is generated."""

# The stubs leave out much of machine.
# pyright: reportAttributeAccessIssue=false

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from .. import board
from .news import announce

_JOIN_MS = const(20_000)
"""How long the first certificate waits for the network, and"""
_CLOCK_MS = const(5_000)
"""for the date; what comes later makes it be signed again."""
_LOOK_MS = const(20)
"""Between two looks at what is waited for."""


async def bring_up(begin, wifi: str | None, ntp_server: str | None) -> None:
    """Join the Wi-Fi and set the clock; wait for both, for a limited time.

    *begin*(coroutine) starts a task. *wifi*: the directory with the name and password of the Wi-Fi;
    None: the program joins one. *ntp_server*: None: the clock is left alone.
    """
    from .clock import stay_set
    from .wifi import WiFi, is_joined, is_up_otherwise, load

    stored = load(wifi) if wifi else None
    if stored and not is_up_otherwise(stored[0]):
        begin(WiFi(stored[0], stored[1], announce).stay())
        await _wait(is_joined, _JOIN_MS)
    if ntp_server:
        begin(stay_set(ntp_server, announce))
        if is_joined():
            await _wait(board.utc_now, _CLOCK_MS)


async def _wait(condition, time_ms: int) -> None:
    """Wait until *condition*() holds, at most for *time_ms*."""
    began = ticks_ms()
    while not condition() and ticks_diff(ticks_ms(), began) < time_ms:
        await asyncio.sleep_ms(_LOOK_MS)
