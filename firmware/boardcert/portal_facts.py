"""What the page and its API tell beside the identity's own report, and certificates as text."""

import gc
from binascii import a2b_base64, b2a_base64, hexlify

from . import board
from .portal_words import words

_COUNTERS = ("accepted", "refused", "failed")


def status(me, server, wrong_tokens: int) -> dict:
    """Return the report of the Identity *me* with what else anyone may know."""
    status = me.report()
    digest = a2b_base64(status["public_key_pin"].split("//")[1])
    status["words"] = words(digest)
    status["key_fingerprint"] = hexlify(digest, ":").decode().upper()
    status["days_left"] = days_left(status["not_after"], board.utc_now())
    status["wrong_tokens"] = wrong_tokens
    status["memory"] = {"used_bytes": gc.mem_alloc(), "free_bytes": gc.mem_free()}
    if server:
        status["connections"] = {name: getattr(server, name) for name in _COUNTERS}
    return status


def pem(label: str, blocks: list):
    """Yield the lines of the DER *blocks* in PEM (RFC 7468), as bytes."""
    for data in blocks:
        yield f"-----BEGIN {label}-----\n".encode()
        for start in range(0, len(data), 48):
            yield b2a_base64(data[start : start + 48])
        yield f"-----END {label}-----\n".encode()


def days_left(not_after: str, now: tuple | None) -> int | None:
    """Return the days until *not_after*, negative when it is over; None when *now* is unknown."""
    if now is None:
        return None
    end = [int(part) for part in not_after[:10].split("-")]
    return _day_number(*end) - _day_number(*now[:3])


def _day_number(year: int, month: int, day: int) -> int:
    """As fields.day_number, but for a constant: fields is in a file too large to load for it."""
    year -= month < 3
    days_before = (153 * ((month + 9) % 12) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + days_before + day
