"""What an administrator may ask of the stored identities: install, remove, renew, new key, reset.

Each task ends with what is to be served then. A loss of power at any moment leaves what was
served before or what is served after.
"""

from . import board, store
from .lifecycle import GENERATED, INSTALLED
from .manage import Manager, read_leaf

_TOKEN_BITS = 130
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"  # Base32, RFC 4648 section 6.


class Administrator(Manager):
    """Do one task. Those that change something return (source, record, a sentence or None)."""

    def install(self, record: store.Record) -> tuple:
        """Store what judge has found fit to be served."""
        leaf = read_leaf(record)
        record.facts = self._facts(record, leaf)
        self._writer.save(INSTALLED, record)
        self._note_names(leaf.names)
        return INSTALLED, record, None

    def remove(self) -> tuple:
        """Remove the installed certificate, once there is another to be served."""
        source, record = self.load(below_installed=True)
        removed = store.load(self._directory, INSTALLED, [])
        self._remover.remove(INSTALLED)
        if removed is None or removed.private_key == record.private_key:
            return source, record, "no key was removed"
        return source, record, self._wipe()

    def renew(self) -> tuple:
        """Sign a new certificate for the generated key; make both where there is no key."""
        self._make(self._load_generated().private_key)
        return self._reload(None)

    def new_key(self, made: bytes | None) -> tuple:
        """Store a new generated key, *made* or made here, and its certificate."""
        self._new_key = made
        self._settle(self._make(None))
        return self._reload(self._wipe())

    def reset(self, made: bytes | None) -> tuple:
        """Store a new key and certificate; remove all others, and the token."""
        self._new_key = made
        self._settle(self._make(None))
        remover = self._remover
        remover.remove(INSTALLED)
        remover.forget_older(INSTALLED)
        remover.delete("token")
        return self._reload(self._wipe())

    def admin_token(self) -> str:
        """Return the stored token; make one where there is none, or none that is whole."""
        from .store_write import read_text

        token = read_text(f"{self._directory}/token") or ""
        if len(token) == _TOKEN_BITS // 5 and all(part in _BASE32 for part in token):
            return token
        from .seeding import seed

        random, _ = seed(board.utc_now())
        number = int.from_bytes(random((_TOKEN_BITS + 7) // 8), "big")
        shifts = range(0, _TOKEN_BITS, 5)
        token = "".join([_BASE32[number >> shift & 31] for shift in shifts])
        self._writer.write_text("token", token)
        return token

    @property
    def _remover(self):
        from .store_remove import Remover

        return Remover(self._directory, self._notices)

    def _note_names(self, names: list) -> None:
        """Tell when a certificate for *names* is for no name or address of the board."""
        wanted = self._settings.names + board.addresses()
        if not any(covers(name, one) for name in names for one in wanted):
            told = ", ".join(names) or "no name"
            self._notices.append(
                f"the installed certificate is for {told}; browsers that open "
                f"https://{wanted[0]} will warn"
            )

    def _settle(self, record: store.Record) -> None:
        """Forget the generated records before *record*, which is stored, and mark this one."""
        self._remover.forget_older(GENERATED)
        self._attempt("writing the marker", self._mark, record, False)

    def _wipe(self) -> str:
        """Tell how far it went. A failure leaves no doubt about what is served from now on."""
        from .store_wipe import wipe

        told = self._attempt("overwriting the flash", wipe, self._directory, self._progress)
        return told or "what was deleted may still be in flash"

    def _reload(self, told: str | None) -> tuple:
        source, record = self.load()
        return source, record, told


def covers(name: str, wanted: str) -> bool:
    """Tell whether a certificate's *name* is *wanted*, with "*" for its first label (RFC 6125)."""
    name, wanted = name.lower(), wanted.lower()
    return name == wanted or (name[:2] == "*." and name[1:] == "." + wanted.partition(".")[2])
