"""Seed a random generator with this board's noise, from which every secret is made."""

from .. import board
from ..crypto.drbg import HMACDRBG
from ..modules import borrowed


def seed(now: tuple | None, gathered: tuple | None = None) -> tuple:
    """Return (random(n) of a DRBG seeded with this board's noise, where that came from).

    *now*: the date or None. *gathered*: what gather() returned, for those who let others run
    between the two. Raises EntropyError.
    """
    entropy, report = gathered or gather()
    personalization = b"boardcert" + board.unique_id() + repr(now).encode()
    return HMACDRBG(entropy, personalization=personalization).generate, report


def gather() -> tuple:
    """Return what noise.gather does; that module is released again."""
    with borrowed():
        from . import noise

        return noise.gather()
