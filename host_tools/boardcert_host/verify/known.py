"""Find the known boards that some servers may be, by the names used for them, or by their keys."""

from collections.abc import Sequence

from ..trust import look_up
from ..trust.pins import Pin
from .judging import HostResult


def known_boards(results: Sequence[HostResult]) -> list[Pin]:
    """Return them, by queries for just these; for `judging.Options`, and for `remember`."""
    asked = [(str(result.target), result.name) for result in results]
    keys = [one.certificate["public_key_pin"] for one in results if one.certificate]
    return look_up.joined(look_up.about_all(asked), look_up.with_keys(keys))
