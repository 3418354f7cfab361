"""The board's identity, as the application sees it; and the quick way to load it.

What this package has stored, on this board and with these settings, is used once its digest has
been checked. All else (first boot, other settings, damage, expiry) is left to sources, borrowed.
"""

import gc
import hashlib
import sys
from binascii import hexlify
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

from micropython import const

from .. import DIRECTORY, Error, give_memory
from ..modules import borrowed
from ..storage.record import GENERATED, Record
from .deferring import defer_signing, fulfil_wish
from .performing import perform
from .stale import stale_reason

# The memory for signing on esp32: MicroPython's heap doubles, to 112 or 128 KB (measured without
# PSRAM), and TLS does not get that back until a reset.
_SIGNING_BYTES = const(120_000)


class Identity:
    """Key and certificate of this board, ready to serve. Its representation shows no secret.

    *arguments*: see settings. *progress*(step) is called as each slow step starts: "entropy",
    "key", "sign", "check", "flash"; and with "wipe" repeatedly for seconds, to feed a watchdog.
    *new_key*: DER, used if a new key is needed. `notices` are warnings, as readable messages.
    Raises EntropyError, Error, ValueError for a setting, OSError for flash.
    """

    def __init__(
        self, directory: str = DIRECTORY, progress=None, new_key=None, **arguments
    ) -> None:
        check_progress(progress)
        started = ticks_ms()
        self.notices = []
        self.generated = False
        self.timings_ms = {}
        self.took_memory = False
        """Whether something was signed or judged: on esp32, only a reset frees that memory."""
        self.wish = None
        """Why the certificate will be signed again at the next boot, or None; see follow."""
        self.is_at_work = False
        """Whether a page is changing it; see page.actions."""
        self._token = None
        self._directory = directory
        self._progress = progress
        self._arguments = arguments
        with borrowed() as lent:
            self.was_settled = self._serve_quickly()
            if not self.was_settled:
                give_memory()
                self._adopt(perform(self, "load", new_key, lent=lent))
                fulfil_wish(self)
            lent.at_once, lent.empties = False, ""
        self.timings_ms["total"] = ticks_diff(ticks_ms(), started)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as "AB:CD:..."."""
        return hexlify(hashlib.sha256(self.certificate).digest(), ":").decode().upper()

    @property
    def authority(self) -> bytes | None:
        """The certificate (DER) of the board's own authority, if that has signed what is served."""
        return self._record.facts.get("authority") and self.chain[1]

    def follow(self) -> None:
        """Sign the generated certificate again if the date or an address requires it.

        Raises Error if that fails: the old one is still served. If lacks_memory, the next boot
        signs. A certificate from elsewhere is served in any case; `notices` report its dates.
        """
        reason = self._judge()
        if (reason or (self.wish and self.source == GENERATED)) and self.lacks_memory():
            defer_signing(self, reason)
        elif reason:
            self._adopt(perform(self, "load"))
            if reason := self._judge():
                raise Error(f"the generated certificate is served as it is, though {reason}")

    def lacks_memory(self) -> bool:
        """Return whether signing or judging now would end the server: on esp32 without PSRAM."""
        return sys.platform == "esp32" and gc.mem_free() < _SIGNING_BYTES

    def install(self, chain, key=None, today: str | None = None) -> None:
        """Serve a certificate from elsewhere from now on, if it passes every check.

        *chain*: one to three certificates, the board's first, in PEM, DER, or a list of DER.
        *key*: its private key in PEM or DER; None if it is for the board's own key, as an answer to
        csr() is. *today*: the installer's clock, "2026-11-21T05:00:00Z", by which a board without
        a clock judges dates. Raises RefusedError before anything is changed.
        """
        with borrowed():
            from .accept import accept

            record = accept(self._directory, self._record.private_key, chain, key, today)
            del accept  # A name keeps its module.
        self._adopt(perform(self, "install", record))

    def remove(self) -> str:
        """Remove the installed certificate: the one below it is served again.

        Return a sentence on how far its key was wiped; so do new_key and reset.
        """
        return self._adopt(perform(self, "remove"))

    def renew(self) -> None:
        """Sign a new certificate for the generated key, dated from today."""
        self._adopt(perform(self, "renew"))

    def new_key(self, made: bytes | None = None) -> str:
        """Generate a new key and certificate; an installed certificate is still served.

        *made*: the key (DER), if it was generated before; reset takes one, too.
        """
        return self._adopt(perform(self, "new_key", made))

    def reset(self, made: bytes | None = None) -> str:
        """Generate a new key, certificate and token, as at first boot, and forget all others.

        Settings and the Wi-Fi password stay. A certificate that is compiled in takes precedence
        over the new one.
        """
        return self._adopt(perform(self, "reset", made))

    def change_settings(self, **changes) -> None:
        """Change settings in config.json; they take effect at the next boot, with the same key.

        *changes*: see settings, as values or as texts; None: the default again. Raises
        RefusedError, and changes nothing, when one is wrong, or set by the program's arguments.
        """
        with borrowed():
            from .change_settings import change_settings

            change_settings(self._directory, self._arguments, changes)

    def csr(self, names=None) -> bytes:
        """Return a PKCS#10 request (DER) for this board's names, signed by its own key.

        That is the generated key, even while another certificate is served. install accepts the
        CA's certificate for it without a key. *names*: up to twenty others instead, and no subject,
        for public CAs, which sign for exactly these names. RefusedError for a wrong one.
        """
        return perform(self, "request", None, names)

    def admin_token(self) -> str:
        """Return the password of the page, 26 characters; the first call generates it."""
        if self._token is None:
            notices = []
            try:
                with borrowed():
                    from .token_file import read_or_make

                    self._token = read_or_make(self._directory, notices)
            finally:
                self._add_notices(notices)
        return self._token

    def server_context(self, clients=None):
        """Return the TLS context to serve with; the same object until the certificate changes.

        *clients*: None, or the PeerCheck that they must pass. Raises EntropyError when the noise
        that TLS draws on fails its tests: on rp2, before a context is made, and when the last
        test was an hour ago.
        """
        from ..transport.tls import current_context

        return current_context(self, clients)

    def client_context(self, ca=None, pins=None):
        """Return a TLS context for a client, which presents this certificate when asked.

        It trusts servers with a certificate signed by *ca* (DER, or a list), or with a key of
        *pins* (texts like public_key_pin); with both, only those with both. ValueError with
        neither.
        """
        from ..transport.mutual_tls import client_context

        return client_context(self._record, ca, pins)

    def report(self) -> dict:
        """Return everything that is public, as a dict that JSON can express."""
        with borrowed():
            from .report import report

            return report(self, self._record.facts)

    def __repr__(self) -> str:
        return f"<Identity {self.source} {self.fingerprint}>"

    def _serve(self, source: str, record: Record) -> None:
        facts = record.facts
        self.source = source
        self.chain = record.chain
        self.certificate = record.chain[0]
        self.public_key_pin = facts["public_key_pin"]
        self.names = facts["names"]
        self.hostname = facts["hostname"]
        self.portal_port = facts["portal_port"]
        self.https = facts["https"]
        self.not_before = facts["not_before"]
        self.not_after = facts["not_after"]
        self._record = record
        self._context = None
        self._judge()

    def _judge(self) -> str | None:
        """Return why the generated certificate is stale; of another one, a notice says that."""
        reason = stale_reason(self._record.facts, self.source)
        if not reason or self.source == GENERATED:
            return reason
        self._add_notices([f"the {self.source} certificate is served as it is, though {reason}"])
        return None

    def _add_notices(self, notices: list) -> None:
        """Add those that are new: each attempt finds again what lasts."""
        for notice in notices:
            if notice not in self.notices:
                self.notices.append(notice)

    def _adopt(self, outcome: tuple) -> str:
        """Serve the outcome of a task, see sources; return its message."""
        source, record, message = outcome
        self._token = None
        self._serve(source, record)
        return message

    def _serve_quickly(self) -> bool:
        """Serve what is stored, if it can be served as it is; return whether."""
        from .loading import load_quickly

        try:
            found = load_quickly(self._directory, self._arguments)
            if found:
                self._serve(*found)
            return found is not None
        except (KeyError, TypeError):  # A fact is missing, or of a wrong type.
            return False


def check_progress(progress) -> None:
    """Raise ValueError for anything but a function or None, even if it would not be called."""
    if progress is not None and not callable(progress):
        raise ValueError(f"progress must be a function: {progress!r}")
