"""The board's identity, as the application has it; and the quick way to load it.

What was stored by this package, on this board and with these settings, is taken as it is after
its digest was checked. Anything else (first boot, other settings, damage, a certificate that has
expired) is for manage, which is imported for it and released afterwards, with all it needs.
"""

import gc
import hashlib
import os
import sys
from binascii import b2a_base64, hexlify

from . import Error, FirmwareFirst, __version__, board, store

GENERATED = "generated"
INSTALLED = "installed"

# Modules with native code, or that try to import one (ec tries p384_kernel).
_NATIVE = ("noise", "sha384", "sha512_block", "ec", "p384_reduce")

_TOLD_FACTS = (
    "hostname",
    "names",
    "key_type",
    "public_key_pin",
    "serial_number",
    "not_before",
    "not_after",
    "entropy",
)


class Identity:
    """Key and certificate of this board, ready to serve. Its representation shows no secret.

    *arguments*: see settings. *progress*(step) hears of each slow step as it begins: "entropy",
    "key", "sign", "check", "flash". `notices` are sentences about what was found wrong, or
    done. Raises EntropyError, Error, ValueError for a setting, OSError for flash.
    """

    def __init__(self, directory: str = store.DIRECTORY, progress=None, **arguments) -> None:
        board.check_version(sys.implementation.name, sys.implementation.version)
        started = board.ticks_ms()
        self.notices = []
        self.generated = False
        self._timings_ms = {}
        self._directory = directory
        self._progress = progress
        self._arguments = arguments
        self._serve(*(self._load_quickly() or self._manage("load")))
        self._timings_ms["total"] = board.ticks_diff(board.ticks_ms(), started)

    certificate = property(lambda self: self._record.chain[0])
    public_key_pin = property(lambda self: self._record.facts["public_key_pin"])
    names = property(lambda self: self._record.facts["names"])
    hostname = property(lambda self: self._record.facts["hostname"])
    portal_port = property(lambda self: self._record.facts["portal_port"])
    not_before = property(lambda self: self._record.facts["not_before"])
    not_after = property(lambda self: self._record.facts["not_after"])

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as "AB:CD:..."."""
        return hexlify(hashlib.sha256(self.certificate).digest(), ":").decode().upper()

    def follow(self) -> None:
        """Sign the generated certificate again if the date or an address asks for it.

        Raises Error when that fails: the certificate that there was still serves.
        """
        if self.source == GENERATED and stale_reason(self._record.facts):
            self._serve(*self._manage("load"))
            reason = stale_reason(self._record.facts)
            if self.source == GENERATED and reason:
                raise Error(f"the certificate is served as it is, though {reason}; see notices")

    def reset(self) -> None:
        """Make a new key and certificate, as at first boot, and forget all others.

        One that is compiled in is served before it.
        """
        self._serve(*self._manage("reset"))

    def remove(self) -> None:
        """Remove the installed certificate; the one below it serves again."""
        self._serve(*self._manage("remove"))

    def csr(self) -> bytes:
        """Return a PKCS#10 request (DER) for this board's names, signed by the key it serves."""
        return self._manage("request", self._record.private_key)

    def server_context(self):
        """Return the TLS context to serve with; the same object until the certificate changes."""
        if self._context is None:
            from .tls import server_context

            self._context = server_context(self._record)
        return self._context

    def client_context(self, ca: bytes):
        """Return a TLS context that trusts *ca* (DER), and shows this certificate when asked."""
        from .tls import client_context

        return client_context(self._record, ca)

    def report(self) -> dict:
        """Tell everything that may be told, nothing secret, in values that JSON has."""
        facts = self._record.facts
        report = {name: facts.get(name) for name in _TOLD_FACTS}
        report.update(
            {
                "board": board.name(),
                "unique_id": board.unique_id().hex(),
                "source": self.source,
                "fingerprint": self.fingerprint,
                "certificate": b2a_base64(self.certificate).decode().strip(),
                "version": __version__,
                "firmware": board.firmware(),
                "timings_ms": self._timings_ms,
                "generated": self.generated,
                "notices": self.notices,
            }
        )
        return report

    def __repr__(self) -> str:
        return f"<Identity {self.source} {self.fingerprint}>"

    def _serve(self, source: str, record: store.Record) -> None:
        self.source = source
        self._record = record
        self._context = None

    def _load_quickly(self) -> tuple | None:
        """Return (source, record) when what is stored can be served as it is, else None."""
        notices = []
        try:
            files = os.listdir(self._directory)
            installed = any(INSTALLED + suffix in files for suffix in store.SLOTS)
            source = INSTALLED if installed else GENERATED
            record = store.load(self._directory, source, notices)
        except OSError:
            return None
        if record is None or notices or ("marker" not in files and source == GENERATED):
            return None
        digest = settings_digest(self._directory, self._arguments)
        if record.facts.get("settings") != digest or (_has_builtin() and source == GENERATED):
            return None
        return None if source == GENERATED and stale_reason(record.facts) else (source, record)

    def _manage(self, task: str, *arguments):
        """Do a task of manage.Manager, and release the memory that it took."""
        loaded = set(sys.modules)
        notices = []
        try:
            with FirmwareFirst():
                from .manage import Manager

            manager = Manager(self._directory, self._arguments, self._progress, notices)
            result = getattr(manager, task)(*arguments)
        finally:
            release(loaded)
            # What lasts is found again by each attempt, and told once.
            self.notices.extend([notice for notice in notices if notice not in self.notices])
        self.generated = self.generated or manager.generated
        self._timings_ms.update(manager.timings_ms)
        return result


def stale_reason(facts: dict) -> str | None:
    """Return why a generated certificate with these *facts* must be signed again, or None.

    Addresses that the board had earlier may stay, so that nothing changes while a network is
    away.
    """
    now = board.utc_now()
    if now is not None:
        today = board.isoformat(now)  # In this form, the order of texts is that of dates.
        if today > facts["not_after"]:
            return "it had expired"
        if today < facts["not_before"]:
            return "it was dated in the future"
        if not facts.get("clock"):
            return "the date has become known"
    if not all(address in facts["names"] for address in board.addresses()):
        return "the board's address has changed"
    return None


def settings_digest(directory: str, arguments: dict) -> str:
    """Return a digest of all that settings are made from, and of who reads them."""
    config = store.read_config(directory)
    inputs = (sorted(arguments.items()), config, board.unique_id(), __version__)
    return hashlib.sha256(repr(inputs).encode()).digest().hex()


def _has_builtin() -> bool:
    try:
        import boardcert_builtin  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        return False
    return True


def release(loaded: set) -> None:
    """Forget the modules of this package that were imported since *loaded*, and their memory.

    Not those with native code on esp32: there, its memory comes back at a soft reset only, so
    each import anew would lose some of it.
    """
    package = __name__.rsplit(".", 1)[0]
    for name in list(sys.modules):
        if name.startswith(package + ".") and name not in loaded:
            short = name.rsplit(".", 1)[1]
            if sys.platform == "esp32" and short in _NATIVE:
                continue
            del sys.modules[name]
            delattr(sys.modules[package], short)
    gc.collect()
