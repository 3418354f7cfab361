"""The report of an identity: everything that is public, as values that JSON can express."""

import hashlib
import json
import sys
from binascii import b2a_base64, hexlify

from .. import __version__, board

OUTCOME = "outcome"
"""The file with the outcome of a deferred task, see wishes: a JSON object."""

_PUBLIC_FACTS = (
    "hostname",
    "portal_port",
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
_OUTCOME_MEMBERS = ("task", "id", "error", "field", "wiped")


def report(identity, facts: dict) -> dict:
    """Return the report of *identity*, whose record has these *facts*.

    "issuer" and "own_key" are for an installed certificate only, else None: who signed it, and
    whether it was for the board's own key when it was installed. "authority": of the board's own,
    see Identity.authority, or None. "outcome": of the last task that was deferred until a boot, or
    None.
    """
    result = {name: facts.get(name) for name in _PUBLIC_FACTS}
    result.update(
        {
            "board": getattr(sys.implementation, "_machine", sys.platform),
            "unique_id": board.unique_id().hex(),
            "source": identity.source,
            "fingerprint": identity.fingerprint,
            "certificate": b2a_base64(identity.certificate).decode().strip(),
            "chain": len(identity.chain),
            "authority": _authority(identity.authority, facts),
            "version": __version__,
            "firmware": sys.version,
            "timings_ms": identity.timings_ms,
            "generated": identity.generated,
            "notices": identity.notices,
            "outcome": _outcome(identity._directory),
        }
    )
    return result


def _authority(certificate: bytes | None, facts: dict) -> dict | None:
    """Return what there is to know of the authority's *certificate*, if the board has one."""
    if certificate is None:
        return None
    digest = hashlib.sha256(certificate).digest()
    return {
        "fingerprint": hexlify(digest, ":").decode().upper(),
        "not_after": facts["authority"]["not_after"],
    }


def _outcome(directory: str) -> dict | None:
    """Return task, id, error, field and wiped, without the result."""
    found = read_outcome(directory) or {}
    return {name: found.get(name) for name in _OUTCOME_MEMBERS} if found else None


def read_outcome(directory: str) -> dict | None:
    """Return the contents of the file OUTCOME, None without it."""
    try:
        with open(f"{directory}/{OUTCOME}") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
