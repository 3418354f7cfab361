"""Names that are being given to boards: programs at work at the same time each get another one.

A name is reserved by a lock, which ends with the program that holds it, however that ends. It is
for the programs of one inventory: of one user on one computer, or of all that share it in
PostgreSQL.
"""

import contextlib
import hashlib
from pathlib import Path

import filelock

from ..directories import cache_directory
from ..inventory.place import inventory_place
from ..targets import in_local

# Ended by close(), in any thread.
Reservation = contextlib.ExitStack


def reserve(name: str) -> Reservation | None:
    """Reserve the name that a board has in .local; None where another program has it.

    Raises Error where the inventory is in PostgreSQL, and cannot be used.
    """
    name = in_local(name)
    file = inventory_place().file
    return _reserve_here(name, file) if file else _reserve_for_all(name)


def _reserve_here(name: str, inventory: Path) -> Reservation | None:
    """Reserve it by a file. If there can be none, nothing is: flashing works without a cache."""
    digest = hashlib.sha256(f"{inventory.resolve()} {name}".encode()).hexdigest()[:32]
    file = cache_directory() / "names" / f"{digest}.lock"
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


def _reserve_for_all(name: str) -> Reservation | None:
    from ..inventory.database import held

    reservation = Reservation()
    if reservation.enter_context(held(f"the name {name}")):
        return reservation
    reservation.close()
    return None
