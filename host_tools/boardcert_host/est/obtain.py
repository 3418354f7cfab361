"""A certificate from an EST server for a board: the whole procedure, resumed where it stopped.

Progress is recorded. Run again after anything, it sends the request that the server has not decided
about, or installs the chain that was issued but not installed.
"""

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..board import installable
from ..ca.csr import Request
from ..certificates.certificate import alternative_names, describe, is_signed_by
from ..certificates.read_files import in_order
from ..enrolment import delivery
from ..enrolment.renewals import Obtained, OnStep
from ..errors import CHECKED_AND_BAD, Error
from . import attributes
from .content import certificates
from .enrolling import ENROL, RENEW, enrol
from .kept import SHELF, Kept
from .plan import Plan
from .problems import refusal
from .server import Server

_OK = 200


def obtain(plan: Plan, on_step: OnStep, *, anew: bool = False, asks: bool = True) -> Obtained:
    """Enrol the board, install what the CA has issued, and see it served. *plan*: has a host.

    *on_step* is called with each step, in words. *anew*: whatever was asked for before, or issued
    and not installed. *asks*: a person for a token or password that is missing. Raises Error.
    """
    host = plan.way.host or ""
    with SHELF.held(host):
        state = _state(host, plan, anew)
        on_step("asking the board for its request")
        pem, request = delivery.ask(plan.way, plan.names, asks)
        state.chains = [one for one in state.chains if delivery.is_for_key(one, request)]
        remarks: list[str] = []
        is_new = not state.chains
        if is_new:
            remarks = _issue(state, host, (pem, request), on_step, asks)
        name = plan.names[0] if plan.names else delivery.name_of(plan.way)
        files, more = delivery.choose(state.chains, name)
        on_step("installing it on the board")
        delivery.install(plan.way, files, asks)
        state.installed, state.chains = describe(files.chain[0]), []
        SHELF.save(host, state)
    return Obtained(state.installed, files.chain_pem, [*remarks, *more], is_new)


def _state(host: str, plan: Plan, anew: bool) -> Kept:
    """Return what is kept of the board, for *plan*: what another server has is forgotten."""
    state = SHELF.load(host) or Kept(plan)
    before, state.plan = state.plan, plan
    if anew or (before.url, before.names) != (plan.url, plan.names):
        state.request, state.chains = None, []
    return state


def _issue(
    state: Kept, host: str, asked: tuple[bytes, Request], on_step: OnStep, asks: bool
) -> list[str]:
    """Have the chain that the server issues in *state*, saved for *host*; return remarks.

    *asked*: the board's request, in PEM and read.
    """
    plan: Plan = state.plan
    pem, request = asked
    if state.request is None or not _is_same(state.request.encode(), pem):
        state.request = pem.decode()
    SHELF.save(host, state)
    served = delivery.served(plan.way, asks)
    server = Server(plan, asks)
    try:
        issued, authorities, remarks = _enrolled(server, state, host, served, on_step)
    finally:
        server.close()
    chain = _chain(issued, authorities, request, plan.place)
    if missing := installable.missing_issuer(installable.Installable(chain), authorities):
        remarks.append(missing)
    state.chains, state.request = [_pem(one) for one in _shorter(chain, authorities)], None
    SHELF.save(host, state)
    return [f"note: {one}" for one in remarks]


def _enrolled(
    server: Server, state: Kept, host: str, served: x509.Certificate | None, on_step: OnStep
) -> tuple[list[x509.Certificate], list[x509.Certificate], list[str]]:
    """Return what the server issues, the certificates of its CA, and remarks.

    *served*: what the board serves now. A request that is refused is forgotten.
    """
    place = state.plan.place
    on_step(f"asking {place} for the certificates of its CA")
    answer = server.get("cacerts")
    if answer.status != _OK:
        raise refusal(place, "cacerts", answer)
    authorities = certificates(answer, place)
    asked = attributes.wanted(server.get("csrattrs"), place)
    pem = (state.request or "").encode()
    parsed = x509.load_pem_x509_csr(pem)
    remarks = [f"{place} {one}" for one in attributes.lacking(asked, parsed)]
    operation = RENEW if _renews(served, parsed, authorities) else ENROL
    on_step(f"waiting for the certificate of {place}")
    try:
        issued, more = enrol(server, state.plan, pem, operation, on_step)
    except Error as error:
        if error.code == CHECKED_AND_BAD:  # The next request may be another.
            state.request = None
            SHELF.save(host, state)
        raise
    return issued, authorities, [*remarks, *more]


def _is_same(before: bytes, pem: bytes) -> bool:
    """Return whether two requests (PEM) ask for the same: their signatures differ each time."""
    one, other = (x509.load_pem_x509_csr(data) for data in (before, pem))
    return one.tbs_certrequest_bytes == other.tbs_certrequest_bytes


def _renews(
    served: x509.Certificate | None,
    request: x509.CertificateSigningRequest,
    authorities: list[x509.Certificate],
) -> bool:
    """Return whether *request* renews what is *served*: one of the CA's, for the same names.

    RFC 7030, section 4.2.2: subject and subjectAltName have to be the same.
    """
    if served is None or not any(is_signed_by(served, one) for one in authorities):
        return False
    has_same_names = set(alternative_names(served)) == set(alternative_names(request))
    return served.subject == request.subject and has_same_names


def _shorter(
    chain: list[x509.Certificate], authorities: list[x509.Certificate]
) -> Iterator[list[x509.Certificate]]:
    """Give *chain*, and what is left of it without certificates of one root by another.

    While a CA changes its root, /cacerts has these, too (RFC 7030, section 4.1.3): a board that
    has no room for them can do without.
    """
    yield chain
    roots = [one for one in authorities if is_signed_by(one, one)]
    for count in range(len(chain) - 1, 0, -1):
        if any(is_signed_by(chain[count - 1], root) for root in roots):
            yield chain[:count]


def _pem(chain: list[x509.Certificate]) -> str:
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in chain)


def _chain(
    issued: list[x509.Certificate],
    authorities: list[x509.Certificate],
    request: Request,
    place: str,
) -> list[x509.Certificate]:
    """Return the board's certificate and those of its issuers. Raises Error without one."""
    own = [one for one in issued if one.public_key() == request.public_key]
    if not own:
        message = f"{place} has issued {len(issued)} certificates, none for the key of the board"
        raise Error(message, None, CHECKED_AND_BAD)
    others = [one for one in [*issued, *authorities] if one not in own]
    others.sort(key=lambda one: bool(is_signed_by(one, one)))  # Roots last: PKCS#7 has no order.
    return in_order([own[0], *others])
