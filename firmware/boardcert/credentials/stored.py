"""Stored records: whether one is valid, whose it is, and its facts, which lifecycle uses."""

from binascii import hexlify

from .. import board
from ..storage.record import Record


def is_own(record: Record) -> bool:
    """Return whether *record* was stored on this board."""
    return record.facts.get("unique_id") == board.unique_id().hex()


def sound(job, record: Record | None, source: str) -> Record | None:
    """Return *record* if its parts belong together; report it and return None if not."""
    if record is None:
        return None
    try:
        read_pair(record)
    except (ValueError, IndexError, TypeError) as error:  # The latter two: a builtin one.
        job.notices.append(f"the {source} identity was ignored: {error}")
        return None
    return record


def keep(job, source: str, record: Record) -> Record:
    """Store *record* again if its facts are of other settings or another version."""
    facts = facts_of(job, record, read_leaf(record))
    if facts != record.facts:
        record.facts = facts
        with job.attempt("storing the settings"):
            job.writer.save(source, record)
    return record


def facts_of(job, record: Record, leaf) -> dict:
    """Return the record's facts with what lifecycle needs to know without reading DER."""
    facts = dict(record.facts)
    facts.update(
        {
            "settings": job.digest,
            "hostname": job.settings.hostname,
            "portal_port": job.settings.portal_port,
            "https": job.settings.https,
            "key_type": leaf.key_type,
            "names": leaf.names,
            "not_before": board.isoformat(leaf.not_before),
            "not_after": board.isoformat(leaf.not_after),
            "serial_number": hexlify(leaf.serial_number, ":").decode().upper(),
            "public_key_pin": leaf.public_key_pin,
        }
    )
    return facts


def read_leaf(record: Record):
    """Return the record's own Certificate; what reads it is not imported beside the arithmetic."""
    from ..certificates.certificate import Certificate

    return Certificate(record.chain[0])


def read_pair(record: Record):
    """Return the record's own Certificate; ValueError when it is for another key than there is."""
    # The same as read_leaf: calling it would be one call more on a small stack.
    from ..certificates.certificate import Certificate
    from ..certificates.keys import key_matches

    leaf = Certificate(record.chain[0])
    if not key_matches(record.private_key, leaf.public_key_der):
        raise ValueError("the certificate is for another key")
    return leaf
