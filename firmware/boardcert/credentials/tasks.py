"""What an administrator may ask of the stored identities: install, remove, renew, new key, reset.

Each task ends with what is to be served then. A loss of power at any moment leaves what was
served before or what is served after.
"""

from .. import board
from ..storage import store
from ..storage.files import INSTALLED
from .sources import Manager, read_leaf

_STAYS = "the settings and the Wi-Fi password (wifi.json) stay"


class Administrator(Manager):
    """Do one task. Those that change something return (source, record, a sentence or None)."""

    _tells_losses = False
    _task = None  # What wiping calls it, when a new key is about to be stored.

    def install(self, record: store.Record) -> tuple:
        """Store what accept has found fit to be served; wipe the key that it replaces."""
        from ..storage.wiping import INSTALL, has_files

        leaf = read_leaf(record)
        record.facts = self._facts(record, leaf)
        record.facts["unique_id"] = board.unique_id().hex()
        replaced = store.load(self._directory, INSTALLED, [])
        is_there = has_files(self._directory, INSTALLED)
        is_replaced = is_there and not (replaced and replaced.private_key == record.private_key)
        if is_replaced:
            self._wiper.begin(INSTALL)
        self._writer.save(INSTALLED, record)
        self._done["replaced"] = True
        self._attempt("marking what is stored", self._mark_stored, INSTALLED, record)
        self._note_names(leaf.names)
        self._note_missing(record, leaf)
        return INSTALLED, record, self._wipe() if is_replaced else None

    def remove(self) -> tuple:
        """Remove the installed certificate, once there is another to be served."""
        from ..storage.wiping import REMOVE, UNINSTALL, has_files

        source, record = self._choose(below_installed=True)
        removed = store.load(self._directory, INSTALLED, [])
        is_same = removed is not None and removed.private_key == record.private_key
        told = "no key was removed"
        if has_files(self._directory, INSTALLED):
            self._wiper.begin(UNINSTALL if is_same else REMOVE)
            told = self._wipe()
            self._done["replaced"] = True
        self._attempt("marking what is stored", self._mark_stored, source, record)
        return source, record, told

    def renew(self) -> tuple:
        """Sign a new certificate for the generated key; make both where there is no key."""
        self._make(self._load_generated().private_key)
        return self._reload(None)

    def new_key(self, made: bytes | None) -> tuple:
        """Store a new generated key, *made* or made here, and its certificate."""
        from ..storage.wiping import NEW_KEY

        return self._reload(self._replace_key(NEW_KEY, made))

    def reset(self, made: bytes | None) -> tuple:
        """Store a new key and certificate; remove all others, and the token."""
        from ..storage.wiping import RESET

        return self._reload(f"{self._replace_key(RESET, made)}; {_STAYS}")

    def _replace_key(self, task: str, made: bytes | None) -> str:
        """Store a new key; forget what *task* says; return how far that was wiped."""
        self._take_key(made)
        self._task = task
        record = self._make(None)
        self._task = None
        self._attempt("writing the marker", self._mark, record, False)
        return self._wipe()

    def _store_made(self, record: store.Record) -> None:
        """From when it is stored on, the keys before it are to be wiped."""
        if self._task:
            self._wiper.begin(self._task, record.facts["public_key_pin"])
        super()._store_made(record)

    def _note_missing(self, record: store.Record, leaf) -> None:
        """Tell what clients need that is not there, and what could not be judged."""
        facts = record.facts
        if len(record.chain) == 1 and leaf.issuer != leaf.subject:
            self._notices.append(
                "the installed certificate came without that of its issuer, "
                f"{facts['issuer']}: clients that do not have it will refuse the board"
            )
        if not facts["judged_on"]:
            self._notices.append(
                "the installed certificate is valid from "
                f"{facts['not_before'][:10]} to {facts['not_after'][:10]}; the date was not known"
            )
        for broken in facts.get("broken") or []:
            self._notices.append(
                f"the installed certificate is signed with a broken hash, {broken}: clients will "
                "refuse it"
            )

    def _note_names(self, names: list) -> None:
        """Tell when a certificate for *names* is for no name or address of the board."""
        wanted = self._settings.names + board.addresses()
        if not any(covers(name, one) for name in names for one in wanted):
            told = ", ".join(names) or "no name"
            self._notices.append(
                f"the installed certificate is for {told}; browsers that open "
                f"https://{wanted[0]} will warn"
            )

    def _wipe(self) -> str:
        """Tell how far it went. A failure leaves no doubt about what is served from now on."""
        told = self._attempt("overwriting the flash", self._wiper.finish)
        return told or "what was deleted may still be in flash"


def covers(name: str, wanted: str) -> bool:
    """Return whether a certificate's *name* covers *wanted*, by its "*", too (RFC 6125)."""
    name, wanted = name.lower(), wanted.lower()
    return name == wanted or (name[:2] == "*." and name[1:] == "." + wanted.partition(".")[2])
