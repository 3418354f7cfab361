"""Facts about the board: name, id, clock, addresses.

Where a port lacks something (a computer has no module `machine`), the nearest equivalent is used,
so that the same code serves on a desktop.
"""

import time

try:
    from machine import unique_id as _read_unique_id
except ImportError:  # A computer has no number that a program could read.

    def _read_unique_id() -> bytes:
        return bytes(8)


EARLIEST_DATE = (2026, 1, 1, 0, 0, 0)
"""The year of this package's release: a clock that shows less was never set."""

LATEST_DATE = (2200, 1, 1, 0, 0, 0)
"""A clock that shows this or more was set wrong."""


def unique_id() -> bytes:
    """Return the chip's own number; of a computer, eight zeros."""
    return bytes(_read_unique_id())


def utc_now() -> tuple | None:
    """Return the date, see fields, or None while the clock has plainly not been set."""
    now = tuple(time.gmtime()[:6])
    return now if EARLIEST_DATE <= now < LATEST_DATE else None


def isoformat(date: tuple) -> str:
    """Return *date* as "2026-01-31T23:59:59Z"."""
    return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*date)


def addresses() -> list:
    """Return the IPv4 addresses that the board has now, as text."""
    try:
        import network
    except ImportError:
        return []
    found = []
    for interface in ("STA_IF", "AP_IF"):
        if not hasattr(network, "WLAN") or not hasattr(network, interface):
            continue
        try:
            link = network.WLAN(getattr(network, interface))
            address = link.ifconfig()[0] if link.active() else "0.0.0.0"  # noqa: S104
        except (OSError, RuntimeError):  # A radio that does not start has no address.
            continue
        if address != "0.0.0.0":  # noqa: S104 (none yet)
            found.append(address)
    return found


def settle_host_name(host_name: str) -> bool:
    """Give the network the board's own name, up to its first dot; False without a network.

    It must be set before the first connection, and has at most 32 characters.
    """
    try:
        import network
    except ImportError:
        return False
    network.hostname(host_name.split(".")[0][:32])
    return True
