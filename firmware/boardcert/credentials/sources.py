"""Judge the stored identities, and choose the one to be served. The slow half of lifecycle.

Three sources, in this order: installed at run time; compiled in, as a module boardcert_builtin
with PRIVATE_KEY and CHAIN (DER); generated on the board. One that is damaged is reported and
passed over. One of the first two that has expired serves on, with a notice: its clients trust its
CA or have pinned it, and an expiry tells them and the administrator more than another key would.

A task is a function of a job.Job and its arguments. Its outcome is (source, record, a sentence or
None): what is to be served from then on, and what is told of the rest. Only request has another.
"""

from .. import board
from ..storage import store
from ..storage.files import GENERATED, INSTALLED, WIPING
from .generated import load_generated, make
from .job import in_words
from .stored import facts_of, is_own, keep, read_leaf, sound

BUILTIN = "builtin"


def load(job, new_key: bytes | None = None) -> tuple:
    """Return the outcome; make or renew the generated identity where that is due.

    *new_key*: for a new identity. What a loss of power has left of a deletion is done first.
    """
    check_key(new_key)
    if not job.done.get("begun"):  # If so, it may be one of this boot, for the end of it.
        job.done["begun"] = True
        _finish_wipe(
            job, "finishing a deletion", "a deletion interrupted by a loss of power was finished"
        )
    outcome = reload(job, new_key=new_key)
    _finish_wipe(job, "wiping another board's data", "another board's data was wiped")
    return outcome


def sign(job, addresses: list, now: tuple | None, is_due: bool) -> tuple:
    """Sign the generated certificate again, if *is_due*, or load has not seen whether it is.

    *addresses*, *now*: what the board knew when that was put off. They serve where it does not
    know them yet.
    """
    record = load_generated(job)
    if is_due or not (board.addresses() and board.utc_now()):
        job.seen = addresses, now
        make(job, record.private_key)
    return reload(job)


def request(job, addresses: list | None = None) -> bytes:
    """Return a PKCS#10 request (DER), signed by the generated key, which is made if need be.

    *addresses*: of the board, where it does not know them yet.
    """
    private_key = load_generated(job).private_key
    job.seen = addresses, None
    from .generate import make_request

    return make_request(job.settings.hostname, job.names, private_key)


def reload(job, told: str | None = None, new_key: bytes | None = None) -> tuple:
    """Return the outcome, with what is *told*, and mark what is stored. *new_key*: see load."""
    source, record = _choose(job, new_key)
    mark_stored(job, source, record)
    return source, record, told


def check_key(new_key: bytes | None) -> None:
    """Raise ValueError for what is neither a key in its stored form nor None."""
    if new_key is None:
        return
    from ..certificates.keys import from_der

    try:
        from_der(new_key)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError("new_key is not a private key as the board stores it") from error


def _choose(job, new_key: bytes | None) -> tuple:
    """Return (source, record) of the first source that holds."""
    installed = store.load(job.directory, INSTALLED, job.notices)
    if installed and installed.facts.get("own_key") and not is_own(installed):
        job.disown("the installed certificate is for another board's key: it is removed")
        job.wiper.remove(INSTALLED)
        installed = None
    if record := sound(job, installed, INSTALLED):
        return INSTALLED, keep(job, INSTALLED, record)
    return choose_below(job, new_key)


def choose_below(job, new_key: bytes | None = None) -> tuple:
    """Return (source, record) of what is served without an installed one. *new_key*: see load."""
    if record := sound(job, _find_builtin(job), BUILTIN):
        record.facts = facts_of(job, record, read_leaf(record))
        return BUILTIN, record
    return GENERATED, load_generated(job, new_key)


def mark_stored(job, source: str, record: store.Record) -> None:
    """Note what is stored, and tell what has been lost since that was noted last."""
    with job.attempt("marking what is stored"):
        stored = {} if source == BUILTIN else {source: record}
        if source != GENERATED and (below := _load_below(job)):
            stored[GENERATED] = below
        from .losses import settle

        losses = settle(job.directory, job.files(), stored, job.writer)
        if not job.done.get("removes"):
            job.notices.extend(losses)


def _load_below(job) -> store.Record | None:
    """Return the generated record, which is not served; None when it is another board's."""
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


def _finish_wipe(job, what: str, told: str) -> None:
    """Finish what a deletion has left to do; tell how far it went, or that *what* failed."""
    with job.attempt(what):
        if WIPING in job.files() and (how_far := job.wiper.finish()):
            job.notices.append(f"{told}: {how_far}")


TASKS = {"load": load, "sign": sign, "request": request}
