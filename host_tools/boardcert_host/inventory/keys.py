"""The public keys that boards have and had, for what only all of them together show."""

import base64
import binascii
import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from ..certificates.fingerprint import spki_pin
from .tables import keys

_CHUNK = 1000


def note(
    connection: sa.Connection,
    unique_id: str | None,
    facts: Mapping[str, Any],
    seen: datetime.datetime,
) -> None:
    """Record the key in *facts* for a unit, *unique_id*: once, even if it is seen again."""
    pin, public_key = facts["public_key_pin"], checked(facts)
    query = sa.select(keys).where(keys.c.public_key_pin == pin)
    found = {row.unique_id: row for row in connection.execute(query)}
    unit = unique_id or ""
    known = found.get(unit) or found.get("")
    values = {"unique_id": unit} | ({"public_key": public_key} if public_key else {})
    if known is None:
        values |= {"public_key_pin": pin, "first_seen": seen}
        connection.execute(sa.insert(keys).values(values))
    elif any(getattr(known, name) != value for name, value in values.items()):
        mine = (keys.c.public_key_pin == pin) & (keys.c.unique_id == known.unique_id)
        connection.execute(sa.update(keys).where(mine).values(values))


def checked(facts: Mapping[str, Any]) -> str | None:
    """Return the public key in *facts* as it is kept, if it is the one with that pin."""
    text = facts.get("public_key")
    if not isinstance(text, str):
        return None
    try:
        pin = spki_pin(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    return text if facts["public_key_pin"] == pin else None


def shared_by_units(connection: sa.Connection) -> list[str]:
    """Return the pins of the keys that several units have, or had."""
    named = sa.select(keys.c.public_key_pin).where(keys.c.unique_id != "")
    query = named.group_by(keys.c.public_key_pin).having(sa.func.count() > 1)
    return list(connection.scalars(query.order_by(keys.c.public_key_pin)))


def count_unseen(connection: sa.Connection) -> int:
    """Return how many keys are known by their pin alone."""
    query = sa.select(sa.func.count(keys.c.public_key_pin.distinct()))
    return connection.execute(query.where(keys.c.public_key.is_(None))).scalar_one()


def seen(connection: sa.Connection) -> Iterator[tuple[str, bytes]]:
    """Yield (pin, SubjectPublicKeyInfo) of each key that is known, once, in the order of pins."""
    query = sa.select(keys.c.public_key_pin, keys.c.public_key).distinct()
    query = query.where(keys.c.public_key.is_not(None)).order_by(keys.c.public_key_pin)
    found = connection.execute(query, execution_options={"yield_per": _CHUNK})
    for pin, public_key in found:
        yield pin, base64.b64decode(public_key)
