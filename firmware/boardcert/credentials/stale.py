"""Whether a certificate should still be served: by its dates, the clock, the board's addresses."""

from .. import board
from ..storage.record import GENERATED


def stale_reason(facts: dict, source: str = GENERATED) -> str | None:
    """Return why a certificate with these *facts* should not be served any longer, or None.

    Of one from elsewhere only the dates count. Addresses that the board had earlier may stay in
    a generated one, so that nothing changes while a network is down.
    """
    now = board.utc_now()
    if now is not None:
        today = board.isoformat(now)  # In this form, the order of texts is that of dates.
        if today > facts["not_after"]:
            return "it had expired"
        if today < facts["not_before"]:
            return "it was dated in the future"
        if source == GENERATED and not facts.get("clock"):
            return "the clock has been set"
        if today > facts.get("renew_from", today):
            return "it ends within 30 days"
    if source == GENERATED and not all(address in facts["names"] for address in board.addresses()):
        return "the board's address has changed"
    return None
