"""What an administrator may ask of the stored identities: install, remove, renew, new key, reset.

Each task, see sources, ends with what is to be served then. A loss of power at any moment leaves
what was served before or what is served after.
"""

from .. import board
from ..storage import store
from ..storage.files import INSTALLED
from .generated import load_generated, make, mark
from .sources import check_key, choose_below, mark_stored, reload
from .stored import facts_of, read_leaf

_STAYS = "the settings and the Wi-Fi password (wifi.json) stay"


def install(job, record: store.Record) -> tuple:
    """Store what accept has found fit to be served; wipe the key that it replaces."""
    from ..storage.wiping import INSTALL, has_files

    job.done["removes"] = True
    leaf = read_leaf(record)
    record.facts = facts_of(job, record, leaf)
    record.facts["unique_id"] = board.unique_id().hex()
    replaced = store.load(job.directory, INSTALLED, [])
    is_there = has_files(job.directory, INSTALLED)
    is_replaced = is_there and not (replaced and replaced.private_key == record.private_key)
    if is_replaced:
        job.wiper.begin(INSTALL)
    job.writer.save(INSTALLED, record)
    job.done["replaced"] = True
    mark_stored(job, INSTALLED, record)
    _note_names(job, leaf.names)
    _note_missing(job, record, leaf)
    return INSTALLED, record, _wipe(job) if is_replaced else None


def remove(job) -> tuple:
    """Remove the installed certificate, once there is another to be served."""
    from ..storage.wiping import REMOVE, UNINSTALL, has_files

    job.done["removes"] = True
    source, record = choose_below(job)
    removed = store.load(job.directory, INSTALLED, [])
    is_same = removed is not None and removed.private_key == record.private_key
    told = "no key was removed"
    if has_files(job.directory, INSTALLED):
        job.wiper.begin(UNINSTALL if is_same else REMOVE)
        told = _wipe(job)
        job.done["replaced"] = True
    mark_stored(job, source, record)
    return source, record, told


def renew(job) -> tuple:
    """Sign a new certificate for the generated key; make both where there is no key."""
    make(job, load_generated(job).private_key)
    return reload(job)


def new_key(job, made: bytes | None) -> tuple:
    """Store a new generated key, *made* or made here, and its certificate."""
    from ..storage.wiping import NEW_KEY

    return reload(job, _replace_key(job, NEW_KEY, made))


def reset(job, made: bytes | None) -> tuple:
    """Store a new key and certificate; remove all others, and the token."""
    from ..storage.wiping import RESET

    return reload(job, f"{_replace_key(job, RESET, made)}; {_STAYS}")


def _replace_key(job, wipes: str, made: bytes | None) -> str:
    """Store a new key; forget what Wiper calls *wipes*; return how far that was wiped."""
    check_key(made)
    job.done["removes"] = True
    record = make(job, made, is_new=True, wipes=wipes)
    with job.attempt("writing the marker"):
        mark(job, record, False)
    return _wipe(job)


def _wipe(job) -> str:
    """Tell how far it went. A failure leaves no doubt about what is served from now on."""
    told = None
    with job.attempt("overwriting the flash"):
        told = job.wiper.finish()
    return told or "what was deleted may still be in flash"


def _note_missing(job, record: store.Record, leaf) -> None:
    """Tell what clients need that is not there, and what could not be judged."""
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
    """Tell when a certificate for *names* is for no name or address of the board."""
    wanted = job.settings.names + board.addresses()
    if not any(covers(name, one) for name in names for one in wanted):
        told = ", ".join(names) or "no name"
        job.notices.append(
            f"the installed certificate is for {told}; browsers that open "
            f"https://{wanted[0]} will warn"
        )


def covers(name: str, wanted: str) -> bool:
    """Return whether a certificate's *name* covers *wanted*, by its "*", too (RFC 6125)."""
    name, wanted = name.lower(), wanted.lower()
    return name == wanted or (name[:2] == "*." and name[1:] == "." + wanted.partition(".")[2])


TASKS = {"install": install, "remove": remove, "renew": renew, "new_key": new_key, "reset": reset}
