"""The board's identity: load it, make it, renew it, tell about it.

Three sources, in this order: installed at run time, compiled in, generated on the board. What
only generation needs is imported when it is needed, and released afterwards.
"""

import gc
import sys
from binascii import b2a_base64

from . import board, dates, sources
from .certificate import Certificate, colons
from .record import Record
from .settings import CONFIG_NAME, DIRECTORY, Settings
from .steps import Steps
from .store import Store

_GENERATED = "generated"
_INSTALLED = "installed"


class Identity:
    """Key and certificate of this board, ready to serve. Its representation shows no secret.

    *arguments*: see settings. *progress*(step) hears of each slow step as it begins: "entropy",
    "key", "sign", "check", "flash". `notices` are sentences about what was found wrong, or
    done. Raises EntropyError, Error, ValueError for a setting, OSError for flash.
    """

    def __init__(
        self, directory: str = DIRECTORY, progress: object = None, **arguments: object
    ) -> None:
        board.check_version(sys.implementation.name, sys.implementation.version)
        started = board.ticks_ms()
        self.notices = []
        self.generated = False
        self._timings_ms = {}
        self._progress = progress
        self._store = Store(directory, self.notices)
        config = self._store.read_text(CONFIG_NAME)
        self.settings = Settings(arguments, config, board.unique_id())
        self.load()
        self._timings_ms["total"] = board.ticks_diff(board.ticks_ms(), started)

    certificate = property(lambda self: self._leaf.der)
    fingerprint = property(lambda self: self._leaf.fingerprint)
    public_key_pin = property(lambda self: self._leaf.public_key_pin)
    names = property(lambda self: self._leaf.names)
    not_before = property(lambda self: dates.isoformat(self._leaf.not_before))
    not_after = property(lambda self: dates.isoformat(self._leaf.not_after))

    def load(self) -> None:
        """Take what is to be served now; make or renew it where that is due."""
        installed = self._store.load(_INSTALLED)
        found = sources.checked(installed, _INSTALLED, self.notices)
        source = _INSTALLED
        if found is None:
            source = "builtin"
            found = sources.checked(sources.find_builtin(), source, self.notices)
        if found is None:
            source = _GENERATED
            found = self._load_generated()
        self._serve(source, found[0], found[1])

    def follow(self) -> None:
        """Sign the generated certificate again if date, names or addresses ask for it."""
        if self.source == _GENERATED:
            record = self._renew_if_due(self._record, self._leaf)
            if record is not self._record:
                self._serve(_GENERATED, record, Certificate(record.chain[0]))

    def reset(self) -> None:
        """Make a new key and certificate, as at first boot, and forget all others."""
        record = self._make(None)
        self._store.remove(_INSTALLED)
        self._store.forget_older(_GENERATED)
        self._store.write_mark(Certificate(record.chain[0]).public_key_pin)
        self.load()

    def remove(self) -> None:
        """Remove the installed certificate; the one below it serves again."""
        self._store.remove(_INSTALLED)
        self.load()

    def csr(self) -> bytes:
        """Return a PKCS#10 request (DER) for this board's names, signed by the key it serves."""
        loaded = set(sys.modules)
        try:
            from .generate import make_request

            return make_request(self.settings, board.addresses(), self._record.private_key)
        finally:
            _release(loaded)

    def server_context(self) -> object:
        """Return the TLS context to serve with; the same object until the certificate changes."""
        if self._context is None:
            from .tls import server_context

            self._context = server_context(self._record)
        return self._context

    def client_context(self, ca: bytes) -> object:
        """Return a TLS context that trusts *ca* (DER), and shows this certificate when asked."""
        from .tls import client_context

        return client_context(self._record, ca)

    def report(self) -> dict:
        """Tell everything that may be told, in values that JSON has."""
        from . import __version__

        return {
            "board": board.name(),
            "unique_id": board.unique_id().hex(),
            "hostname": self.settings.hostname,
            "names": self.names,
            "source": self.source,
            "key_type": self.settings.key_type,
            "fingerprint": self.fingerprint,
            "public_key_pin": self.public_key_pin,
            "serial_number": colons(self._leaf.serial_number),
            "not_before": self.not_before,
            "not_after": self.not_after,
            "certificate": b2a_base64(self.certificate).decode().strip(),
            "version": __version__,
            "firmware": board.firmware(),
            "timings_ms": self._timings_ms,
            "generated": self.generated,
            "entropy": self._record.facts.get("entropy"),
            "notices": self.notices,
        }

    def __repr__(self) -> str:
        return f"<Identity {self.source} {self.fingerprint}>"

    def _serve(self, source: str, record: Record, leaf: Certificate) -> None:
        self.source = source
        self._record = record
        self._leaf = leaf
        self._context = None

    def _load_generated(self) -> tuple:
        """Return (record, leaf) of the generated identity; make or renew it where that is due."""
        record = self._store.load(_GENERATED)
        mark = self._store.read_mark()
        found = sources.checked(record, _GENERATED, self.notices)
        if found and record.facts.get("unique_id") != board.unique_id().hex():
            self.notices.append("the stored identity is another board's; a new one was made")
            found = None
        elif found is None and mark:
            self.notices.append(f"the identity with the pin {mark} is lost; a new one was made")
        new = self._renew_if_due(*found) if found else self._make(None)
        leaf = found[1] if found and new is record else Certificate(new.chain[0])
        if leaf.public_key_pin != mark:
            self._store.write_mark(leaf.public_key_pin)
        return new, leaf

    def _renew_if_due(self, record: Record, leaf: Certificate) -> Record:
        """Return *record*, or a stored new one with the same key when the certificate is stale."""
        reason = sources.renewal_reason(record, leaf, self.settings)
        if reason is None:
            return record
        new = self._make(record.private_key)
        self.notices.append(f"the certificate was signed again with the same key: {reason}")
        return new

    def _make(self, private_key: bytes | None) -> Record:
        """Make a certificate, with a new key when *private_key* is None, and store it."""
        loaded = set(sys.modules)
        steps = Steps(self._progress)
        try:
            from .generate import make_record

            now = board.utc_now()
            record = make_record(self.settings, board.addresses(), now, private_key, steps)
        finally:
            _release(loaded)
        steps.begin("flash")
        self._store.save(_GENERATED, record)
        self._timings_ms = steps.finish()
        self.generated = self.generated or private_key is None
        return record


def _release(loaded: set) -> None:
    """Forget the modules of this package that were imported since *loaded*, and their memory."""
    package = __name__.rsplit(".", 1)[0]
    for name in list(sys.modules):
        if name.startswith(package + ".") and name not in loaded:
            del sys.modules[name]
            delattr(sys.modules[package], name.rsplit(".", 1)[1])
    gc.collect()
