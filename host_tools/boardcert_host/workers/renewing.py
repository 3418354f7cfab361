"""The nightly renewal, where the CA's key, or what ACME and EST need, and the tokens are."""

import collections

from ..acme import renewal as acme
from ..ca.authorities import DEVICE_DAYS
from ..console import counted
from ..enrolment.renewals import NOT_DUE, RenewDue
from ..est import renewal as est
from ..renewal.outcomes import CODES
from ..renewal.prepared import all_due, prepared
from ..renewal.run import renew_all
from .station import RENEW_WITHIN, Station

_TIMEOUT_S = 20.0
_PARALLEL = 16


def renew(station: Station) -> str:
    """Renew what the station's CA has signed and ends soon; return a sentence about it.

    Raises StoppedError between two boards when the worker is to stop.
    """
    if station.ca is None:
        raise ValueError("a worker without a CA")
    renewer = prepared(station.ca, station.passphrase, RENEW_WITHIN, DEVICE_DAYS, _TIMEOUT_S)
    due = all_due(renewer)
    counts = dict.fromkeys(CODES, 0)
    for outcome in renew_all(due, renewer, _PARALLEL):
        counts[outcome.result] += 1
        station.log(f"{outcome.result}: {outcome.host}: {outcome.detail}".rstrip(": "))
        station.go_on()
    listed = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    return f"renewal: {counted(len(due), 'board')}: {listed or 'none is due'}"


def renew_acme(station: Station) -> str:
    """Renew what was requested here from ACME CAs and is due; return a sentence about it."""
    return _renew_by("ACME", acme.renew_due, station)


def renew_est(station: Station) -> str:
    """Renew what EST servers have issued for boards of this computer; as `renew_acme`."""
    return _renew_by("EST", est.renew_due, station)


def _renew_by(title: str, renew_due: RenewDue, station: Station) -> str:
    """Renew what is due, and return a sentence about it.

    What fails is reported, and tried again the next night: a CA counts the attempts. Raises
    StoppedError between two boards when the worker is to stop.
    """
    counts: collections.Counter[str] = collections.Counter()
    for outcome in renew_due(None, lambda _host, _step: None):
        counts[outcome.status] += 1
        reason = f": {outcome.error.message}" if outcome.error else ""
        if outcome.status != NOT_DUE:
            station.log(f"{title}: {outcome.host}: {outcome.status}{reason}")
        station.go_on()
    listed = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{title}: {counted(counts.total(), 'board')}: {listed or 'none was requested here'}"
