"""The nightly scan of networks that the computer of a worker reaches."""

import asyncio
import collections

from ..scan import ranges
from ..scan.comparison import BAD, NEW, compare
from ..scan.remembering import note_known
from ..scan.sweep import Sweep, Wishes
from ..trust.pins import load_pins
from .station import Station

_LOOK_S = 0.5


def scan(station: Station) -> str:
    """Scan the station's networks, and note where known boards are; return a sentence about it.

    Boards that are new, or in which something is wrong, are logged. Raises StoppedError, and Error.
    """
    wishes = Wishes(ranges=ranges.parse(station.networks, False))
    sweep = Sweep(wishes, load_pins())
    asyncio.run(_run(sweep, station))
    findings = compare(sweep, True)
    for sentence in note_known(findings):
        station.log(sentence)
    for one in findings:
        if one.state in (*BAD, NEW):
            station.log(f"scan: {one.state}: {one.title} at {one.place}: {one.detail}")
    counts = collections.Counter(one.state for one in findings)
    listed = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return f"scan of {', '.join(station.networks)}: {listed or 'no board'}"


async def _run(sweep: Sweep, station: Station) -> None:
    """Scan, until that is done or the worker is to stop."""
    scanning = asyncio.create_task(sweep.run())
    try:
        while not scanning.done():
            station.go_on()
            await asyncio.wait({scanning}, timeout=_LOOK_S)
        scanning.result()
    finally:
        scanning.cancel()
