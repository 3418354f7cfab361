"""`boardcert ca sign`, between the CA and a board: what to sign, and whether it is served then."""

import datetime
import re
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from . import ca, pins
from .board_access import Board
from .ca_names import may_claim, name_text, parse_name
from .ca_request import Request
from .certificate import alternative_names
from .checks import name_covers
from .errors import CHECKED_AND_BAD, Error
from .install_files import Installable
from .targets import Target
from .verify import HostResult, Options, verify_when_up

# A board that was started again makes its network and its server first.
_SERVE_TIMEOUT_S = 60
_STEP_TIMEOUT_S = 20


def new_key() -> tuple[ec.EllipticCurvePrivateKey, Request]:
    """Return a P-384 key that is made here, and the request for it, which names nothing."""
    key = ec.generate_private_key(ec.SECP384R1())
    return key, Request(key.public_key(), None, None, ())


def sign(
    authority: ca.Authority, request: Request, more_names: Iterable[str], days: int
) -> Installable:
    """Return a certificate for what *request* asks for and *more_names*, and its issuers'.

    Raises Error for a name that a request alone does not get (ca_names.may_claim).
    """
    granted = [parse_name(name) for name in more_names]
    claimed = [name for name in request.names if name not in granted]
    foreign = [name_text(name) for name in claimed if not may_claim(authority.constraints, name)]
    if foreign:
        wanted = f"the request asks for {', '.join(foreign)}, which is not local"
        hint = f"--san {foreign[0]} grants it; --only-names grants nothing else"
        raise Error(f"nothing was signed: {wanted}", hint, CHECKED_AND_BAD)
    names = list(dict.fromkeys([*request.names, *granted]))
    now = datetime.datetime.now(datetime.timezone.utc)
    return Installable((authority.issue(request, names, days, now), *authority.intermediates))


def check_own_key(certificate: x509.Certificate, issued: Iterable[x509.Certificate]) -> None:
    """Raise Error when another board has this key in a certificate of ours: one was copied."""
    number = _number(certificate)
    for older in issued:
        is_other = number and _number(older) and number != _number(older)
        if is_other and older.public_key() == certificate.public_key():
            message = f"nothing was signed: the board {_number(older)} has the same key"
            hint = "was its flash copied? boardcert new-key HOST gives this one its own"
            raise Error(message, hint, CHECKED_AND_BAD)


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
    """Bring a certificate to its board; return the name that it has here. Raises Error.

    What is known here of the board (pins) learns its new fingerprint.
    """
    report = board.install(files)
    if report["fingerprint"] != files.fingerprint:
        raise Error("the board serves another certificate all the same", None, CHECKED_AND_BAD)
    # No board is known by a wildcard, which is no host's name.
    names = [name for name in report["names"] if "*" not in name]
    known = pins.find_pin(pins.load_pins(), names)
    if known and known.public_key_pin == report["public_key_pin"]:
        pins.add_pin(known.host, report)
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
            pin=("fingerprint", files.fingerprint),
            ca_file=ca_file,
            timeout_s=_STEP_TIMEOUT_S,
        ),
        _SERVE_TIMEOUT_S,
    )
    if result.error:
        raise result.error
    return result
