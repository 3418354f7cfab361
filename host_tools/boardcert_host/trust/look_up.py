"""The known boards that a HOST may mean, looked up by queries, however many boards there are.

`about` gets the little that `location.find` needs of the inventory for some HOSTs. SQLAlchemy is
loaded in functions, as in `pins`.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..inventory.place import is_absent
from ..targets import parse_host
from . import location
from .location import Place, names_of
from .pins import Pin, as_pin, pin_query

if TYPE_CHECKING:
    import sqlalchemy as sa

# With how many names a mistyped one is compared, and how much shorter it may be: the suffix .local
# and a port may be missing.
_NEARLY, _DIFFERENCE = 5000, 15


def place_of(text: str, name: str | None = None) -> Place:
    """Return the board that the user calls *text*, a known or a new one. Raises Error.

    *name*: of its certificate, where that is not HOST.
    """
    return location.find(text, about(text, name), name)


def did_you_mean(text: str) -> str | None:
    """Return a hint with the known boards that are called nearly so; None when none is."""
    if is_absent():
        return None
    import sqlalchemy as sa

    from ..inventory.tables import hosts

    longest = len(text) + _DIFFERENCE
    return location.did_you_mean(text, _look_up(sa.func.length(hosts.c.host) <= longest, _NEARLY))


def of_unit(unique_id: str) -> list[Pin]:
    """Return, sorted, all pins of the board with this chip number."""
    if is_absent():
        return []
    from ..inventory.tables import boards

    return _look_up(boards.c.unique_id == unique_id)


def about(text: str, name: str | None = None) -> list[Pin]:
    """Return, sorted, all pins that `location.find` may choose from, with the same arguments."""
    return about_all([(text, name)])


def about_all(asked: Sequence[tuple[str, str | None]]) -> list[Pin]:
    """Return, sorted, those for several HOSTs, each with the name of its certificate."""
    if is_absent():
        return []
    from ..inventory import store

    with store.reading() as connection:
        return _about(connection, asked)


def _about(connection: "sa.Connection", asked: Sequence[tuple[str, str | None]]) -> list[Pin]:
    import sqlalchemy as sa

    from ..inventory.tables import hosts

    called = [(names_of(text, name), *parse_host(text)) for text, name in asked]
    names = {one for group, _, _ in called for one in group}
    addresses = {host for _, host, _ in called}
    found = _found(connection, hosts.c.host.in_(names) | hosts.c.address.in_(addresses))
    exact = {pin.host for pin in found}
    # Only a HOST without a port that no pin has as it is may be one that is pinned with a port.
    without = [group for group, _, port in called if port is None]
    some = {each for group in without if not exact & set(group) for each in group}
    if not some:
        return found
    with_a_port = [hosts.c.host.startswith(_with_a_port(one), autoescape=True) for one in some]
    return joined(found, _found(connection, sa.or_(*with_a_port)))


def with_keys(public_key_pins: Iterable[str]) -> list[Pin]:
    """Return, sorted, all pins of the boards that have these keys."""
    if is_absent():
        return []
    from ..inventory.tables import boards

    return _look_up(boards.c.public_key_pin.in_(set(public_key_pins)))


def first_names(connection: "sa.Connection", board_ids: Sequence[int]) -> list[Pin]:
    """Return the first name of each of the boards with these numbers, in the order of those."""
    import sqlalchemy as sa

    from ..inventory.tables import hosts

    mine = hosts.c.board_id.in_(board_ids)
    oldest = sa.select(sa.func.min(hosts.c.id)).where(mine).group_by(hosts.c.board_id)
    query = pin_query().where(hosts.c.id.in_(oldest)).order_by(hosts.c.board_id)
    return [as_pin(row) for row in connection.execute(query)]


def joined(*found: Sequence[Pin]) -> list[Pin]:
    """Return pins of several look-ups, each once, sorted as `load_pins` does."""
    return [pin for _, pin in sorted({pin.host: pin for each in found for pin in each}.items())]


def _with_a_port(name: str) -> str:
    """Return how each HOST:PORT of a name begins."""
    return f"[{name}]:" if ":" in name else f"{name}:"


def _look_up(condition: Any, most: int | None = None) -> list[Pin]:
    from ..inventory import store

    with store.reading() as connection:
        return _found(connection, condition, most)


def _found(connection: "sa.Connection", condition: Any, most: int | None = None) -> list[Pin]:
    rows = connection.execute(pin_query().where(condition).limit(most))
    return sorted(map(as_pin, rows), key=lambda pin: pin.host)
