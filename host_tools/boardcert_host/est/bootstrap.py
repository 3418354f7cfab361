"""The first contact with a server whose CA this computer does not know (RFC 7030, section 4.1.1).

/cacerts is read over a connection that is not verified, and nothing else is sent there. A person
compares the fingerprint of the CA, or has given it; what matches is the trust anchor from then on.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..certificates.certificate import describe, is_signed_by
from ..certificates.fingerprint import KeyPin
from ..deadline import Deadline, open_tls
from ..enrolment.exchange import unverified
from ..errors import CHECKED_AND_BAD, Error
from ..files import write_whole
from ..verify.tls_probe import unverified_context
from .content import certificates
from .kept import anchors_file
from .plan import Login, Plan
from .problems import refusal
from .server import Server
from .tls import verifying_context

_OK = 200
_HTTPS = 443
_TIMEOUT_S = 20
Confirm = Callable[[Sequence[dict]], bool]
"""Asks a person whether these CAs, as `describe` says them, are the right ones."""


def trusting(plan: Plan, pin: KeyPin | None, confirm: Confirm) -> Plan:
    """Return *plan* with the server's CA as its trust anchor, kept in a file.

    *pin*: what the CA must have, as `parse_pin` returns it; None: *confirm* decides. Raises Error.
    """
    found = _offered(plan)
    if pin is None:
        chosen = [one for one in found if is_signed_by(one, one)] or found[:1]
        if not confirm([describe(one) for one in chosen]):
            raise Error("nothing was sent to it", None, CHECKED_AND_BAD)
    else:
        chosen = [one for one in found if pin.matches(describe(one))]
        if not chosen:
            offered = ", ".join(f"{describe(one)['fingerprint']}" for one in found)
            message = f"no CA of {plan.place} has this fingerprint; nothing was sent to it"
            raise Error(message, f"it offers {offered}", CHECKED_AND_BAD)
    path = anchors_file(plan.url)
    _write(path, chosen)
    return replace(plan, server_ca=str(path))


def is_trusted(plan: Plan) -> bool:
    """Return whether this computer trusts the server; also if it does not answer at all."""
    place = urlsplit(plan.url)
    context, host = (
        verifying_context(replace(plan, login=Login()), asks=False),
        place.hostname or "",
    )
    try:
        open_tls(context, host, place.port or _HTTPS, Deadline(_TIMEOUT_S), host).close()
    except ssl.SSLCertVerificationError:
        return False
    except OSError:
        pass  # The first request to it will report what is wrong.
    return True


def _offered(plan: Plan) -> list[x509.Certificate]:
    """Return what /cacerts says, over a connection that nobody has verified."""
    anonymous = replace(plan, login=Login(), server_ca=None)
    server = Server(anonymous, asks=False, context=unverified_context())
    try:
        with unverified():
            answer = server.get("cacerts")
    finally:
        server.close()
    if answer.status != _OK:
        raise refusal(plan.place, "cacerts", answer)
    return certificates(answer, plan.place)


def _write(path: Path, anchors: Sequence[x509.Certificate]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, b"".join(one.public_bytes(Encoding.PEM) for one in anchors), 0o600)
