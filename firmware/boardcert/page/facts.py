"""What the page and its API show in addition to the identity's own report."""

import gc

from .. import Error, board
from ..storage.store import parse_config, read_config
from .words import of_key

_COUNTERS = ("accepted", "refused", "failed")


async def add(portal, _, found: tuple) -> tuple:
    """Return the answer *found* with the status added; for a page, return the next step."""
    code, headers, kind, data = found
    content = status(portal.identity, portal.server, portal.access.wrong_tokens)
    if kind == "page":
        del content["certificate"]  # The page links to it.
        content["settings"] = _chosen(portal.identity)
        return "view.add", code, headers, content, data
    if data:
        content["wiped"] = data
    return code, headers, kind, content


def status(me, server, wrong_tokens: int) -> dict:
    """Return the report of the Identity *me*, and everything else that is public."""
    status = me.report()
    status["key_fingerprint"], status["words"] = of_key(status["public_key_pin"])
    status["days_left"] = days_left(status["not_after"], board.utc_now())
    status["wrong_tokens"] = wrong_tokens
    status["memory"] = {"used_bytes": gc.mem_alloc(), "free_bytes": gc.mem_free()}
    if server:
        status["connections"] = {name: getattr(server, name) for name in _COUNTERS}
    return status


def _chosen(me) -> dict:
    """Return the settings that were chosen: in config.json, or by the program."""
    try:
        chosen = parse_config(read_config(me._directory))
    except Error:  # The next boot reports it.
        chosen = {}
    chosen.update(me._arguments)
    return chosen


def days_left(not_after: str, now: tuple | None) -> int | None:
    """Return the days until *not_after*, negative after it; None if *now* is unknown."""
    if now is None:
        return None
    end = [int(part) for part in not_after[:10].split("-")]
    return _day_number(*end) - _day_number(*now[:3])


def _day_number(year: int, month: int, day: int) -> int:
    """Return fields.day_number less a constant: fields is in a file too large to load for it."""
    year -= month < 3
    days_before = (153 * ((month + 9) % 12) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + days_before + day
