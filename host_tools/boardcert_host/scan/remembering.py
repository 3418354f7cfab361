"""What a scan records in the inventory: where known boards are, and new ones if asked to."""

from collections.abc import Sequence

from ..errors import Error
from ..targets import Target, canonical_host, is_address, parse_host
from ..trust.pins import Pin, add_pin
from .comparison import KNOWN, MOVED, NEW, Finding

_AT_ONCE = 100


def note_known(findings: Sequence[Finding]) -> list[str]:
    """Record addresses, certificates and reports of boards whose key was proven.

    A hundred in a transaction: others write, too. Returns a sentence for each that the inventory
    refuses.
    """
    mine = [one for one in findings if one.state in (KNOWN, MOVED)]
    refused = []
    for at in range(0, len(mine), _AT_ONCE):
        refused += _note(mine[at : at + _AT_ONCE])
    return refused


def _note(findings: Sequence[Finding]) -> list[str]:
    from ..inventory import boards, store

    refused = []
    with store.writing() as connection:
        for one in findings:
            server = one.servers[0]
            board = boards.by_key(connection, server.public_key_pin)
            if board is None:  # Another program has forgotten it meanwhile.
                continue
            try:
                boards.refresh(connection, board, server.facts())
            except Error as error:
                refused.append(error.message)
                continue
            for host in _movable(one.pins, {each.address for each in one.servers}):
                boards.place_host(connection, host, None, server.address)
    return refused


def _movable(pins: Sequence[Pin], addresses: set[str]) -> list[str]:
    """Return the names whose address is not among those where the board was found.

    A board that is known by an address has that name, wherever it is.
    """
    names = [pin for pin in pins if not is_address(parse_host(pin.host)[0])]
    return [pin.host for pin in names if pin.address not in addresses]


def add_new(
    findings: Sequence[Finding], boards: Sequence[Pin], tags: Sequence[str]
) -> tuple[list[Pin], list[str]]:
    """Trust new boards from now on; return their pins, and a sentence for each that is refused.

    Nobody has compared their keys with anything. *boards*: what is known already.
    """
    from ..inventory.changes import change_tags

    taken = {pin.host for pin in boards}
    added, refused = [], []
    for one in findings:
        if one.state != NEW:
            continue
        server = one.servers[0]
        try:
            host = _name_for(one, taken)
            pin, _ = add_pin(host, server.facts(), server.port, server.address)
            if tags:
                change_tags(pin.host, tags, ())
        except Error as error:
            refused.append(error.message)
            continue
        taken.add(pin.host)
        added.append(pin)
    return added, refused


def _name_for(one: Finding, taken: set[str]) -> str:
    """Return what a new board is to be known as: a name of its own that no other has."""
    server = one.servers[0]
    own = [name for name in server.certificate["names"] if name.endswith(".local")]
    for name in [*sorted(server.called), *own]:
        host = canonical_host(name)
        if host not in taken:
            return host
    return str(Target(server.address, server.port))
