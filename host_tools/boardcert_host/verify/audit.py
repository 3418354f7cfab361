"""Weak keys in the inventory: found in single keys, and by comparing all of them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ..certificates import shared_primes, weak_keys

if TYPE_CHECKING:
    import sqlalchemy as sa

SHARED_KEY, SHARED_PRIME, WEAK = "shared key", "shared prime", "weak key"


@dataclass(frozen=True)
class Finding:
    """Keys that may be no secret. *units*: who has them, or had; *detail*: why."""

    kind: str
    units: list[str]
    public_key_pins: list[str]
    detail: str


@dataclass
class Audit:
    """What was looked at, and what was found. *unseen*: keys that are known by their pin alone."""

    keys: int = 0
    rsa_keys: int = 0
    unseen: int = 0
    findings: list[Finding] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-able data."""
        listed = weak_keys.list_of_compromised()
        return asdict(self) | {"list_of_compromised_keys": listed and listed.isoformat()}


def audit(connection: "sa.Connection") -> Audit:
    """Look at every key that a board has or had, those of forgotten boards too."""
    from ..inventory import keys

    done = Audit(unseen=keys.count_unseen(connection))
    for pin in keys.shared_by_units(connection):
        done.findings.append(_finding(connection, SHARED_KEY, [pin], "one key, several units"))
    weak = []
    moduli: dict[int, list[str]] = {}
    for pin, spki in keys.seen(connection):
        done.keys += 1
        try:
            key = load_der_public_key(spki)
        except (ValueError, UnsupportedAlgorithm) as error:
            weak.append((pin, [f"it cannot be read: {error}"]))
            continue
        if isinstance(key, rsa.RSAPublicKey):
            done.rsa_keys += 1
            moduli.setdefault(key.public_numbers().n, []).append(pin)
        if reasons := weak_keys.weaknesses(key):
            weak.append((pin, reasons))
    done.findings += _shared_primes(connection, moduli)
    for pin, reasons in weak:
        done.findings.append(_finding(connection, WEAK, [pin], "; ".join(reasons)))
    return done


def _shared_primes(connection: "sa.Connection", moduli: dict[int, list[str]]) -> Iterator[Finding]:
    for group in shared_primes.groups(moduli):
        pins = [pin for modulus in group for pin in moduli[modulus]]
        yield _finding(connection, SHARED_PRIME, pins, "these RSA keys have a prime in common")
    for pins in moduli.values():
        if len(pins) > 1:
            yield _finding(connection, SHARED_PRIME, pins, "one modulus, several exponents")


def _finding(connection: "sa.Connection", kind: str, pins: list[str], detail: str) -> Finding:
    from ..inventory.key_owners import units_of

    units = dict.fromkeys(unit for pin in pins for unit in units_of(connection, pin))
    return Finding(kind, list(units), pins, detail)
