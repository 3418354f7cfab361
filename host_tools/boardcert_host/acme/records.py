"""Write TXT records to the DNS, and remove them again, whatever happens."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ..console import say
from ..errors import Error
from .challenge import Challenge
from .plan import DNS


class Records(Protocol):
    """What writes to the DNS. Both raise Error, but not for a record that is not there."""

    def present(self, domain: str, name: str, value: str) -> None:
        """Have a TXT record *name* with *value*, beside others of that name."""
        ...

    def remove(self, name: str, value: str) -> None:
        """Remove it."""
        ...


def records_of(dns: DNS) -> Records:
    """Return what *dns* says."""
    if dns.hook:
        from .hook import Hook

        return Hook(dns.hook)
    if dns.service:
        from .service import Service

        return Service(dns.service, dns.server)
    from .provider import Provider

    return Provider(dns.provider or "", dns.config, dns.server)


@contextlib.contextmanager
def presented(
    records: Records,
    challenges: Sequence[Challenge],
    keep: Callable[[list[tuple[str, str]]], None],
) -> Iterator[None]:
    """Have the records of *challenges* in the DNS for as long as this takes.

    *keep* is called before each change which may be there: after a loss of power, `remove_all`
    removes them. A failure to do so is reported, and does not affect the certificate.
    """
    written: list[tuple[str, str]] = []
    try:
        for one in challenges:
            written.append((one.name, one.value))
            keep(written)
            records.present(one.domain, one.name, one.value)
        yield
    finally:
        keep(remove_all(records, written))


def remove_all(records: Records, written: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Remove what was *written*; say and return what may be there still."""
    left = []
    for name, value in written:
        try:
            records.remove(name, value)
        except Error as error:
            left.append((name, value))
            say(f"note: the TXT record {name} may still be there: {error.message}")
    return left
