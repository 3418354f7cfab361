"""`boardcert ca sign`: what to sign for a board, and whether the board then serves it."""

import datetime
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..ca import authorities
from ..ca.csr import Request
from ..ca.names import may_claim, name_text, parse_name
from ..certificates.certificate import alternative_names, key_pin, public_key_pin
from ..certificates.fingerprint import KeyPin
from ..errors import CHECKED_AND_BAD, Error
from ..targets import Target, parse_target
from ..trust import pins
from ..trust.location import Place
from ..verify.extension_checks import name_covers
from ..verify.hosts import HostResult, Options, verify_when_up
from .access import Board
from .installable import Installable
from .rules import why_not_served

# A board that was started again makes its network and its server first.
_SERVE_TIMEOUT_S = 60
_STEP_TIMEOUT_S = 20


def new_key() -> tuple[ec.EllipticCurvePrivateKey, Request]:
    """Return a P-384 key that is generated here, and the request for it, without names."""
    key = ec.generate_private_key(ec.SECP384R1())
    return key, Request(key.public_key(), None, None, ())


@dataclass(frozen=True)
class Known:
    """What our pins and certificates say about the key of a request, and about other keys.

    *own*: names of this key. *others*: names that are pinned for other keys. *is_remote*: the
    request came over the network, so its DNS names have to be like those of *own*.
    """

    own: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    is_remote: bool = False


def sign(
    authority: authorities.Authority,
    request: Request,
    more_names: Iterable[str],
    days: int,
    known: Known = Known(),
) -> Installable:
    """Return a certificate for what *request* asks for and *more_names*, and its issuers'.

    Raises Error for a name that a request alone is not granted: one that is pinned for another key,
    or that is neither known for this key nor free to be claimed (ca.names.may_claim).
    """
    granted = [parse_name(name) for name in more_names]
    claimed = [name for name in request.names if name not in granted]
    texts = {name: name_text(name) for name in claimed}
    _refuse([name for name in claimed if texts[name] in known.others], "pinned for another key")
    foreign = [name for name in claimed if not may_claim(authority.constraints, name)]
    foreign = [name for name in foreign if texts[name] not in known.own]
    _refuse(foreign, "which a request alone is not granted")
    if known.is_remote:
        strange = [name for name in claimed if not _is_known(name, known.own)]
        _refuse(strange, f"but is known here as {', '.join(sorted(known.own))}")
    names = list(dict.fromkeys([*request.names, *granted]))
    now = datetime.datetime.now(datetime.timezone.utc)
    return Installable((authority.issue(request, names, days, now), *authority.intermediates))


def _refuse(names: Sequence[x509.GeneralName], why: str) -> None:
    """Raise Error when there are any *names*."""
    texts = [name_text(name) for name in names]
    if texts:
        wanted = f"the request asks for {', '.join(texts)}, {why}"
        hint = f"--san {texts[0]} grants it; --only-names grants nothing else"
        raise Error(f"nothing was signed: {wanted}", hint, CHECKED_AND_BAD)


def _is_known(name: x509.GeneralName, known: Collection[str]) -> bool:
    """Return whether a host of the *known* names may ask for *name*: an address, or a like name."""
    text = name_text(name)
    labels = {one.partition(".")[0] for one in known if isinstance(parse_name(one), x509.DNSName)}
    is_dns = isinstance(name, x509.DNSName)
    return not is_dns or text in known or text.partition(".")[0] in labels


def known(
    request: Request,
    boards: Sequence[pins.Pin],
    issued: Iterable[x509.Certificate],
    place: Place | None = None,
) -> Known:
    """Return what *boards* and the valid certificates of ours say. *place*: who sent the request.

    Raises Error when the board there is pinned with another key.
    """
    pin = key_pin(request.public_key)
    found, host = (place.known, place.target.host) if place else (None, None)
    if place and found and found.public_key_pin != pin:
        called = place.names[0]
        own = found.host
        message = f"nothing was signed: the request is not for the key by which {called} is known"
        hint = f"boardcert csr {called} -o FILE, then boardcert ca sign FILE, to sign for its key"
        raise Error(message, hint, CHECKED_AND_BAD)
    own = {host} if host else set[str]()
    own.update(parse_target(one.host).host for one in boards if one.public_key_pin == pin)
    others = {parse_target(one.host).host for one in boards if one.public_key_pin != pin}
    now = datetime.datetime.now(datetime.timezone.utc)
    for certificate in issued:
        if certificate.not_valid_after_utc > now and public_key_pin(certificate) == pin:
            own.update(alternative_names(certificate))
    return Known(frozenset(own), frozenset(others - own), host is not None)


def check_servable(files: Installable) -> None:
    """Raise Error for a certificate that no board would install, by the chain of the CA."""
    now = datetime.datetime.now(datetime.timezone.utc)
    if reason := why_not_served(files.chain_der, None, now):
        raise Error(f"nothing was signed: a board would refuse it: {reason}", None, CHECKED_AND_BAD)


def check_own_key(certificate: x509.Certificate, issued: Iterable[x509.Certificate]) -> None:
    """Raise Error when another board has this key in a certificate of ours: one was copied."""
    number = _number(certificate)
    for older in issued:
        is_other = number and _number(older) and number != _number(older)
        if is_other and older.public_key() == certificate.public_key():
            message = f"nothing was signed: the board {_number(older)} has the same key"
            hint = "was its flash copied? boardcert new-key HOST generates another key"
            raise Error(message, hint, CHECKED_AND_BAD)


def check_shared(
    certificate: x509.Certificate, issued: Iterable[x509.Certificate], granted: Iterable[str]
) -> list[str]:
    """Return the *granted* names that another key has as well; Error for others that it has."""
    texts = {name_text(parse_name(name)) for name in granted}
    shared = shared_names(certificate, issued)
    taken = [name for name in shared if name not in texts]
    if taken:
        message = f"nothing was signed: another key has a certificate for {', '.join(taken)}"
        hint = f"does the board have a new key? --san {taken[0]} grants it; see boardcert ca list"
        raise Error(message, hint, CHECKED_AND_BAD)
    return shared


def shared_names(certificate: x509.Certificate, issued: Iterable[x509.Certificate]) -> list[str]:
    """Return which of its names are in a valid certificate of ours for another key, too."""
    begin, names = certificate.not_valid_before_utc, set[str]()
    for other in issued:
        if other.not_valid_after_utc > begin and other.public_key() != certificate.public_key():
            names.update(alternative_names(other))
    return [name for name in alternative_names(certificate) if name in names]


def _number(certificate: x509.Certificate) -> str | None:
    """Return the board's unique id, the subject's serialNumber."""
    found = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return str(found[0].value) if found else None


def file_name(certificate: x509.Certificate) -> str:
    """Return a name for the certificate's file, from the first of its own."""
    return re.sub(r"[^a-z0-9.-]", "_", alternative_names(certificate)[0].lower()) + ".crt"


def install(board: Board, files: Installable) -> str:
    """Install a certificate on its board; return the name that it has here. Raises Error.

    The board's pin gets the new fingerprint.
    """
    report = board.install(files)
    if report["fingerprint"] != files.fingerprint:
        raise Error("the board still serves another certificate", None, CHECKED_AND_BAD)
    pins.refresh(report)
    return str(report["names"][0])


def verify_served(target: Target, files: Installable, ca_file: str) -> HostResult:
    """Check over TLS that *target* serves it to a client that trusts only the CA. Raises Error."""
    names = files.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    texts = [text for text in alternative_names(files.chain[0]) if "*" not in text]
    is_named = any(name_covers(name, target.host) for name in names)
    result = verify_when_up(
        target,
        Options(
            name=target.host if is_named or not texts else texts[0],
            pin=KeyPin.of_certificate(files.fingerprint),
            ca_file=ca_file,
            timeout_s=_STEP_TIMEOUT_S,
        ),
        _SERVE_TIMEOUT_S,
    )
    if result.error:
        raise result.error
    return result
