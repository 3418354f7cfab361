"""Judge a certificate from elsewhere, step by step, until it can be stored.

Each step's modules are released before the next: beside connections, memory is short. They are
imported in functions that return before that, since a name keeps its module.
"""

import sys

from . import Error, FirmwareFirst, RefusedError, board, store
from .lifecycle import GENERATED, release


def judge(directory: str, chain, key, served_key: bytes) -> store.Record:
    """Return the Record of *chain* once it is read, proven, and taken by the firmware's TLS.

    *chain*, *key*: see Identity.install; without *key*, the board's own or *served_key* is
    taken. Raises RefusedError.
    """
    now = board.utc_now()
    loaded = set(sys.modules)
    generated = store.load(directory, GENERATED, [])
    own_keys = [generated.private_key] if generated else []
    record, signatures = _read(chain, key, own_keys + [served_key], now)
    record.facts["own_key"] = record.private_key in own_keys
    release(loaded)
    _check_strictly(record.chain)
    release(loaded)
    _prove_chain(signatures)
    del signatures
    release(loaded)
    if key is not None:
        _prove_key(record.private_key, now)
        release(loaded)
    _try_to_serve(record)
    return record


def _read(*arguments) -> tuple:
    with FirmwareFirst():
        from .install import read

    return read(*arguments)


def _check_strictly(chain: list) -> None:
    with FirmwareFirst():
        from .strict import check

    check(chain)


def _prove_chain(signatures: list) -> None:
    with FirmwareFirst():
        from .proof import prove_chain

    prove_chain(signatures)


def _prove_key(private_key: bytes, now: tuple | None) -> None:
    with FirmwareFirst():
        from .proof import prove_key

    prove_key(private_key, now)


def _try_to_serve(record: store.Record) -> None:
    """Raise RefusedError for what the firmware's TLS does not take, or the memory."""
    with FirmwareFirst():
        from .tls import server_context

    key_type = record.facts["key_type"]
    try:
        if key_type.startswith("rsa"):
            from .room import check_served

            check_served(key_type)
        server_context(record)
    except (Error, OSError) as error:
        raise RefusedError("chain", f"it cannot be served: {error}") from error
