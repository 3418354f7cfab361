"""Accept a certificate from elsewhere, or refuse it: all steps before it is stored.

Each step's modules are released before the next: beside connections, memory is short. They are
imported in functions that return before that, since a name keeps its module. For the same reason,
each step reads the certificate anew: an object that one handed to the next would keep its class.
"""

import sys

from .. import Error, RefusedError, board
from ..modules import borrowed
from ..storage import store
from ..storage.record import GENERATED


def accept(directory: str, served_key: bytes, chain, key, today: str | None) -> store.Record:
    """Return the Record of *chain* once it is read, proven, and accepted by the firmware's TLS.

    *chain*, *key*, *today*: see Identity.install; without *key*, the board's own or *served_key*
    is used. The fact "judged_on" is the date by which the dates were checked, or None. Raises
    RefusedError.
    """
    held = _hold()
    now = board.utc_now() or _date(today)
    generated = store.load(directory, GENERATED, [])
    own_keys = [generated.private_key] if generated else []
    with borrowed():
        record, signatures = _read(chain, key, own_keys + [served_key], now)
    record.facts["own_key"] = record.private_key in own_keys
    record.facts["judged_on"] = now and board.isoformat(now)
    with borrowed():
        _check_strictly(record.chain)
    with borrowed():
        _prove_chain(signatures)
        del signatures
    if key is not None:
        with borrowed():
            _prove_key(record.private_key, now)
    if held:
        held.close()
    _try_to_serve(record)
    return record


def _hold():
    """Hold what TLS needs in the end, on esp32, where TLS has a heap of its own."""
    if sys.platform != "esp32":
        return None
    from ..transport.esp32_reserve import ballast

    return ballast()


def _date(text: str | None) -> tuple | None:
    """Return the date in *text*, None for one that no set clock shows; raise RefusedError."""
    if not text:
        return None
    try:
        parts = text[:19].replace("T", "-").replace(":", "-").split("-")
        is_date = text[-1] == "Z" and [len(part) for part in parts] == [4, 2, 2, 2, 2, 2]
        date = tuple([int(part) for part in parts]) if is_date else None
    except (AttributeError, TypeError, ValueError):
        date = None
    if not date or not _is_valid(date):
        raise RefusedError("time", "the time must be UTC, like 2026-11-21T05:00:00Z")
    return date if board.EARLIEST_DATE <= date < board.LATEST_DATE else None


def _is_valid(date: tuple) -> bool:
    from ..certificates.fields import is_valid_date

    return is_valid_date(date)


def _read(*arguments) -> tuple:
    from .offer import read

    return read(*arguments)


def _check_strictly(chain: list) -> None:
    from ..certificates.strict import check

    check(chain)


def _prove_chain(signatures: list) -> None:
    from .proof import prove_chain

    prove_chain(signatures)


def _prove_key(private_key: bytes, now: tuple | None) -> None:
    from .proof import prove_key

    prove_key(private_key, now)


def _try_to_serve(record: store.Record) -> None:
    """Raise RefusedError if the firmware's TLS does not accept it, or memory is short."""
    from ..transport.tls import server_context

    key_type = record.facts["key_type"]
    try:
        if key_type.startswith("rsa"):
            from ..transport.rsa_memory import check_served

            check_served(key_type)
        server_context(record)
    except (Error, OSError) as error:
        raise RefusedError("chain", f"it cannot be served: {error}") from error
