"""Generate an RSA key while the application runs, for a board that has none to serve with.

All of it, up to the end of the search for the primes, which takes minutes, yields to the event loop
at least every 100 ms. Signing, checking and storing the certificate does not.
"""
# ruff: noqa: F401 (modules that are only loaded)

import asyncio

from .. import DIRECTORY, board, give_memory, identity
from ..modules import borrowed
from ..storage import store
from ..storage.record import GENERATED, INSTALLED
from .lifecycle import check_progress


async def prepare(directory: str = DIRECTORY, progress=None, **arguments):
    """Return identity(**arguments); generate its RSA key first if it needs one."""
    check_progress(progress)
    new_key = None
    await asyncio.sleep(0)
    if not _is_served(directory):
        await asyncio.sleep(0)
        new_key = await _make_key(directory, arguments, progress)
    return identity(directory=directory, progress=progress, new_key=new_key, **arguments)


async def key_for(me) -> bytes | None:
    """Return a key for me.new_key() or me.reset(); None if they make one quickly."""
    return await _make_key(me._directory, me._arguments, me._progress)


async def _make_key(directory: str, arguments: dict, progress) -> bytes | None:
    """Return a new key's DER if the settings ask for RSA, else None."""
    key_type = _key_type(directory, arguments)
    if not key_type.startswith("rsa"):
        return None
    give_memory()
    # In its own task: callers may be nested deeply, and a Pico's stack is small.
    return await asyncio.create_task(_generate(int(key_type[3:]), progress))


async def _generate(bits: int, progress) -> bytes:
    """Return a new RSA key's DER; yield to other tasks at each step."""
    lent = set()
    try:
        for load in (_load_encodings, _load_curves, _load_rsa, _load_search, _load_noise):
            await asyncio.sleep(0)
            _load(load, lent)
        steps = _steps(bits, progress)
        while True:
            await asyncio.sleep(0)
            next(steps)
    except StopIteration as end:
        return end.value.to_der()
    finally:
        loaded = borrowed().begin()
        loaded.kept -= lent  # What the application imported meanwhile stays.
        loaded.give_back()


def _load(load, lent: set) -> None:
    """Call *load*(); add the names of the modules that it imports to *lent*."""
    before = borrowed().begin().kept
    try:
        load()
    finally:
        lent |= borrowed().begin().kept - before


# Loaded a file at a time, each after those that it needs.


def _load_encodings() -> None:
    from ..asn1 import der


def _load_curves() -> None:
    from ..crypto import ec
    from ..entropy import seeding


def _load_rsa() -> None:
    from ..crypto import rsa


def _load_search() -> None:
    from ..crypto import rsa_generate


def _load_noise() -> None:
    from ..entropy import noise


def _steps(bits: int, progress):
    """Yield now and then; return a new key."""
    from ..crypto.rsa_generate import generate_steps
    from ..entropy.seeding import gather, seed
    from ..transport.rsa_memory import check

    check(f"rsa{bits}")
    yield
    gathered = gather()
    yield
    random, _ = seed(board.utc_now(), gathered)
    yield
    return (yield from generate_steps(bits, random, progress))


def _key_type(directory: str, arguments: dict) -> str:
    with borrowed():
        from .settings import Settings

        return Settings(arguments, store.read_config(directory), board.unique_id()).key_type


def _is_served(directory: str) -> bool:
    """Return whether there is something to serve, still unchecked."""
    try:
        import boardcert_builtin  # pyright: ignore[reportMissingImports]
    except Exception:  # noqa: BLE001, S110 (absent, or unusable: identity reports it)
        pass
    else:
        return True
    if store.load(directory, INSTALLED, []):
        return True
    record = store.load(directory, GENERATED, [])
    return record is not None and record.facts.get("unique_id") == board.unique_id().hex()
