"""Wait until the name servers of a zone have a record: the CA queries them, and only once.

Each of them is queried directly, so that no cache answers with an older state.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.resolver

from ..errors import CHECKED_AND_BAD, USAGE, Error
from ..targets import is_address, parse_host

_DNS_PORT = 53
_QUERY_TIMEOUT_S = 5.0
_PAUSE_S = 2.0


@dataclass(frozen=True)
class _Server:
    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


def resolver_at(server: str | None) -> dns.resolver.Resolver:
    """Return the resolver at *server*, ADDRESS or ADDRESS:PORT, else the system's. Raises Error."""
    if server is None:
        try:
            return dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration as error:
            raise Error("this computer has no name server", "--dns-server ADDRESS") from error
    host, port = parse_host(server)
    if not is_address(host):
        raise Error(f"--dns-server must be an address: {server}", None, USAGE)
    found = dns.resolver.Resolver(configure=False)
    found.nameservers, found.port = [host], port or _DNS_PORT
    return found


def wait_seen(
    wanted: Mapping[str, Iterable[str]],
    server: str | None,
    wait_s: float,
    on_step: Callable[[str], None],
) -> None:
    """Return when all name servers that answer have the TXT values *wanted* of each name.

    Those of the zone, by the resolver at *server*, see `resolver_at`; where none of them can be
    asked, as in a network that lets no DNS out, that resolver is. Raises Error after *wait_s*.
    """
    deadline = time.monotonic() + wait_s
    for name, values in wanted.items():
        search = _Search(resolver_at(server), name, set(values))
        on_step(f"waiting for {name} at its name servers")
        while missing := search.missing():
            if time.monotonic() > deadline:
                message = (
                    f"{missing} has no such record of {name}, {wait_s:g} s after it was written"
                )
                hint = "run it again; --dns-wait SECONDS waits longer"
                raise Error(message, hint, CHECKED_AND_BAD)
            time.sleep(_PAUSE_S)


def find_alias(name: str, server: str | None) -> str | None:
    """Return what *name* is a CNAME for, None without one. Raises Error when nobody answers."""
    try:
        answer = resolver_at(server).resolve(name, dns.rdatatype.CNAME)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    except dns.exception.DNSException as error:
        raise Error(f"no name server answers for {name}: {error}", "see --dns-server") from error
    records: Any = answer.rrset
    return records[0].target.to_text(omit_final_dot=True).lower()


class _Search:
    """The TXT records of *name*, or of what it is a CNAME for, at the servers of that zone."""

    def __init__(self, resolver: dns.resolver.Resolver, name: str, values: set[str]) -> None:
        self._resolver = resolver
        self._name = name
        self._values = values

    def missing(self) -> str | None:
        """Return a server that does not have all values yet; None when all have them."""
        try:
            target = self._resolver.canonical_name(self._name)
            servers = self._servers(target)
        except dns.exception.DNSException:
            target, servers = dns.name.from_text(self._name), []
        answers = {str(server): self._ask(target, server.address) for server in servers}
        seen = {server: values for server, values in answers.items() if values is not None}
        if not seen:
            seen = {"the resolver": self._ask_resolver()}
        behind = (server for server, values in seen.items() if not self._values <= values)
        return next(behind, None)

    def _servers(self, target: dns.name.Name) -> Sequence[_Server]:
        """Return the name servers of the zone that *target* is in, each address once."""
        zone = dns.resolver.zone_for_name(target, resolver=self._resolver)
        found = {}
        for record in self._resolver.resolve(zone, dns.rdatatype.NS):
            name = record.target.to_text(omit_final_dot=True)
            for address in self._addresses(record.target):
                found.setdefault(address, _Server(name, address))
        return list(found.values())

    def _addresses(self, name: dns.name.Name) -> list[str]:
        found = []
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = self._resolver.resolve(name, kind, raise_on_no_answer=False)
            found += [record.address for record in answer.rrset or ()]
        return found

    def _ask(self, target: dns.name.Name, address: str) -> set[str] | None:
        """Return the TXT values at one server, None when it does not answer, or not from here."""
        query = dns.message.make_query(target, dns.rdatatype.TXT)
        # The resolver itself may be one of them, and where it is known to be.
        is_resolver = address in self._resolver.nameservers
        port = self._resolver.port if is_resolver else _DNS_PORT
        try:
            answer, _ = dns.query.udp_with_fallback(query, address, _QUERY_TIMEOUT_S, port)
        except (dns.exception.DNSException, OSError, ValueError):
            return None
        if not answer.flags & dns.flags.AA:
            return None
        rrset = answer.get_rrset(
            answer.answer, target, query.question[0].rdclass, dns.rdatatype.TXT
        )
        return _values(rrset or ())

    def _ask_resolver(self) -> set[str]:
        try:
            answer = self._resolver.resolve(self._name, dns.rdatatype.TXT)
        except dns.exception.DNSException:
            return set()
        return _values(answer.rrset or ())


def _values(records: Iterable) -> set[str]:
    return {b"".join(record.strings).decode("ascii", "replace") for record in records}
