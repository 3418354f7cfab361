"""The known boards that a HOST may mean, by queries: however many boards there are.

What `location.find` needs of the inventory for some HOSTs is little: `about` gets that. SQLAlchemy
is loaded in functions, as in `pins`.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..inventory.place import is_absent
from ..targets import parse_host
from .location import names_of
from .pins import Pin, as_pin, pin_query

if TYPE_CHECKING:
    import sqlalchemy as sa


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
    from ..inventory import store
    from ..inventory.tables import boards

    with store.reading() as connection:
        return _found(connection, boards.c.public_key_pin.in_(set(public_key_pins)))


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


def _found(connection: "sa.Connection", condition: Any) -> list[Pin]:
    rows = connection.execute(pin_query().where(condition))
    return sorted(map(as_pin, rows), key=lambda pin: pin.host)
