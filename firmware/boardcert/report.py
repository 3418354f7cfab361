"""What Identity.report tells: everything that may be told, nothing secret, in JSON's values."""

import sys
from binascii import b2a_base64

from . import __version__, board

_TOLD_FACTS = (
    "hostname",
    "names",
    "key_type",
    "public_key_pin",
    "serial_number",
    "not_before",
    "not_after",
    "entropy",
    "issuer",
    "own_key",
)


def report(identity, facts: dict) -> dict:
    """Return the report of *identity*, whose record has these *facts*.

    "issuer" and "own_key" are of an installed certificate only: who signed it, and whether it was
    for the board's own key when it was installed; else None.
    """
    told = {name: facts.get(name) for name in _TOLD_FACTS}
    told.update(
        {
            "board": getattr(sys.implementation, "_machine", sys.platform),
            "unique_id": board.unique_id().hex(),
            "source": identity.source,
            "fingerprint": identity.fingerprint,
            "certificate": b2a_base64(identity.certificate).decode().strip(),
            "chain": len(identity.chain),
            "version": __version__,
            "firmware": sys.version,
            "timings_ms": identity.timings_ms,
            "generated": identity.generated,
            "notices": identity.notices,
        }
    )
    return told
