"""The verdict on what one server has shown: every check, however that was gathered."""

import contextlib
import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ..certificates import certificate as certificates
from ..certificates.fingerprint import KeyPin
from ..errors import CHECKED_AND_BAD, COULD_NOT_RUN, OK, Error
from ..targets import Target
from ..trust.pins import Pin
from .checks import certificate_checks, certificate_checks_skipped
from .comparisons import comparisons, recognise
from .of_authority import authority_facts
from .outcomes import Check, Expected
from .tls_probe import Session

_NO_SESSION = "no certificate: the handshake failed"


@dataclass(frozen=True)
class Options:
    """What a host is compared with.

    *name*: expected in the certificate, when not the host itself. *pin*: as `fingerprint.parse_pin`
    returns it. *known_boards*: returns the known boards that servers, as far as they were looked
    at, may be, as `known.known_boards` does. *ca_file*: of the CA that must have issued it;
    *own_ca*: that of the user's own, for what it has issued. *read_report*: asks the board over
    USB, after TLS was seen.
    """

    name: str | None = None
    pin: KeyPin | None = None
    known_boards: "Callable[[Sequence[HostResult]], Sequence[Pin]]" = lambda _: ()
    ca_file: str | None = None
    own_ca: str | None = None
    read_report: Callable[[], dict[str, Any]] | None = None
    timeout_s: float = 10.0


@dataclass
class HostResult:
    """What is known about one host. *error*: why the checks could not be made, or None.

    *known*: the pin of the board that serves here, at *address*. *authority*: the board's own,
    which has issued what it serves; None: it has none.
    """

    target: Target
    name: str
    checks: list[Check] = field(default_factory=list)
    certificate_der: bytes | None = None
    certificate: dict[str, Any] | None = None
    error: Error | None = None
    ca_file: str | None = None
    known: Pin | None = None
    address: str | None = None
    authority: x509.Certificate | None = None

    @property
    def ok(self) -> bool:
        """Return whether every check that applies was made and passed."""
        return self.error is None and all(check.status != "fail" for check in self.checks)

    @property
    def key_is_known(self) -> bool:
        """Return whether the server has proven that it has the key by which it is known."""
        return any(check.id == "known" and check.status == "pass" for check in self.checks)

    @property
    def failures(self) -> list[str]:
        """Return which checks failed, and why."""
        return [f"{check.title}: {check.detail}" for check in self.checks if check.status == "fail"]

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data; its fields are the interface of `verify --json`."""
        error = self.error and {"message": self.error.message, "hint": self.error.hint}
        return {
            "host": self.target.host,
            "port": self.target.port,
            "name": self.name,
            "ok": self.ok,
            "error": error,
            "checks": [dict(vars(check)) for check in self.checks],
            "certificate": self.certificate,
            "authority": self.authority and authority_facts(self.authority),
        }


class Gathered(NamedTuple):
    """What the network part found. *chain*: the outcome of the check of the chain to a CA."""

    result: HostResult
    session: Session
    chain: Check


def exit_code(results: Iterable[HostResult]) -> int:
    """Return 1 when any host failed a check, else 3 when any could not be checked, else 0."""
    results = list(results)
    if any(result.error is None and not result.ok for result in results):
        return CHECKED_AND_BAD
    return COULD_NOT_RUN if any(result.error for result in results) else OK


def judge(gathered: Sequence[Gathered], options: Options) -> list[HostResult]:
    """Make every check on what was *gathered*; none where a server could not be reached."""
    results = [_look_at(*each) for each in gathered]
    boards = options.known_boards(results)
    for result in results:
        _compare(result, boards, options)
    return results


def _look_at(result: HostResult, session: Session, chain: Check) -> HostResult:
    """Make the checks that need only what the server has shown."""
    if result.error:
        return result
    reachable = Check("reachable", "reachable", "pass", _where(result.target, session))
    if session.certificate is None:
        result.checks = [reachable, *_flaw_checks(session)]
        return result
    result.checks = [reachable, *_tls_checks(session)]
    result.certificate_der = session.certificate
    try:
        certificate = certificates.parse(session.certificate)
    except ValueError as error:
        reason = "the certificate cannot be parsed"
        result.checks += [_parses("fail", str(error)), *certificate_checks_skipped(reason)]
        return result
    now = datetime.datetime.now(datetime.timezone.utc)
    expected = Expected(result.name, issued=chain.status != "skip", now=now)
    result.checks += [_parses("pass", f"{len(session.certificate)} bytes of DER")]
    result.checks += [*certificate_checks(certificate, expected), chain]
    # Where the key cannot be read, the check of its type has failed and says why.
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        result.certificate = certificates.describe(certificate)
    return result


def _compare(result: HostResult, boards: Sequence[Pin], options: Options) -> None:
    """Make the checks against what is known of this very board."""
    if result.certificate is None:
        return
    acquaintance = recognise(str(result.target), boards, result.name, result.certificate)
    result.known = acquaintance.at(result.target.port)
    result.checks += comparisons(result.certificate, options.pin, acquaintance, options.read_report)


def _where(target: Target, session: Session) -> str:
    if session.was_not_found:
        return f"{target.host} was not found; a TLS server is at its last address, {target.address}"
    return "a TLS server answers"


def _parses(status: str, detail: str) -> Check:
    return Check("certificate_parses", "certificate parses", status, detail)


def _tls_checks(session: Session) -> list[Check]:
    """Check version, suite and proof of the key; tls_probe says why a handshake is proof."""
    proof = "the server signed this handshake with the certificate's key"
    return [
        Check("tls_version", "TLS version", "pass", str(session.tls_version)),
        Check("cipher_suite", "cipher suite", *_cipher_outcome(str(session.cipher))),
        Check("key_proven", "key pair proven", "pass", proof),
    ]


def _flaw_checks(session: Session) -> list[Check]:
    """Return every check as not made but the one that the server failed in the handshake."""
    flaw_id, reason = session.flaw or ("", "")
    checks = [*_tls_checks(session), _parses("", ""), *certificate_checks_skipped(_NO_SESSION)]
    return [
        replace(check, status="fail", detail=reason)
        if check.id == flaw_id
        else replace(check, status="skip", detail=_NO_SESSION)
        for check in checks
    ]


def _cipher_outcome(cipher: str) -> tuple[str, str]:
    """Pass suites with forward secrecy and authenticated encryption (RFC 9325, section 4.2)."""
    ephemeral = cipher.startswith(("TLS_", "ECDHE-", "DHE-"))
    if ephemeral and ("GCM" in cipher or "CHACHA20" in cipher):
        return "pass", cipher
    return "fail", f"{cipher} lacks forward secrecy or authenticated encryption"
