"""Judge the stored identities, and choose the one to be served. The slow half of lifecycle.

Three sources, in this order: installed at run time; compiled in, as a module boardcert_builtin
with PRIVATE_KEY and CHAIN (DER); generated on the board. One that is damaged is reported and
skipped. One of the first two that has expired is still served, with a notice: its clients trust its
CA or have pinned it, and an expiry is clearer to them and the administrator than another key.

A task is a function of a job.Job and its arguments. Its outcome is (source, record, message): what
is to be served from then on, and a sentence about the rest, or None. Only request returns a DER.
"""

from .. import RefusedError, board
from ..storage import store
from ..storage.record import GENERATED, INSTALLED
from .generated import load_generated, make
from .job import in_words
from .settings import AUTHORITY, check_size
from .stored import facts_of, is_own, keep, read_leaf, sound

BUILTIN = "builtin"


def load(job, new_key: bytes | None = None) -> tuple:
    """Return the outcome; generate or renew the generated identity if that is due.

    *new_key*: for a new identity. A deletion that a loss of power interrupted is finished first.
    """
    check_key(new_key)
    # Later, it may be a deletion of this boot, which ends it below.
    if not job.outcomes.get("begun"):
        job.outcomes["begun"] = True
        job.finish_wipe(
            "finishing a deletion", "a deletion interrupted by a loss of power was finished"
        )
    source, record = _choose(job, new_key)  # As reload: a call less on a small stack.
    mark_stored(job, source, record)
    job.finish_wipe("wiping another board's data", "another board's data was wiped")
    return source, record, None


def sign(job, addresses: list, now: tuple | None, is_due: bool) -> tuple:
    """Sign the generated certificate again, if *is_due*, or if load could not see whether it is.

    *addresses*, *now*: those that the board knew when that was deferred, used if it does not know
    any yet.
    """
    record = load_generated(job)
    if is_due or not (board.addresses() and board.utc_now()):
        job.seen = addresses, now
        make(job, record.private_key, record)
    return reload(job)


def request(job, addresses: list | None = None, names: list | None = None) -> bytes:
    """Return a PKCS#10 request (DER), signed by the generated key; generate that if necessary.

    *addresses*: of the board, used if it does not know them yet. *names*: see Identity.csr.
    """
    private_key = load_generated(job).private_key
    job.seen = addresses, None
    from .generate import make_request

    if names is None:
        return make_request(job.settings.hostname, job.names, private_key)
    try:
        check_size(names if isinstance(names, (list, tuple)) else [])
        return make_request(None, names, private_key)
    except (ValueError, TypeError) as error:  # The latter for a name that is not text.
        raise RefusedError("names", str(error)) from error


def reload(job, message: str | None = None) -> tuple:
    """Return the outcome with *message*, and mark what is stored."""
    source, record = _choose(job)
    mark_stored(job, source, record)
    return source, record, message


def check_key(new_key: bytes | None) -> None:
    """Raise ValueError for anything but a key in its stored form, or None."""
    if new_key is None:
        return
    from ..certificates.keys import from_der

    try:
        from_der(new_key)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError("new_key is not a private key as the board stores it") from error


def _choose(job, new_key: bytes | None = None) -> tuple:
    """Return (source, record) of the first source that is sound. *new_key*: see load."""
    installed = store.load(job.directory, INSTALLED, job.notices)
    if installed and installed.facts.get("own_key") and not is_own(installed):
        job.disown("the installed certificate is for another board's key: it is removed")
        job.wiper.remove(INSTALLED)
        installed = None
    if record := sound(job, installed, INSTALLED):
        _forget_authority(job)  # First: keep has the next boot look no further.
        return INSTALLED, keep(job, INSTALLED, record)
    return choose_below(job, new_key)


def choose_below(job, new_key: bytes | None = None) -> tuple:
    """Return (source, record) as if nothing were installed. *new_key*: see load."""
    if record := sound(job, _find_builtin(job), BUILTIN):
        _forget_authority(job)
        record.facts = facts_of(job, record, read_leaf(record))
        return BUILTIN, record
    record = load_generated(job, new_key)
    if record.authority_key:
        record.authority_key = None  # What serves has no use for it.
    return GENERATED, record


def _forget_authority(job) -> None:
    """Wipe the authority's key below what is served, if the settings want no authority any more."""
    if job.settings.chain == AUTHORITY:
        return
    below = store.load(job.directory, GENERATED, [], True)
    if below and below.authority_key:
        below.authority_key = None
        with job.attempt("wiping the authority's key"):
            job.wiper.begin("new-key", below.facts["public_key_pin"])
            job.writer.save(GENERATED, below)
            job.finish_wipe("wiping the authority's key", "the authority's key was deleted")


def mark_stored(job, source: str, record: store.Record) -> None:
    """Mark what is stored, and add notices of what has been lost since the last time."""
    with job.attempt("marking what is stored"):
        stored = {} if source == BUILTIN else {source: record}
        if source != GENERATED and (below := _load_below(job)):
            stored[GENERATED] = below
        from .losses import settle

        losses = settle(job.directory, job.files(), stored)
        if not job.outcomes.get("removes"):
            job.notices.extend(losses)


def _load_below(job) -> store.Record | None:
    """Return the generated record, which is not served; None if it is another board's."""
    below = store.load(job.directory, GENERATED, job.notices)
    if below is None or is_own(below):
        return below
    job.disown("the generated identity is another board's: it is removed")
    job.writer.write_mark("")  # Its pin is not missed.
    job.wiper.remove(GENERATED)
    return None


def _find_builtin(job) -> store.Record | None:
    try:
        import boardcert_builtin as builtin  # pyright: ignore[reportMissingImports]

        return store.Record(builtin.PRIVATE_KEY, list(builtin.CHAIN), {})
    except ImportError:
        return None
    except Exception as error:  # noqa: BLE001 (of another .mpy version, incomplete, whatever)
        job.notices.append(f"boardcert_builtin was ignored: {in_words(error)}")
        return None


TASKS = {"load": load, "sign": sign, "request": request}
