"""Set the board's clock by NTP, and keep it right."""

import asyncio
import time

from micropython import const

from .. import board
from ..modules import borrowed
from .wifi import is_joined

_WAIT_MS = const(250)
# Between attempts: 1 s, then doubled each time. The third failure in a row is announced.
_ANNOUNCED_PAUSE_S = const(4)
_LONGEST_PAUSE_S = const(4096)
_DAY_S = const(86_400)


def set_clock(server: str) -> str | None:
    """Ask the NTP *server* once; return why the clock was not set, or None.

    It blocks all tasks while it waits: at most one second for the server's address, and one for the
    time.
    """
    try:
        import ntptime  # pyright: ignore[reportMissingImports]

        ntptime.host = _address(server)
        now = time.gmtime(ntptime.time())
    except (OSError, ImportError, IndexError) as error:
        return f"no time from {server} ({error!r})"
    if not board.EARLIEST_DATE <= now[:6] < board.LATEST_DATE:
        return f"{server} sends an impossible time"
    from machine import RTC

    RTC().datetime((now[0], now[1], now[2], now[6] + 1, now[3], now[4], now[5], 0))
    return None


def _address(server: str) -> str:
    """Return the address of *server*; the module for that is rarely needed."""
    with borrowed():
        import network

        from .dns import look_up

        return look_up(server, network.WLAN(network.STA_IF).ifconfig()[3])


async def stay_set(server: str, announce) -> None:
    """Set the clock each day, and as soon as there is a network; *announce* a failure once.

    Only over a network that was joined: the board's own access point has no time server.
    """
    pause_s = 1
    while True:
        while not is_joined():
            await asyncio.sleep_ms(_WAIT_MS)
        reason = set_clock(server)
        if reason is None:
            pause_s = 1
            await asyncio.sleep(_DAY_S)
            continue
        if pause_s == _ANNOUNCED_PAUSE_S:
            announce("the clock is not set: " + reason)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
