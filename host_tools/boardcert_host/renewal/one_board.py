"""The renewal of one board, in steps whose state a new run can determine by looking.

Its certificate is signed and kept first, then installed, then seen served. What a run has left
after any of them is seen by the next: a certificate that was signed, and that the board does not
serve, is installed and not signed again.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cryptography import x509

from .. import clock
from ..board import access, signing, tokens
from ..board.installable import Installable
from ..board.over_https import BoardAPI
from ..ca.authorities import Authority
from ..ca.csr import read_request
from ..ca.store import Store
from ..certificates.certificate import alternative_names, key_pin
from ..certificates.fingerprint import KeyPin
from ..errors import CHECKED_AND_BAD, Error
from . import outcomes
from .candidates import Candidate
from .outcomes import Outcome

_SERVED_WITHIN_S = 60


@dataclass(frozen=True)
class Renewer:
    """What is needed for the renewal of any board. *ring*: the tokens, by host.

    *within*: a certificate that ends later is not due. *days*: the lifetime of a new one.
    *timeout_s*: for a board to answer; what changes something there may take ten minutes.
    """

    authority: Authority
    store: Store
    within: datetime.timedelta
    days: int
    timeout_s: float
    ring: Mapping[str, tokens.Entry] = field(repr=False)

    def concerns(self, candidate: Candidate) -> bool:
        """Return whether its board has to be asked: something ends, or was not brought to it."""
        newest = candidate.issued.newest
        if self._ends_soon(newest):
            return True
        known = candidate.place and candidate.place.known
        served = candidate.issued.with_fingerprint(known.fingerprint) if known else None
        return served is not None and served != newest and self._ends_soon(served)

    def renew(self, candidate: Candidate) -> Outcome:
        """Renew one board, as far as that is due; whatever is in the way is its outcome."""
        try:
            return self._out_of_reach(candidate) or self._renew(candidate)
        except Error as error:
            is_bad = error.code == CHECKED_AND_BAD
            result = outcomes.REFUSED if is_bad else outcomes.UNREACHABLE
            return Outcome(candidate.host, result, error.message)

    def _out_of_reach(self, candidate: Candidate) -> Outcome | None:
        """Return the outcome for what no board needs to be asked about; else None."""
        newest = candidate.issued.newest
        end = self.authority.certificate.not_valid_after_utc
        if self._ends_soon(newest) and newest.not_valid_after_utc == end:
            reason = f"{self.authority.name} ends on {end:%Y-%m-%d}; boardcert ca init makes one"
            return Outcome(candidate.host, outcomes.CA_ENDS, reason, _end(newest))
        if candidate.place is None:
            reason = "no board is pinned with its key"
            return Outcome(candidate.host, outcomes.UNKNOWN, reason, _end(newest))
        return None

    def _renew(self, candidate: Candidate) -> Outcome:
        host, newest, place = candidate.host, candidate.issued.newest, candidate.place
        if place is None or place.known is None:
            raise ValueError("a board that is renewed has a pin")
        pin = KeyPin.of_key(place.known.public_key_pin)
        served = BoardAPI(place.target, pin=pin, timeout_s=self.timeout_s).served()
        certificate = candidate.issued.with_fingerprint(served["fingerprint"])
        if certificate is None:
            detail = f"not one of {self.authority.name}: boardcert ca sign {host} --install"
            return Outcome(host, outcomes.OTHER, detail, served["not_after"])
        is_due = self._is_due(newest)
        if certificate == newest and not is_due:
            return Outcome(host, outcomes.NOT_DUE, "", _end(newest))
        token = tokens.find_in(self.ring, [*place.names, *candidate.hosts], pin.value)
        if token is None:
            detail = f"boardcert token {host} --usb PORT"
            return Outcome(host, outcomes.NO_TOKEN, detail, _end(certificate))
        board = BoardAPI(place.target, pin=pin, token=token)
        files = self._signed(candidate, board) if is_due else self._chain(newest)
        signing.install(board, files)
        access.wait_served(board, files.fingerprint, _SERVED_WITHIN_S)
        return Outcome(host, outcomes.RENEWED, "", _end(files.chain[0]))

    def _ends_soon(self, certificate: x509.Certificate) -> bool:
        return certificate.not_valid_after_utc < clock.now() + self.within

    def _is_due(self, newest: x509.Certificate) -> bool:
        """Return whether a new certificate would end later: not when it was signed just now."""
        _, end = self.authority.dates(self.days, clock.now())
        return self._ends_soon(newest) and end > newest.not_valid_after_utc

    def _signed(self, candidate: Candidate, board: BoardAPI) -> Installable:
        """Return a new certificate for the board's own key, with the names of the old one."""
        request = read_request(board.csr())
        if key_pin(request.public_key) != candidate.issued.public_key_pin:
            raise Error("its request is for another key", None, CHECKED_AND_BAD)
        units = candidate.issued.units | ({request.number} if request.number else set())
        if len(units) > 1:
            reason = f"several boards have its key: {', '.join(sorted(units))}"
            raise Error(reason, None, CHECKED_AND_BAD)
        names = alternative_names(candidate.issued.newest)
        files = signing.sign(self.authority, replace(request, names=()), names, self.days)
        signing.check_servable(files)
        self.store.record(files.chain[0])
        return files

    def _chain(self, certificate: x509.Certificate) -> Installable:
        return Installable((certificate, *self.authority.intermediates))


def _end(certificate: x509.Certificate) -> str:
    return clock.as_text(certificate.not_valid_after_utc)
