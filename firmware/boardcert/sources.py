"""Judge what was found: may it be served, and does it need a new certificate?"""

from . import board, names
from .certificate import Certificate, key_matches
from .record import Record


def checked(record: Record | None, source: str, notices: list) -> tuple | None:
    """Return (record, leaf), or None when there is no record or it does not hold together.

    *source*: the word for it in *notices*, which hear of a record that does not.
    """
    if record is None:
        return None
    try:
        leaf = Certificate(record.chain[0])
        matches = key_matches(record.private_key, leaf.public_key_der)
    except ValueError as error:
        notices.append(f"the {source} identity was ignored: {error}")
        return None
    if not matches:
        notices.append(f"the {source} identity was ignored: the certificate is for another key")
        return None
    return record, leaf


def find_builtin() -> Record | None:
    """Return what is compiled in, in the module boardcert_builtin: PRIVATE_KEY and CHAIN (DER)."""
    try:
        import boardcert_builtin
    except ImportError:
        return None
    return Record(boardcert_builtin.PRIVATE_KEY, list(boardcert_builtin.CHAIN), {})


def renewal_reason(record: Record, leaf: Certificate, settings: object) -> str | None:
    """Return why a generated certificate must be signed again, or None."""
    now = board.utc_now()
    if now is not None:
        if now > leaf.not_after:
            return "it had expired"
        if now < leaf.not_before:
            return "it was dated in the future"
        if not record.facts.get("clock"):
            return "the date has become known"
    # The set names stand first, then addresses of the board. Those it had earlier may stay,
    # so that nothing changes while a network is away.
    count = len(settings.names)
    if leaf.names[:count] != settings.names:
        return "the names have changed"
    if not all(names.is_address(name) for name in leaf.names[count:]):
        return "the names have changed"
    if not all(address in leaf.names for address in board.addresses()):
        return "the board's address has changed"
    return None
