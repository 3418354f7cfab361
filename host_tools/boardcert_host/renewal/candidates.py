"""The boards that a renewal is for: those pinned with a key that the CA has signed for."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..ca.issued import Issued
from ..certificates.certificate import alternative_names
from ..targets import parse_host
from ..trust.location import Place, find
from ..trust.pins import Pin


@dataclass(frozen=True)
class Candidate:
    """A key for which the CA has signed. *place*: of its board; None where no pin has that key.

    *hosts*: all that the board is called here.
    """

    issued: Issued
    place: Place | None
    hosts: tuple[str, ...]

    @property
    def host(self) -> str:
        """What to call it."""
        if self.hosts:
            return self.hosts[0]
        names = alternative_names(self.issued.newest)
        return names[0] if names else f"serial number {self.issued.newest.serial_number:x}"


def candidates(issued: Sequence[Issued], boards: Sequence[Pin]) -> list[Candidate]:
    """Return one for each key.

    A board is reached as what it is called without a port, where it is called so: that is its page.
    """
    by_key: dict[str, list[Pin]] = {}
    for pin in sorted(boards, key=lambda pin: (parse_host(pin.host)[1] is not None, pin.host)):
        by_key.setdefault(pin.public_key_pin, []).append(pin)
    return [_candidate(one, by_key.get(one.public_key_pin, [])) for one in issued]


def _candidate(issued: Issued, pins: Sequence[Pin]) -> Candidate:
    place = find(pins[0].host, pins) if pins else None
    return Candidate(issued, place, tuple(pin.host for pin in pins))
