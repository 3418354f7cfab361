"""The token by which the board is administered: read, or made when there is none.

The file holds the token, a space, and a digest of the token and the board's number. A token that
was altered, or belongs to another board, is not valid.
"""

import hashlib

from .. import board
from ..storage import store
from ..storage.record import TOKEN_MARK, exists

_TOKEN_BITS = 130
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"  # Base32, RFC 4648 section 6.


def read_or_make(directory: str, notices: list) -> str:
    """Return the stored token; make one if there is none or it is not valid."""
    text = store.read_text(f"{directory}/token")
    parts = (text or "").split(" ")
    if len(parts) == 2 and parts[1] == _digest(parts[0]):
        return parts[0]
    if exists(f"{directory}/token"):
        notices.append("the token was altered or another board's; a new one is made")
    token = _generate()
    from ..storage.store_write import Writer

    writer = Writer(directory, notices)
    writer.write_text("token", f"{token} {_digest(token)}")
    writer.write_text(TOKEN_MARK, "")
    return token


def _generate() -> str:
    from ..entropy.seeding import seed

    random, _ = seed(board.utc_now())
    number = int.from_bytes(random((_TOKEN_BITS + 7) // 8), "big")
    return "".join([_BASE32[number >> shift & 31] for shift in range(0, _TOKEN_BITS, 5)])


def _digest(token: str) -> str:
    return hashlib.sha256(board.unique_id() + token.encode()).digest()[:8].hex()
