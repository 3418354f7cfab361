"""Why a board is not valid, or could not be checked: fixed words, the worst first.

The inventory keeps them before the colon of a verdict's detail; programs may rely on the words.
"""

import datetime
import re

from .. import clock
from ..certificates.certificate import may_have_issued, parse
from .judging import HostResult
from .network_errors import KINDS, UNREACHABLE, Unreachable
from .outcomes import Check

DUPLICATE_KEY, CHANGED_KEY, EXPIRED = "duplicate key", "changed key", "expired"
NOT_YET_VALID, WRONG_NAME, WEAK_KEY = "not yet valid", "wrong name", "weak key"
EXPIRING, NOT_A_HOST, NOT_TRUSTED = "expiring", "not a host", "not trusted"
# NIST SP 800-57 part 1, table 2: what has less than 112 bits of strength.
_WEAK_RSA_BITS, _WEAK_CURVE_BITS = 2048, 224
# What each check is called as a reason; any other by its title.
_BY_CHECK = {
    "known": CHANGED_KEY,
    "pin": "wrong pin",
    "key_proven": "key not proven",
    "key_strength": WEAK_KEY,
    "self_signature": "bad signature",
    "chain": NOT_TRUSTED,
    "subject_alt_name": WRONG_NAME,
    "signature_algorithm": "weak signature",
    "tls_version": "old TLS",
    "cipher_suite": "weak cipher suite",
    "lifetime": "lifetime",
}
_FIRST = (DUPLICATE_KEY, CHANGED_KEY, "wrong pin", "key not proven", WEAK_KEY, "bad signature")
_FIRST += (NOT_TRUSTED, EXPIRED, NOT_YET_VALID, WRONG_NAME)
_ORDER = (*_FIRST, "", *KINDS, NOT_A_HOST, EXPIRING)  # "": any other check.


def reasons_of(result: HostResult) -> list[str]:
    """Return the words for what is wrong with a server; none for a valid one."""
    if result.error:
        return [result.error.kind if isinstance(result.error, Unreachable) else UNREACHABLE]
    found = [_reason(result, check) for check in result.checks if check.status == "fail"]
    return sorted(dict.fromkeys(found), key=badness)


def is_expiring(result: HostResult, within: datetime.timedelta, now: datetime.datetime) -> bool:
    """Return whether a valid certificate ends within that time."""
    if not result.ok or not result.certificate:
        return False
    return clock.from_text(result.certificate["not_after"]) - now < within


def badness(reason: str) -> int:
    """Return a number by which reasons are sorted, the worst first."""
    return _ORDER.index(reason if reason in _ORDER else "")


def _reason(result: HostResult, check: Check) -> str:
    if check.id == "validity_now" and result.certificate_der:
        not_after = parse(result.certificate_der).not_valid_after_utc
        is_over = not_after < datetime.datetime.now(datetime.timezone.utc)
        return EXPIRED if is_over else NOT_YET_VALID
    if check.id == "key_type" and result.certificate and _is_weak(result.certificate["key_type"]):
        return WEAK_KEY
    if check.id == "self_signature" and result.certificate_der:
        certificate = parse(result.certificate_der)
        if not may_have_issued(certificate, certificate):
            return NOT_TRUSTED
    return _BY_CHECK.get(check.id, check.title)


def _is_weak(key_type: str) -> bool:
    """Return whether a key, as `certificate.key_type` names it, is a short one."""
    bits = re.search(r"\d+", key_type)
    least = _WEAK_RSA_BITS if key_type.startswith("rsa") else _WEAK_CURVE_BITS
    return bits is not None and int(bits[0]) < least
