"""A simulated fleet: servers on loopback addresses, each with its own key, some with faults.

A *plan* is a directory: plan.json has each server's behaviour, and its identity is in a file named
by its number. One listener on 0.0.0.0 serves all of 127/8.
"""

import ipaddress
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from boardcert_host.certificates.certificate import describe, parse
from boardcert_host.inventory import boards, store
from certificates import Identity, make
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

# A kind of server, and the reason that must be reported for it; None: it is valid.
REASONS = {
    "valid": None,
    "restarting": None,  # Its first connection is closed.
    "expiring": "expiring",
    "expired": "expired",
    "not yet valid": "not yet valid",
    "wrong name": "wrong name",
    "weak key": "weak key",
    "changed key": "changed key",
    "copied key": "duplicate key",
    "copy": "duplicate key",
    "stalled": "stalled",
    "dripping": "dripping",
    "closed": "closed",
    "not TLS": "not TLS",
}
FAULTS = tuple(REASONS)[2:]
# Each "copy" has the key of the preceding "copied key", with a certificate of its own.
_DAYS = {"expiring": (-1, 10), "expired": (-100, -2), "not yet valid": (3, 400)}
_WEAK_BITS = 1024
_FIRST = int(ipaddress.IPv4Address("127.1.0.1"))
_CHUNK = 50
_PLAN = "plan.json"


@dataclass(frozen=True)
class Server:
    """One server. *facts*: of the certificate in the inventory."""

    number: int
    kind: str
    facts: dict[str, str]

    @property
    def address(self) -> str:
        """Return its address."""
        return address_of(self.number)


def address_of(number: int) -> str:
    """Return the address of a server, which no other has."""
    return str(ipaddress.IPv4Address(_FIRST + number))


def identity_file(folder: Path, number: int) -> Path:
    """Return the file with a server's key and certificate."""
    return folder / f"{number:06}.pem"


def read_plan(folder: Path) -> list[Server]:
    """Return the servers of a plan."""
    return [Server(**row) for row in json.loads((folder / _PLAN).read_text())]


def make_plan(
    folder: Path, count: int, of_each_fault: int, processes: int = 1, kinds: Sequence[str] = FAULTS
) -> list[Server]:
    """Make the identities of *count* servers, unless they exist, this many of each kind.

    The rest are valid.
    """
    if (folder / _PLAN).exists():
        return read_plan(folder)
    folder.mkdir(parents=True, exist_ok=True)
    all_kinds = [*kinds] * of_each_fault
    all_kinds += ["valid"] * (count - len(all_kinds))
    chunks = list(_chunks(list(enumerate(all_kinds))))
    if processes == 1:
        made = [_make(folder, chunk) for chunk in chunks]
    else:
        with ProcessPoolExecutor(processes) as pool:
            made = list(pool.map(_make, [folder] * len(chunks), chunks))
    servers = [server for chunk in made for server in chunk]
    (folder / _PLAN).write_text(json.dumps([asdict(server) for server in servers]))
    return servers


def know(servers: Sequence[Server], port: int) -> list[str]:
    """Put the servers into the inventory, named by address and port; return their names."""
    names = [f"{server.address}:{port}" for server in servers]
    with store.writing() as connection:
        for name, server in zip(names, servers, strict=True):
            board_id = boards.add_board(connection, server.facts)
            boards.add_host(connection, name, board_id, port, server.address)
    return names


def _chunks(rows: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Yield parts in which a copy follows its original."""
    part: list[tuple[int, str]] = []
    for row in rows:
        part.append(row)
        if len(part) >= _CHUNK and row[1] != "copied key":
            yield part
            part = []
    yield part


def _make(folder: Path, rows: Sequence[tuple[int, str]]) -> list[Server]:
    made, copied = [], None
    for number, kind in rows:
        key = ec.generate_private_key(ec.SECP384R1())
        has = rsa.generate_private_key(65537, _WEAK_BITS) if kind == "weak key" else key
        if kind == "changed key":
            has = ec.generate_private_key(ec.SECP384R1())
        elif kind == "copy":
            has = copied
        shown = _identity(number + (kind == "wrong name"), has, _DAYS.get(kind, (-1, 3649)))
        pem = x509.load_der_x509_certificate(shown.der).public_bytes(Encoding.PEM)
        identity_file(folder, number).write_bytes(shown.key_pem() + pem)
        copied = has if kind == "copied key" else copied
        is_known_otherwise = kind in ("changed key", "copy")
        known = _identity(number, key, (-1, 3649)) if is_known_otherwise else shown
        facts = describe(parse(known.der))
        wanted = ("public_key_pin", "fingerprint", "not_before", "not_after", "issuer")
        made.append(Server(number, kind, {name: facts[name] for name in wanted}))
    return made


def _identity(number: int, key: object, days: tuple[float, float]) -> Identity:
    address = ipaddress.ip_address(address_of(number))

    def rename(extensions: dict) -> None:
        names = x509.SubjectAlternativeName([x509.IPAddress(address)])
        extensions["subject_alt_name"] = (names, False)

    return make(key=key, days=days, change=rename, common_name=str(address))
