"""The nightly renewal, where the CA's key and the tokens are."""

from ..renewal.outcomes import CODES
from ..renewal.prepared import all_due, prepared
from ..renewal.run import renew_all
from .station import RENEW_WITHIN, Station

_DAYS = 825
_TIMEOUT_S = 20.0
_PARALLEL = 16


def renew(station: Station) -> str:
    """Renew what the station's CA has signed and ends soon; return a sentence about it.

    Raises StoppedError between two boards when the worker is to stop.
    """
    if station.ca is None:
        raise ValueError("a worker without a CA")
    renewer = prepared(station.ca, station.passphrase, RENEW_WITHIN, _DAYS, _TIMEOUT_S)
    due = all_due(renewer)
    counts = dict.fromkeys(CODES, 0)
    for outcome in renew_all(due, renewer, _PARALLEL):
        counts[outcome.result] += 1
        station.tell(f"{outcome.result}: {outcome.host}: {outcome.detail}".rstrip(": "))
        station.go_on()
    listed = ", ".join(f"{count} {result}" for result, count in counts.items() if count)
    return f"renewal: {len(due)} boards: {listed or 'none is due'}"
