"""The authority of a board that has its own: whether it is fit to be trusted, and its facts.

No second handshake is needed: the board sends its authority, whose signature is checked here.
"""

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..ca import board_authority
from ..certificates.certificate import fingerprint, parse
from ..clock import as_text
from ..trust.kept_authorities import is_kept
from .outcomes import Outcome, failed, passed, warned

_ANOTHER = "`boardcert new-key` makes another one, which may not sign for more than its board"


def chain_outcome(authority: x509.Certificate, leaf_der: bytes) -> Outcome:
    """Check that a board's *authority* has issued its certificate, and is fit to be trusted."""
    now, leaf = datetime.datetime.now(datetime.timezone.utc), parse(leaf_der)
    found = board_authority.faults(authority, leaf, now)
    if found:
        return failed(f"of the board's own authority: {'; '.join(found)}")
    if wide := board_authority.excess(authority, leaf):
        return warned(f"its own authority, which may sign for {', '.join(wide)}; {_ANOTHER}")
    end = f"its own authority, valid until {authority.not_valid_after_utc:%Y-%m-%d}"
    if is_kept(authority):
        return passed(f"{end}, which this computer was told to trust")
    return passed(f"{end}; `boardcert ca trust` lets this computer trust it")


def authority_facts(authority: x509.Certificate) -> dict[str, Any]:
    """Return the facts about a board's authority as data for JSON."""
    return {
        "fingerprint": fingerprint(authority.public_bytes(Encoding.DER)),
        "not_after": as_text(authority.not_valid_after_utc),
        "permitted_names": board_authority.constrained_to(authority),
    }
