"""Compare what was found with the boards that are known.

A board is known by its key, which the handshake has proven. Names, chip numbers and addresses are
what a server claims, or anyone in the network may take: they only say which board it is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..targets import Target, in_local, is_address, parse_host
from ..trust.pins import Pin, port_of
from .servers import TLS, Server
from .sweep import Sweep

TWINS, CHANGED, NEW, MOVED, MISSING, KNOWN = (
    "two boards, one key",
    "changed key",
    "new",
    "moved",
    "missing",
    "known",
)
STATES = (TWINS, CHANGED, NEW, MOVED, MISSING, KNOWN)
"""The worst first."""
BAD = (TWINS, CHANGED)


@dataclass(frozen=True)
class Finding:
    """What is the matter with one board. *state*: of STATES.

    *servers*: that have its key, the best witness first; none of one that is missing. *pins*: what
    is known of it, under all its names; none of a new one. *detail*: words for a person.
    """

    state: str
    servers: tuple[Server, ...]
    pins: tuple[Pin, ...]
    detail: str = ""

    @property
    def title(self) -> str:
        """What to call it."""
        if self.pins:
            return self.pins[0].host
        names = [name for name in self.servers[0].names if not is_address(name)]
        return next(iter([*sorted(self.servers[0].called), *names]), self.place)

    @property
    def place(self) -> str:
        """Where it is, or was last: HOST:PORT."""
        address, port = self.address_and_port
        return str(Target(address, port)) if port else address

    @property
    def address_and_port(self) -> tuple[str, int | None]:
        """Where it is, or was last; None where the port is not known."""
        if self.servers:
            return self.servers[0].address, self.servers[0].port
        known = next((pin for pin in self.pins if pin.address), self.pins[0])
        return known.address or parse_host(known.host)[0], port_of(known)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data; its fields are the interface of `scan --json`."""
        server = self.servers[0] if self.servers else None
        known = self.pins[0] if self.pins else None
        return {
            "state": self.state,
            "detail": self.detail,
            "hosts": [pin.host for pin in self.pins],
            "title": self.title,
            "places": [{"address": one.address, "port": one.port} for one in self.servers],
            "names": list(dict.fromkeys(server.names)) if server else [],
            "recognised_by": server.how if server else None,
            "public_key_pin": server.public_key_pin if server else None,
            "known_public_key_pin": known.public_key_pin if known else None,
            "fingerprint": server.certificate["fingerprint"] if server else None,
            "not_after": server.certificate["not_after"] if server else None,
            "unique_id": (server.unique_id if server else None) or (known and known.unique_id),
            "board": server.reported("board") if server else None,
            "firmware": server.reported("firmware") if server else None,
            "package": server.reported("version") if server else None,
        }


def compare(sweep: Sweep, is_whole: bool) -> list[Finding]:
    """Return a finding about each board, the worst first.

    *is_whole*: the scan was not interrupted, so that what was not found is missing.
    """
    known = _by_key(sweep.boards)
    found: dict[str, list[Server]] = {}
    for server in sweep.found:
        found.setdefault(server.public_key_pin, []).append(server)
    findings = [_of_known(known[key], found[key]) for key in known.keys() & found.keys()]
    absent = {key: pins for key, pins in known.items() if key not in found}
    replaced: set[str] = set()
    for key in found.keys() - known.keys():
        finding = _of_stranger(found[key], absent)
        if finding:
            findings.append(finding)
            replaced |= {pin.public_key_pin for pin in finding.pins}
    if is_whole:
        findings += [
            Finding(MISSING, (), tuple(pins), f"first seen {pins[0].first_seen[:10]}")
            for key, pins in absent.items()
            if key not in replaced and _was_expected(sweep, pins)
        ]
    return sorted(findings, key=lambda one: (STATES.index(one.state), one.title, one.place))


def count_others(sweep: Sweep, findings: Iterable[Finding]) -> int:
    """Return how many TLS servers are not recognised as boards: by form, by page, or by key."""
    return sweep.outcomes[TLS] - sum(len(one.servers) for one in findings)


def _by_key(boards: Iterable[Pin]) -> dict[str, list[Pin]]:
    known: dict[str, list[Pin]] = {}
    for pin in boards:
        known.setdefault(pin.public_key_pin, []).append(pin)
    return known


def _witnesses(servers: Sequence[Server], pins: Sequence[Pin] = ()) -> tuple[Server, ...]:
    """Return *servers*, first those with a report, where the board was before, and by address."""
    before = {pin.address for pin in pins}

    def rank(one: Server) -> tuple[bool, bool, str, int]:
        return one.address not in before, one.report is None, one.address, one.port

    return tuple(sorted(servers, key=rank))


def _of_known(pins: list[Pin], servers: list[Server]) -> Finding:
    """Judge a board whose key was found: once, or by two boards."""
    servers_first = _witnesses(servers, pins)
    units = {server.unique_id for server in servers} | {pin.unique_id for pin in pins}
    if len(units - {None}) > 1:
        return Finding(TWINS, servers_first, tuple(pins), _twins(servers_first, units - {None}))
    before = sorted({pin.address for pin in pins if pin.address})
    addresses = {parse_host(pin.host)[0] for pin in pins} | set(before)
    if not before or addresses & {server.address for server in servers}:
        return Finding(KNOWN, servers_first, tuple(pins))
    return Finding(MOVED, servers_first, tuple(pins), f"it was at {', '.join(before)}")


def _twins(servers: Sequence[Server], units: set[Any]) -> str:
    places = ", ".join(str(Target(one.address, one.port)) for one in servers)
    return f"{places}; units {', '.join(sorted(units))}: one can read the key of the other"


def _of_stranger(servers: list[Server], absent: dict[str, list[Pin]]) -> Finding | None:
    """Judge a key that nobody knows: of a new board, or of one that had another key.

    *absent*: boards whose own key was not found. None for a server that is not a board.
    """
    servers_first = _witnesses(servers)
    units = {server.unique_id for server in servers} - {None}
    if len(units) > 1:
        return Finding(TWINS, servers_first, (), _twins(servers_first, units))
    for pins in absent.values():
        reason = _why_same(servers, pins)
        if reason:
            since = pins[0].first_seen[:10]
            detail = f"{reason}; it shows {servers_first[0].public_key_pin}, "
            detail += f"known since {since} is {pins[0].public_key_pin}"
            return Finding(CHANGED, servers_first, tuple(pins), detail)
    if not any(server.how for server in servers):
        return None
    return Finding(NEW, servers_first, ())


def _why_same(servers: list[Server], pins: list[Pin]) -> str | None:
    """Return why these servers should be the board of *pins*; None when nothing says so."""
    units = {server.unique_id for server in servers} - {None}
    if units & {pin.unique_id for pin in pins}:
        return "it reports the same chip number"
    called = {in_local(name.lower()) for one in servers for name in (*one.names, *one.called)}
    for pin in pins:
        host, _ = parse_host(pin.host)
        if host in called and not is_address(host):
            return f"it is called {host}"
        for one in servers:
            if one.address in (pin.address, host) and port_of(pin) in (None, one.port):
                return "another key answers at its last address"
    return None


def _was_expected(sweep: Sweep, pins: Sequence[Pin]) -> bool:
    """Return whether the board should have been found: by its name, or at its last address.

    A name that nobody answers says so only of a board without an address.
    """
    for pin in pins:
        host, _ = parse_host(pin.host)
        address = pin.address or (host if is_address(host) else None)
        if host in sweep.looked_up and not (address and host in sweep.unanswered):
            return True
        if address and sweep.is_asked(address, port_of(pin)):
            return True
    return False
