"""Names that are being given to boards: programs at work at the same time each get another one.

A name is reserved by a lock, which ends with the program that holds it, however that ends. It is
for the programs of one user on one computer, and for one inventory.
"""

import contextlib
import hashlib

import filelock

from ..directories import cache_directory
from ..inventory.place import inventory_place
from ..targets import in_local

# Ended by close(), in any thread.
Reservation = contextlib.ExitStack


def reserve(name: str) -> Reservation | None:
    """Reserve the name that a board has in .local; None where another program has it.

    If there can be no lock, nothing is reserved: a board is flashed without a cache as well.
    """
    place = inventory_place()
    spelled = f"{place.file.resolve() if place.file else place} {in_local(name)}"
    file = cache_directory() / "names" / f"{hashlib.sha256(spelled.encode()).hexdigest()[:32]}.lock"
    reservation = Reservation()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(file, timeout=0, thread_local=False)
        reservation.enter_context(lock)
    except filelock.Timeout:  # Which is an OSError.
        return None
    except OSError:
        pass
    return reservation
