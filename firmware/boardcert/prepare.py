"""Make an RSA key while the application runs, for a board that has none to serve with.

The search for the primes, minutes of it, gives way to the event loop every 100 ms or more often.
What comes before and after does not: the imports and the noise, then signing the certificate,
checking and storing it, which takes as long as with a key that is there.
"""

import asyncio
import sys

from . import FirmwareFirst, board, identity, store
from .lifecycle import GENERATED, INSTALLED, release


async def prepare(directory: str = store.DIRECTORY, progress=None, **arguments):
    """Return identity(**arguments); make its RSA key first if it needs one."""
    bits = _missing_bits(directory, arguments)
    new_key = await generate(bits, progress) if bits else None
    return identity(directory=directory, progress=progress, new_key=new_key, **arguments)


async def generate(bits: int, progress=None) -> bytes:
    """Return the DER of a new RSA key, giving way at each step of its making."""
    loaded = set(sys.modules)
    added = set()
    try:
        steps = _begin(bits, progress)
        added = set(sys.modules) - loaded
        while True:
            await asyncio.sleep(0)
            next(steps)
    except StopIteration as end:
        return end.value.to_der()
    finally:
        # What the application imported meanwhile stays.
        release(set(sys.modules) - added if added else loaded)


def _begin(bits: int, progress):
    """Return the steps of making a key, the first one done: it has loaded all that they need."""
    with FirmwareFirst():
        from .generate import seed
        from .room import check
        from .rsa import generate_steps

    check(f"rsa{bits}")
    random, _ = seed(board.utc_now())
    steps = generate_steps(bits, random, progress)
    next(steps)
    return steps


def _missing_bits(directory: str, arguments: dict) -> int:
    """Return the size of the RSA key that loading the identity would make, or 0."""
    loaded = set(sys.modules)
    try:
        with FirmwareFirst():
            from .settings import Settings

        settings = Settings(arguments, store.read_config(directory), board.unique_id())
    finally:
        release(loaded)
    if not settings.key_type.startswith("rsa") or _is_served(directory):
        return 0
    return int(settings.key_type[3:])


def _is_served(directory: str) -> bool:
    """Tell whether there is what can be served, as far as it shows without judging it."""
    try:
        import boardcert_builtin  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        pass
    else:
        return True
    if store.load(directory, INSTALLED, []):
        return True
    record = store.load(directory, GENERATED, [])
    return record is not None and record.facts.get("unique_id") == board.unique_id().hex()
