"""What a renewal needs at its start: the CA, the key ring, and the boards to renew."""

import datetime
from collections.abc import Callable, Sequence

from ..board.tokens import load_tokens
from ..ca.issued import by_key
from ..ca.store import Store
from ..errors import Error
from ..trust.location import did_you_mean, find
from ..trust.pins import load_pins, not_pinned
from .candidates import Candidate, candidates
from .one_board import Renewer


def prepared(
    store: Store,
    passphrase: Callable[[], str],
    within: datetime.timedelta,
    days: int,
    timeout_s: float,
) -> Renewer:
    """Return what renews. *passphrase*: is called when the CA's key is encrypted. Raises Error."""
    authority = store.load(passphrase)
    return Renewer(authority, store, within, days, timeout_s, load_tokens())


def all_due(renewer: Renewer) -> list[Candidate]:
    """Return every board that has to be asked."""
    found = candidates(by_key(renewer.store.issued()), load_pins())
    return [one for one in found if renewer.concerns(one)]


def named(renewer: Renewer, hosts: Sequence[str]) -> list[Candidate]:
    """Return the boards that a person calls *hosts*, to be reached so. Raises Error."""
    boards = load_pins()
    by_pin = {one.public_key_pin: one for one in by_key(renewer.store.issued())}
    found: dict[str, Candidate] = {}
    for host in hosts:
        place = find(host, boards)
        if place.known is None:
            raise not_pinned(host, did_you_mean(host, boards))
        pin = place.known.public_key_pin
        if pin not in by_pin:
            reason = f"{renewer.authority.name} has signed nothing for {host}"
            raise Error(reason, f"boardcert ca sign {host} --install")
        found.setdefault(pin, Candidate(by_pin[pin], place, (place.known.host,)))
    return list(found.values())
