"""This computer among those that do jobs: what it may do, and whether it is to stop."""

import datetime
import hashlib
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..acme.kept import SHELF as ORDERS
from ..ca.store import Store
from ..console import say
from ..est.kept import SHELF as ENROLMENTS

RENEW_WITHIN = datetime.timedelta(days=30)
JOBS = 4
"""Jobs at a time: one board that says nothing for a minute holds up its own job only."""
BOARDS = "boards"
"""The queue of what any worker can do."""


class StoppedError(Exception):
    """The worker got a signal to stop: the rest of its job is left to others."""


@dataclass(frozen=True)
class Station:
    """One worker. *parallel*: servers at a time.

    *ca*: the store of the CA whose certificates it renews, None: it renews none; *passphrase*: of
    that CA's key. *acme*, *est*: whether it renews what was ordered here from ACME CAs, and from
    EST servers. *networks*: what it scans. *nightly*: the time of day, UTC, of what is done each
    night; None: nothing is.
    """

    parallel: int = 200
    ca: Store | None = None
    passphrase: Callable[[], str] = field(default=lambda: "", repr=False)
    acme: bool = False
    est: bool = False
    networks: Sequence[str] = ()
    nightly: datetime.time | None = None
    log: Callable[[str], None] = say
    is_stopping: threading.Event = field(default_factory=threading.Event, repr=False)

    def go_on(self) -> None:
        """Return, unless the worker is to stop: then raise StoppedError."""
        if self.is_stopping.is_set():
            raise StoppedError

    @property
    def renewals(self) -> str:
        """The queue of what only those can do who have this CA's key."""
        if self.ca is None:
            raise ValueError("a worker without a CA")
        serial_number = self.ca.certificates()[0].serial_number
        return f"renewals-{serial_number:x}"

    @property
    def orders(self) -> str:
        """The queue of what only this computer can do: here are the accounts at ACME CAs."""
        return _queue_here("acme", str(ORDERS.home()))

    @property
    def enrolments(self) -> str:
        """The queue of what only this computer can do: here is what EST servers were asked for."""
        return _queue_here("est", str(ENROLMENTS.home()))

    @property
    def scans(self) -> str:
        """The queue of what only those can do who reach these networks from this computer."""
        return _queue_here("scans", " ".join(self.networks))

    @property
    def queues(self) -> list[str]:
        """What this worker can do."""
        own = [self.renewals] if self.ca else []
        own += [self.orders] if self.acme else []
        own += [self.enrolments] if self.est else []
        return [BOARDS, *own, *([self.scans] if self.networks else [])]


def _queue_here(kind: str, what: str) -> str:
    """Return the name of a queue that is about *what*, as this computer has it."""
    place = f"{socket.gethostname()} {what}"
    return f"{kind}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
