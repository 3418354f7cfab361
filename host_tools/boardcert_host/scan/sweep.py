"""One scan: what to contact, how fast, and what was found, also when it is interrupted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import Error
from ..targets import PORTAL_PORT, is_address, parse_host
from ..trust.pins import Pin, port_of
from ..verify.tls_probe import unverified_context
from . import mdns, ranges
from .pace import Pace
from .servers import Server, look_at

_AT_ONCE = 128
"""Connections: each costs memory in routers, which keep track of them, for as long as it lasts."""
_TALK_S = 20.0
"""A handshake takes a board 0.6 s, and more while it serves others; so does its report."""


@dataclass(frozen=True)
class Wishes:
    """What to scan. *ports*: of each address; *rate*: addresses or names a second.

    *connect_s*: how long an address may take to answer. *is_public_allowed*: of addresses that mDNS
    tells. *interface*: an address of this computer, where to use mDNS; None: everywhere.
    """

    ranges: Sequence[ranges.Range]
    uses_mdns: bool = False
    ports: Sequence[int] = (PORTAL_PORT,)
    rate: float = 100.0
    connect_s: float = 2.0
    is_public_allowed: bool = False
    interface: str | None = None


@dataclass
class Sweep:
    """The course of a scan. *found*: TLS servers; *asked*: (address, port) that have been asked.

    *looked_up*: names that were asked for; *unanswered*: those of them that nobody answered;
    *outcomes*: how many addresses were what; *total*: places to ask, as far as that is known.
    *on_progress*: is called when one of these has changed.
    """

    wishes: Wishes
    boards: Sequence[Pin]
    on_progress: Callable[["Sweep"], None] = lambda _: None
    found: list[Server] = field(default_factory=list)
    asked: set[tuple[str, int]] = field(default_factory=set)
    looked_up: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    total: int = 0
    trouble: Error | None = None
    _names: dict[tuple[str, int], set[str]] = field(default_factory=dict)

    async def run(self) -> None:
        """Scan. A scan that is interrupted leaves here what it has found."""
        pace = Pace(self.wishes.rate)
        if self.wishes.uses_mdns:
            await self._ask_for_names(pace)
        places = dict.fromkeys([*self._names, *self._known_places()])
        self.total = sum(1 for _ in self._places(places))  # Some are in two ranges, or known.
        rest = self._places(places)
        context = unverified_context()

        async def work() -> None:
            for address, port in rest:  # One iterator, for all that work.
                await pace.wait()
                outcome, server = await look_at(
                    context, address, port, self.wishes.connect_s, _TALK_S
                )
                self._note(address, port, outcome, server)

        await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, self.total))))

    def is_asked(self, address: str, port: int | None) -> bool:
        """Return whether that place was scanned. *port*: None for any."""
        if port is None:
            return any((address, each) in self.asked for each in self.wishes.ports)
        return (address, port) in self.asked

    def _note(self, address: str, port: int, outcome: str, server: Server | None) -> None:
        self.asked.add((address, port))
        self.outcomes[outcome] += 1
        if server:
            called = frozenset(self._names.get((address, port), ()))
            self.found.append(replace(server, called=called))
        self.on_progress(self)

    def _places(self, first: Iterable[tuple[str, int]]) -> Any:
        """Yield the places that are known, then those of the ranges; each once."""
        first = dict.fromkeys(first)
        yield from first
        for address in ranges.addresses(self.wishes.ranges):
            for port in self.wishes.ports:
                if (address, port) not in first:
                    yield address, port

    def _known_places(self) -> Iterable[tuple[str, int]]:
        """Yield where boards are known to be, on ports of their own: in the ranges, or unanswered.

        A name in .local that nobody answers says nothing: many networks do not pass mDNS on.
        """
        for pin in self.boards:
            host, _ = parse_host(pin.host)
            address, port = pin.address or host, port_of(pin)
            if not is_address(address):
                continue
            if host in self.unanswered and self._may_ask(address):
                yield from ((address, each) for each in ([port] if port else self.wishes.ports))
            elif port and self.is_in_ranges(address):
                yield address, port

    def is_in_ranges(self, address: str) -> bool:
        """Return whether an address is among those that are scanned."""
        return any(address in one for one in self.wishes.ranges)

    async def _ask_for_names(self, pace: Pace) -> None:
        """Find services, and the names of known boards; a computer without mDNS is a trouble."""
        ports: dict[str, set[int | None]] = {}
        for pin in self.boards:
            host, _ = parse_host(pin.host)
            if host.endswith(".local"):
                ports.setdefault(host, set()).add(port_of(pin))
        try:
            async with mdns.opened(self.wishes.interface) as zeroconf:
                services, named = await asyncio.gather(
                    mdns.find_services(zeroconf), mdns.find_names(zeroconf, list(ports), pace)
                )
        except Error as error:
            self.trouble = error
            return
        self.looked_up |= ports.keys()
        self.unanswered |= ports.keys() - {place.name for place in named}
        for place in services:
            self._add_place(place.address, place.port, place.name)
        for place in named:
            for port in ports[place.name] - {None} or self.wishes.ports:
                self._add_place(place.address, port, place.name)

    def _add_place(self, address: str, port: int | None, name: str) -> None:
        """Record that something called *name* is there, if we may ask it."""
        if port and self._may_ask(address):
            self._names.setdefault((address, port), set()).add(name)

    def _may_ask(self, address: str) -> bool:
        """Return whether to ask an address that is in no range."""
        return self.wishes.is_public_allowed or ranges.is_near_address(address)
