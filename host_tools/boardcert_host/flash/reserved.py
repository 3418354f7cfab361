"""Names that are being given to boards: programs at work at the same time each get another one.

A name is reserved by a lock, which ends with the program that holds it, however that ends. It is
for the programs of one user on one computer, and for one inventory.
"""

import hashlib

import filelock

from ..directories import cache_directory
from ..inventory.place import inventory_place


def reserve(name: str) -> filelock.BaseFileLock | None:
    """Reserve *name* until the lock is released, by any thread; None where another has it."""
    directory = cache_directory() / "names"
    directory.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(f"{inventory_place()} {name}".encode()).hexdigest()[:32]
    lock = filelock.FileLock(directory / f"{digest}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        return None
    return lock
