"""Seed a random generator with this board's noise: what everything secret is made from."""

import sys

from .. import FirmwareFirst, board
from ..credentials.lifecycle import release
from ..crypto.drbg import HMACDRBG


def seed(now: tuple | None) -> tuple:
    """Return (random(n) of a DRBG seeded with this board's noise, where that came from).

    *now*: the date or None. The module noise is released again. Raises EntropyError.
    """
    loaded = set(sys.modules)
    try:
        with FirmwareFirst():
            from . import noise

        entropy, report = noise.gather()
    finally:
        release(loaded)
    personalization = b"boardcert" + board.unique_id() + repr(now).encode()
    return HMACDRBG(entropy, personalization=personalization).generate, report
