"""The identity that the board generates: make it, load it, sign it again."""

from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from ..certificates import fields
from ..storage import store
from ..storage.record import GENERATED, Record
from .job import in_words
from .settings import AUTHORITY
from .stale import stale_reason
from .stored import facts_of, is_own, keep, read_leaf, read_pair, sound

_NEW_KEY = "new-key"  # As in wiping, which is not imported beside the arithmetic.


def load_generated(job, new_key: bytes | None = None) -> Record:
    """Return the generated record; make or renew it if that is due.

    *new_key*: for a new identity, see make.
    """
    found = store.load(job.directory, GENERATED, job.notices, True)
    stored = sound(job, found, GENERATED)
    if found and not stored:
        job.writer.set_aside(GENERATED)
    if stored and not is_own(stored):
        job.disown("the stored identity is another board's; a new one is made")
        record = make(job, new_key)
    else:
        record = _renew_if_due(job, stored) if stored else make(job, new_key)
    with job.attempt("writing the marker"):
        mark(job, record, stored is None)
    return record


def make(
    job, private_key: bytes | None, old: Record | None = None, wipes: str | None = None
) -> Record:
    """Make a certificate for *private_key*, store both, and return the record.

    *private_key*: None for one that is generated here. *old*: the record of a key that stays, None
    if it is a new one; its authority stays as well, unless the settings say otherwise. *wipes*: the
    task of Wiper that wipes the older keys, once this one is stored.
    """
    job.outcomes["signed"] = True
    record, timings_ms = job.make_record(_wanted(job, private_key, old))
    if job.progress:
        job.progress("flash")
    started = ticks_ms()
    record.facts = facts_of(job, record, read_pair(record))
    is_changed = old and old.authority_key and old.chain[1:] != record.chain[1:]
    if is_changed and not record.authority_key:
        wipes = _NEW_KEY
    if wipes:
        job.wiper.begin(wipes, record.facts["public_key_pin"])
    job.writer.save(GENERATED, record)
    if is_changed and wipes:
        job.finish_wipe("wiping the authority's key", "the authority's key was deleted")
    elif is_changed and "was_ahead" in record.facts["authority"]:
        job.notices.append(
            "the clock was ahead, so the authority was signed again: clients need not import it "
            "if they have an earlier one that is valid now"
        )
    elif is_changed:
        job.notices.append("the authority's certificate is another one: clients must import it")
    timings_ms["flash"] = ticks_diff(ticks_ms(), started)
    timings_ms["total"] = sum(timings_ms.values())
    job.outcomes["timings_ms"] = timings_ms
    job.outcomes["generated"] = job.outcomes["generated"] or not old
    return record


def _wanted(job, private_key: bytes | None, old: Record | None) -> tuple:
    """Return what is to be made, see phases.Wanted; the arguments are those of make."""
    settings = job.settings
    contents = settings.hostname, job.names, settings.validity_days, job.now
    arguments = private_key, settings.key_type, contents, job.progress
    if settings.chain == AUTHORITY:
        return True, arguments + (old,)
    return False, arguments


def mark(job, record: Record, is_new: bool) -> None:
    """Add a notice if an identity was lost, and mark the current one."""
    writer = job.writer
    marked = writer.read_mark()
    if marked and is_new:
        job.notices.append(f"the identity with the pin {marked} is lost; a new one is made")
    if record.facts["public_key_pin"] != marked:
        writer.write_mark(record.facts["public_key_pin"])


def _renew_if_due(job, record: Record) -> Record:
    """Return *record*, or if its certificate is stale, a new one with the same key, stored."""
    leaf = read_leaf(record)
    wanted = job.settings.key_type
    if leaf.key_type != wanted:
        job.notices.append(
            f"the key stays {leaf.key_type}: {wanted} is for the next new key or reset"
        )
    facts = facts_of(job, record, leaf)
    reason = _change_reason(job.settings, record, leaf) or stale_reason(facts)
    if reason is None:
        return keep(job, GENERATED, record)
    try:
        new = make(job, record.private_key, record)
    except Exception as error:  # noqa: BLE001 (noise, flash, memory, a fault in signing)
        job.notices.append(f"signing the certificate again failed: {in_words(error)}")
        job.notices.append(f"the certificate is served as it is, though {reason}")
        record.facts = facts
        return record
    job.notices.append(f"the certificate was signed again with the same key: {reason}")
    return new


def _change_reason(settings, record: Record, leaf) -> str | None:
    """Return which setting differs from those that the certificate was made with, or None."""
    facts = record.facts
    # The names of the settings come first, then addresses that the board had.
    count = len(settings.names)
    others = [name for name in leaf.names[count:] if not fields.is_address(name)]
    if leaf.names[:count] != settings.names or others:
        return "the names have changed"
    if facts.get("hostname") != settings.hostname:
        return "the host name has changed"
    if facts.get("validity_days") != settings.validity_days:
        return "its lifetime has changed"
    has_authority = "authority" in facts
    if has_authority != (settings.chain == AUTHORITY) or (
        has_authority and not record.authority_key
    ):
        return "its issuer has changed"
    return None
