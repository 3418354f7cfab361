"""One request to an EST server, until it is answered by a certificate or a refusal.

A server may decide later (RFC 7030, section 4.2.3): then the same request is sent again when it
says so, by this run or by one after it.
"""

import base64
import datetime
import email.utils
import time
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import Error
from .answer import Answer
from .content import certificates
from .plan import Plan
from .problems import reason, refusal
from .server import Server

ENROL, RENEW = "simpleenroll", "simplereenroll"

_OK, _ACCEPTED = 200, 202
# Busy servers say when, too.
_LATER = (_ACCEPTED, 429, 503)
# Where the certificate to be renewed has to be the TLS client's, or nobody has thought of renewal.
_NO_RENEWAL = (403, 404, 405, 501)
# When a server does not say when: often enough for a person who approves it.
_PAUSE_S = 60
_LEAST_PAUSE_S = 1


def enrol(
    server: Server,
    plan: Plan,
    request_pem: bytes,
    operation: str,
    on_step: Callable[[str], None],
) -> tuple[list[x509.Certificate], list[str]]:
    """Return the certificates that *server* has issued for a request, and remarks. Raises Error."""
    request = x509.load_pem_x509_csr(request_pem)
    # In lines, which old servers need: RFC 8951, section 3.1, lets them stand.
    body = base64.encodebytes(request.public_bytes(Encoding.DER))
    answer = _answered(server, plan, operation, body, on_step)
    remarks = []
    if operation == RENEW and answer.status in _NO_RENEWAL:
        said = reason(answer) or answer.reason
        remarks.append(f"{plan.place} does not renew it ({said}): it was asked for a new one")
        operation = ENROL
        answer = _answered(server, plan, operation, body, on_step)
    if answer.status != _OK:
        raise refusal(plan.place, operation, answer)
    return certificates(answer, plan.place), remarks


def _answered(
    server: Server, plan: Plan, operation: str, body: bytes, on_step: Callable[[str], None]
) -> Answer:
    """Return the answer that is the last: an Error when that takes longer than the plan has."""
    end = time.monotonic() + plan.wait_s
    while True:
        answer = server.post(operation, body)
        if answer.status not in _LATER:
            return answer
        pause_s = _pause_s(answer)
        if answer.status != _ACCEPTED and "retry-after" not in answer.headers:
            return answer
        if time.monotonic() + pause_s > end:
            raise _undecided(plan.place, answer, pause_s)
        on_step(f"{plan.place} has not decided yet; it is asked again in {_duration(pause_s)}")
        time.sleep(pause_s)


def _undecided(place: str, answer: Answer, pause_s: float) -> Error:
    said = f": {words}" if (words := reason(answer)) else ""
    kind = "has not decided yet" if answer.status == _ACCEPTED else "is busy"
    hint = f"run it again in {_duration(pause_s)}: the same request is sent then; see --wait"
    return Error(f"{place} {kind}{said}", hint)


def _pause_s(answer: Answer) -> float:
    """Return the seconds of Retry-After, a number or a date (RFC 9110, section 10.2.3)."""
    text = answer.headers.get("retry-after", "")
    if text.isdecimal():
        return max(_LEAST_PAUSE_S, int(text[:9]))
    try:
        moment = email.utils.parsedate_to_datetime(text)
        now = datetime.datetime.now(datetime.timezone.utc)
        return max(_LEAST_PAUSE_S, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # Also of a date without a time zone.
        return _PAUSE_S


def _duration(seconds: float) -> str:
    """Return "40 s", "5 min", "3 h"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{round(seconds)} s"
