"""Judge the stored identities, make and renew the generated one. The slow half of lifecycle.

Three sources, in this order: installed at run time; compiled in, as a module boardcert_builtin
with PRIVATE_KEY and CHAIN (DER); generated on the board. One that is damaged is reported and
passed over. One of the first two that has expired serves on, with a notice: its clients trust its
CA or have pinned it, and an expiry tells them and the administrator more than another key would.
"""

import os
import sys
from binascii import hexlify
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from .. import Error, board
from ..certificates import fields
from ..storage import store
from ..storage.files import GENERATED, INSTALLED, WIPING
from .loading import settings_digest
from .settings import Settings
from .stale import stale_reason

BUILTIN = "builtin"
OLDEST_MICROPYTHON = (1, 24, 0)


class Manager:
    """Load what is to be served; tasks has the other tasks. For arguments see Identity.

    *done*: a dict that is told what was made: "timings_ms" and "generated"; whether that was tried,
    "signed"; and what a task that is begun anew must know: "begun", and "disowned".
    *make_record*(wanted) does generate.make; what it raises, other than Exceptions, ends the task,
    which is then begun anew: see in_phases.
    """

    _tells_losses = True  # Not while things are removed on purpose.

    def __init__(
        self, done: dict, directory: str, arguments: dict, progress, notices: list, make_record
    ) -> None:
        check_version(sys.implementation.name, sys.implementation.version)
        if not isinstance(directory, str) or not directory:
            raise ValueError(f"directory must be a path: {directory!r}")
        self._done = done
        self._make_record = make_record
        self._seen = None  # Addresses and date, where the board does not know them yet.
        self._directory = directory
        self._progress = progress
        self._notices = notices
        self._new_key = None
        self._settings = Settings(arguments, store.read_config(directory), board.unique_id())
        self._digest = settings_digest(directory, arguments)

    def load(self, new_key: bytes | None = None) -> tuple:
        """Return (source, record) of what is to be served; make or renew it where that is due.

        *new_key*: for a new identity. What a loss of power has left of a deletion is done first.
        """
        self._take_key(new_key)
        if not self._done.get("begun"):  # If so, it may be one of this boot, for the end of it.
            self._done["begun"] = True
            told = "a deletion interrupted by a loss of power was finished"
            self._attempt("finishing a deletion", self._finish_wipe, told)
        source, record, _ = self._reload(None)
        told = "another board's data was wiped"
        self._attempt("wiping another board's data", self._finish_wipe, told)
        return source, record

    def sign(self, addresses: list, now: tuple | None, is_due: bool) -> tuple:
        """Sign the generated certificate again, if *is_due*, or load has not seen whether it is.

        *addresses*, *now*: what the board knew when that was put off. They serve where it does not
        know them yet.
        """
        record = self._load_generated()
        if is_due or not (board.addresses() and board.utc_now()):
            self._seen = addresses, now
            self._make(record.private_key)
        return self._reload(None)

    def _reload(self, told: str | None) -> tuple:
        """Return (source, record, *told*) of what is to be served now, and mark what is stored."""
        source, record = self._choose()
        self._attempt("marking what is stored", self._mark_stored, source, record)
        return source, record, told

    def _take_key(self, made: bytes | None) -> None:
        """Have a new key, if one is needed, be *made*."""
        try:
            if made is not None:
                from ..certificates.keys import from_der

                from_der(made)
        except (ValueError, TypeError, IndexError) as error:
            raise ValueError("new_key is not a private key as the board stores it") from error
        self._new_key = made

    def _finish_wipe(self, told: str) -> None:
        if WIPING in self._files() and (how_far := self._wiper.finish()):
            self._notices.append(f"{told}: {how_far}")

    def _choose(self, below_installed: bool = False) -> tuple:
        """Return (source, record). *below_installed*: what that is without an installed one."""
        if not below_installed:
            installed = store.load(self._directory, INSTALLED, self._notices)
            if installed and installed.facts.get("own_key") and not self._is_own(installed):
                self._disown("the installed certificate is for another board's key: it is removed")
                self._wiper.remove(INSTALLED)
                installed = None
            if record := self._sound(installed, INSTALLED):
                return INSTALLED, self._keep(INSTALLED, record)
        if record := self._sound(self._find_builtin(), BUILTIN):
            record.facts = self._facts(record, read_leaf(record))
            return BUILTIN, record
        return GENERATED, self._load_generated()

    def _is_own(self, record: store.Record) -> bool:
        return record.facts.get("unique_id") == board.unique_id().hex()

    def _disown(self, notice: str) -> None:
        """Tell that the files were another board's, and begin to wipe what is secret in them."""
        self._notices.append(notice)
        self._done["disowned"] = True
        self._wiper.begin("clone")
        self._wiper.forget_token()

    @property
    def _wiper(self):
        from ..storage.wiping import Wiper

        return Wiper(self._directory, self._notices, self._progress)

    def _files(self) -> list:
        """Return the names in the directory, none where there is no directory."""
        try:
            return os.listdir(self._directory)
        except OSError:
            return []
        except UnicodeError:  # On FAT, as a computer or a loss of power may leave one.
            return self._readable_files()

    def _readable_files(self) -> list:
        """Return the names that are UTF-8, and tell that there is one that is not."""
        told = f"{self._directory} has a file whose name is damaged: remove it with a computer"
        self._notices.append(told)
        names = []
        entries = os.ilistdir(self._directory)
        while True:
            try:
                names.append(next(entries)[0])
            except UnicodeError:
                continue
            except StopIteration:
                return names

    def _mark_stored(self, source: str, record: store.Record) -> None:
        """Note what is stored, and tell what has been lost since that was noted last."""
        stored = {} if source == BUILTIN else {source: record}
        if source != GENERATED and (below := self._load_below()):
            stored[GENERATED] = below
        from .losses import settle

        losses = settle(self._directory, self._files(), stored, self._writer)
        if self._tells_losses and not self._done.get("disowned"):
            self._notices.extend(losses)

    def _load_below(self) -> store.Record | None:
        """Return the generated record, which is not served; None when it is another board's."""
        below = store.load(self._directory, GENERATED, self._notices)
        if below is None or self._is_own(below):
            return below
        self._disown("the generated identity is another board's: it is removed")
        self._writer.write_mark("")  # Its pin is not missed.
        self._wiper.remove(GENERATED)
        return None

    def _find_builtin(self) -> store.Record | None:
        try:
            import boardcert_builtin as builtin  # pyright: ignore[reportMissingImports]

            return store.Record(builtin.PRIVATE_KEY, list(builtin.CHAIN), {})
        except ImportError:
            return None
        except Exception as error:  # noqa: BLE001 (of another .mpy version, incomplete, whatever)
            self._notices.append(f"boardcert_builtin was ignored: {_words(error)}")
            return None

    def request(self, addresses: list | None = None) -> bytes:
        """Return a PKCS#10 request (DER), signed by the generated key, which is made if need be.

        *addresses*: of the board, where it does not know them yet.
        """
        private_key = self._load_generated().private_key
        from .generate import make_request

        names = all_names(self._settings, board.addresses() or addresses or [])
        return make_request(self._settings.hostname, names, private_key)

    def _load_generated(self) -> store.Record:
        """Return the generated record; make or renew it where that is due."""
        found = store.load(self._directory, GENERATED, self._notices)
        stored = self._sound(found, GENERATED)
        if found and not stored:
            self._writer.set_aside(GENERATED)
        if stored and not self._is_own(stored):
            self._disown("the stored identity is another board's; a new one is made")
            record = self._make(None)
        else:
            record = self._renew_if_due(stored) if stored else self._make(None)
        self._attempt("writing the marker", self._mark, record, stored is None)
        return record

    def _mark(self, record: store.Record, is_new: bool) -> None:
        """Report an identity that was lost, and mark the one that there is now."""
        writer = self._writer
        mark = writer.read_mark()
        if mark and is_new:
            self._notices.append(f"the identity with the pin {mark} is lost; a new one is made")
        if record.facts["public_key_pin"] != mark:
            writer.write_mark(record.facts["public_key_pin"])

    def _attempt(self, what: str, function, *arguments):
        """Return function(*arguments), or None and a notice: what is stored serves all the same."""
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001 (noise, flash, memory, a fault in signing)
            self._notices.append(f"{what} failed: {_words(error)}")
            return None

    def _sound(self, record: store.Record | None, source: str) -> store.Record | None:
        """Return *record* if its parts belong together; report it and return None if not."""
        if record is None:
            return None
        try:
            read_pair(record)
        except (ValueError, IndexError, TypeError) as error:  # The latter two: a builtin one.
            self._notices.append(f"the {source} identity was ignored: {error}")
            return None
        return record

    def _renew_if_due(self, record: store.Record) -> store.Record:
        """Return *record*, or a stored new one with the same key when its certificate is stale."""
        leaf = read_leaf(record)
        wanted = self._settings.key_type
        if leaf.key_type != wanted:
            self._notices.append(
                f"the key stays {leaf.key_type}: {wanted} is for the next new key or reset"
            )
        reason = self._changed(record, leaf) or stale_reason(self._facts(record, leaf))
        if reason is None:
            return self._keep(GENERATED, record)
        try:  # Not by _attempt: the stack of a Pico has no room for one more call.
            new = self._make(record.private_key)
        except Exception as error:  # noqa: BLE001 (as in _attempt)
            self._notices.append(f"signing the certificate again failed: {_words(error)}")
            record.facts = self._facts(record, leaf)
            self._notices.append(f"the certificate is served as it is, though {reason}")
            return record
        self._notices.append(f"the certificate was signed again with the same key: {reason}")
        return new

    def _changed(self, record: store.Record, leaf) -> str | None:
        """Return which setting differs from those that the certificate was made with, or None."""
        # The set names stand first, then addresses that the board had.
        settings, facts = self._settings, record.facts
        count = len(settings.names)
        others = [name for name in leaf.names[count:] if not fields.is_address(name)]
        if leaf.names[:count] != settings.names or others:
            return "the names have changed"
        if facts.get("hostname") != settings.hostname:
            return "the host name has changed"
        if facts.get("validity_days") != settings.validity_days:
            return "its lifetime has changed"
        return None

    def _make(self, private_key: bytes | None) -> store.Record:
        """Make a certificate, with a new key when *private_key* is None, and store it."""
        self._done["signed"] = True
        settings = self._settings
        addresses, now = board.addresses(), board.utc_now()
        if self._seen:
            addresses, now = addresses or self._seen[0], now or self._seen[1]
        names = all_names(settings, addresses)
        wanted = (settings.key_type, settings.validity_days, settings.hostname, names, now)
        wanted += (private_key or self._new_key, self._progress)
        record, timings_ms = self._make_record(wanted)
        if self._progress:
            self._progress("flash")
        started = ticks_ms()
        record.facts = self._facts(record, read_pair(record))
        self._store_made(record)
        timings_ms["flash"] = ticks_diff(ticks_ms(), started)
        timings_ms["total"] = sum(timings_ms.values())
        self._done["timings_ms"] = timings_ms
        self._done["generated"] = self._done["generated"] or private_key is None
        return record

    def _store_made(self, record: store.Record) -> None:
        self._writer.save(GENERATED, record)

    @property
    def _writer(self):
        """Who writes; imported when there is something to write, not beside the arithmetic."""
        from ..storage.store_write import Writer

        return Writer(self._directory, self._notices)

    def _keep(self, source: str, record: store.Record) -> store.Record:
        """Store *record* again if its facts are of other settings or another version."""
        facts = self._facts(record, read_leaf(record))
        if facts != record.facts:
            record.facts = facts
            self._attempt("storing the settings", self._writer.save, source, record)
        return record

    def _facts(self, record: store.Record, leaf) -> dict:
        """Return the record's facts with what lifecycle needs to know without reading DER."""
        facts = dict(record.facts)
        facts.update(
            {
                "settings": self._digest,
                "hostname": self._settings.hostname,
                "portal_port": self._settings.portal_port,
                "https": self._settings.https,
                "key_type": leaf.key_type,
                "names": leaf.names,
                "not_before": board.isoformat(leaf.not_before),
                "not_after": board.isoformat(leaf.not_after),
                "serial_number": hexlify(leaf.serial_number, ":").decode().upper(),
                "public_key_pin": leaf.public_key_pin,
            }
        )
        return facts


def all_names(settings, addresses: list) -> list:
    """Return what stands in subjectAltName: the set names, then the board's addresses."""
    return settings.names + [name for name in addresses if name not in settings.names]


def _words(error: Exception) -> str:
    """Return what *error* is and says; some of MicroPython's say nothing."""
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name


def read_leaf(record: store.Record):
    """Return the record's own Certificate; what reads it is not imported beside the arithmetic."""
    from ..certificates.certificate import Certificate

    return Certificate(record.chain[0])


def read_pair(record: store.Record):
    """Return the record's own Certificate; ValueError when it is for another key than there is."""
    leaf = read_leaf(record)
    from ..certificates.keys import key_matches

    if not key_matches(record.private_key, leaf.public_key_der):
        raise ValueError("the certificate is for another key")
    return leaf


def check_version(name: str, version: tuple) -> None:
    """Raise Error for a MicroPython older than this package was made for.

    *name*, *version*: as in sys.implementation.
    """
    if name == "micropython" and version[:3] < OLDEST_MICROPYTHON:
        have = ".".join([str(part) for part in version[:3]])
        raise Error(f"boardcert needs MicroPython 1.24 or later; this is {have}")
