"""The tasks of an administrator: install, remove, renew, new key, reset.

Each task, see sources, returns what is to be served then. A loss of power at any moment leaves
the identity that was served before, or the one served afterwards.
"""

from .. import board
from ..storage import store
from ..storage.record import INSTALLED
from .generated import load_generated, make, mark
from .sources import check_key, choose_below, mark_stored, reload
from .stored import facts_of, read_leaf

_STAYS = "the settings and the Wi-Fi password (wifi.json) stay"


def install(job, record: store.Record) -> tuple:
    """Store a record that accept has approved; wipe the key that it replaces."""
    from ..storage.wiping import INSTALL, has_files

    job.outcomes["removes"] = True
    leaf = read_leaf(record)
    record.facts = facts_of(job, record, leaf)
    record.facts["unique_id"] = board.unique_id().hex()
    replaced = store.load(job.directory, INSTALLED, [])
    is_there = has_files(job.directory, INSTALLED)
    is_replaced = is_there and not (replaced and replaced.private_key == record.private_key)
    if is_replaced:
        job.wiper.begin(INSTALL)
    job.writer.save(INSTALLED, record)
    job.outcomes["replaced"] = True
    mark_stored(job, INSTALLED, record)
    _note_names(job, leaf.names)
    _note_missing(job, record, leaf)
    return INSTALLED, record, _wipe(job) if is_replaced else None


def remove(job) -> tuple:
    """Remove the installed certificate, once another one can be served."""
    from ..storage.wiping import REMOVE, UNINSTALL, has_files

    job.outcomes["removes"] = True
    source, record = choose_below(job)
    removed = store.load(job.directory, INSTALLED, [])
    is_same = removed is not None and removed.private_key == record.private_key
    message = "no key was removed"
    if has_files(job.directory, INSTALLED):
        job.wiper.begin(UNINSTALL if is_same else REMOVE)
        message = _wipe(job)
        job.outcomes["replaced"] = True
    mark_stored(job, source, record)
    return source, record, message


def renew(job) -> tuple:
    """Sign a new certificate for the generated key; generate both if there is no key."""
    record = load_generated(job)
    make(job, record.private_key, record)
    return reload(job)


def new_key(job, made: bytes | None) -> tuple:
    """Store a new key, *made* or generated here, and its certificate."""
    from ..storage.wiping import NEW_KEY

    return reload(job, _replace_key(job, NEW_KEY, made))


def reset(job, made: bytes | None) -> tuple:
    """Store a new key and certificate; remove all others, and the token."""
    from ..storage.wiping import RESET

    return reload(job, f"{_replace_key(job, RESET, made)}; {_STAYS}")


def _replace_key(job, wipes: str, made: bytes | None) -> str:
    """Store a new key; do the task *wipes* of Wiper; return how far that went."""
    check_key(made)
    job.outcomes["removes"] = True
    record = make(job, made, wipes=wipes)
    with job.attempt("writing the marker"):
        mark(job, record, False)
    return _wipe(job)


def _wipe(job) -> str:
    """Wipe, and return how far it went. A failure does not affect what is served afterwards."""
    message = None
    with job.attempt("overwriting the flash"):
        message = job.wiper.finish()
    return message or "what was deleted may still be in flash"


def _note_missing(job, record: store.Record, leaf) -> None:
    """Add notices of what clients will miss, and of what could not be checked."""
    facts = record.facts
    if len(record.chain) == 1 and leaf.issuer != leaf.subject:
        job.notices.append(
            "the installed certificate came without that of its issuer, "
            f"{facts['issuer']}: clients that do not have it will refuse the board"
        )
    if not facts["judged_on"]:
        job.notices.append(
            "the installed certificate is valid from "
            f"{facts['not_before'][:10]} to {facts['not_after'][:10]}; the date was not known"
        )
    for broken in facts.get("broken") or []:
        job.notices.append(
            f"the installed certificate is signed with a broken hash, {broken}: clients will "
            "refuse it"
        )


def _note_names(job, names: list) -> None:
    """Add a notice if none of a certificate's *names* is a name or address of the board."""
    wanted = job.settings.names + board.addresses()
    if not any(covers(name, one) for name in names for one in wanted):
        message = ", ".join(names) or "no name"
        job.notices.append(
            f"the installed certificate is for {message}; browsers that open "
            f"https://{wanted[0]} will warn"
        )


def covers(name: str, wanted: str) -> bool:
    """Return whether a certificate's *name* covers *wanted*, wildcards included (RFC 6125)."""
    name, wanted = name.lower(), wanted.lower()
    return name == wanted or (name[:2] == "*." and name[1:] == "." + wanted.partition(".")[2])


TASKS = {"install": install, "remove": remove, "renew": renew, "new_key": new_key, "reset": reset}
