"""Check the other side's certificate: signed by a CA, its key pinned, or both.

mbedTLS asks for a certificate, checks the proof of its key, and with a CA also the chain, its
dates by the board's clock, and the extended key usage. It cannot require a certificate without
checking its chain, which a pin does not need. So with pins alone the certificate is optional for
mbedTLS, and a connection without one is ended here.
"""

# The stubs leave out verify_mode, verify_callback and that generators can be awaited here.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false

import hashlib
import sys
from binascii import a2b_base64, b2a_base64

import tls

from .connection import Connection

_PIN_PREFIX = "sha256//"

_INTEGER = 0x02
_SEQUENCE = 0x30
_VERSION = 0xA0

# MBEDTLS_ERR_X509_FATAL_ERROR: ends a handshake also where the certificate is optional.
_REFUSED = -0x3000


class PeerCheck:
    """Who the other side of a connection must be.

    *ca*: a certificate (DER) or a list of them, one of which must have signed the other side's
    certificate, or be it. On a board without a clock no chain is valid. *pins*: texts like
    public_key_pin, one of which must be that of its key; with pins alone, nothing else in the
    certificate matters. ValueError if both are missing, or one cannot be read.
    """

    def __init__(self, ca=None, pins=None) -> None:
        self._authorities = _listed("ca", ca, bytes)
        self._pins = [_checked_pin(pin) for pin in _listed("pins", pins, str)]
        if not self._authorities and not self._pins:
            raise ValueError("a ca or pins must be given")
        if self._authorities:
            self._load(tls.SSLContext(tls.PROTOCOL_TLS_CLIENT))  # Now, and not at each connection.
        self._record = None
        self._context = None

    def prepare(self, context: tls.SSLContext) -> None:
        """Make *context* require what is to be checked."""
        context.verify_mode = tls.CERT_REQUIRED if self._authorities else tls.CERT_OPTIONAL
        self._load(context)
        context.verify_callback = self.verify

    def _load(self, context: tls.SSLContext) -> None:
        for authority in self._authorities:
            try:
                context.load_verify_locations(authority)
            except (ValueError, OSError) as error:
                message = f"ca: not a certificate in DER that the firmware can read: {error}"
                raise ValueError(message) from error

    def server_context(self, record) -> tls.SSLContext:
        """Return the context to serve *record* to such peers; the same until it is another."""
        context = self._context
        if context is None or self._record is not record:
            from .tls import server_context

            context = self._context = server_context(record)
            self.prepare(context)
            self._record = record
        return context

    def connection(self, context, *arguments) -> "CheckedConnection":
        """Return the connection to a client, begun with *context*, that has to pass this check.

        *arguments*: of Connection.
        """
        return CheckedConnection(self, context, *arguments)

    def verify(self, certificate, depth: int, found: dict | None = None) -> int:
        """Return 0 if mbedTLS may go on with *certificate*, *depth* steps above the peer's.

        The peer's own is put into *found*, as "peercert". No exception may leave this: it would
        cross mbedTLS, which would lose memory.
        """
        if depth:
            return 0
        try:
            leaf = bytes(certificate)
            if self._pins and public_key_pin(leaf) not in self._pins:
                return _REFUSED
        except Exception as error:  # noqa: BLE001 (memory, or a strange certificate)
            sys.print_exception(error)
            return _REFUSED
        if found is not None:
            found["peercert"] = leaf
        return 0


def client_context(record, ca=None, pins=None) -> tls.SSLContext:
    """Return a context that trusts as PeerCheck says, and shows *record*'s chain when asked."""
    from .tls import prepare

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    prepare(context, record)
    PeerCheck(ca, pins).prepare(context)
    return context


class CheckedConnection(Connection):
    """A connection of a server to a client that passes *check*.

    *context*: what it was begun with; *arguments*: of Connection. Its certificate (DER) is the
    extra info "peercert". A handler must read before it writes: only then is the client known.
    """

    def __init__(self, check: PeerCheck, context, *arguments) -> None:
        super().__init__(*arguments)
        self._context = context
        self._verify = lambda certificate, depth: check.verify(certificate, depth, self.e)

    def drain(self):
        """As Connection.drain; OSError when the client has not shown its certificate."""
        self._require()
        return super().drain()

    def _ready(self, queue):
        yield from super()._ready(queue)
        # What the caller does next may be a step of the handshake: of this connection's.
        self._context.verify_callback = self._verify

    def _heard(self, data) -> None:
        if data:
            self._require()
        super()._heard(data)

    def _require(self) -> None:
        if self.e["peercert"] is None:
            raise OSError("the client showed no certificate")


def public_key_pin(certificate: bytes) -> str:
    """Return the pin of the public key in the DER *certificate*; ValueError, IndexError for others.

    mbedTLS has parsed it strictly before; der and what is bundled with it would take 14 KB.
    """
    offset, _ = _element(certificate, 0, _SEQUENCE)
    offset, _ = _element(certificate, offset, _SEQUENCE)
    for tag in (_VERSION, _INTEGER) + 4 * (_SEQUENCE,):  # From the version to the subject.
        _, offset = _element(certificate, offset, tag)
    _, end = _element(certificate, offset, _SEQUENCE)
    digest = hashlib.sha256(certificate[offset:end]).digest()
    return _PIN_PREFIX + b2a_base64(digest).decode().strip()


def _element(data: bytes, offset: int, tag: int) -> tuple:
    """Return where the contents of the DER element at *offset* begin and end."""
    size = data[offset + 1] & 0x7F if data[offset + 1] & 0x80 else 0
    begin = offset + 2 + size
    length = int.from_bytes(data[offset + 2 : begin], "big") if size else data[offset + 1]
    if data[offset] != tag or begin + length > len(data):
        raise ValueError("not a certificate of version 3")
    return begin, begin + length


def _listed(name: str, value, kind: type) -> list:
    """Return *value*, one of *kind* or a list of them, as a list; ValueError for anything else."""
    found = [value] if isinstance(value, kind) else [] if value is None else value
    if not isinstance(found, (list, tuple)) or not all([isinstance(one, kind) for one in found]):
        raise ValueError(f"{name} must be of the type {kind.__name__}, or a list of that")
    return list(found)


def _checked_pin(pin: str) -> str:
    """Return *pin* in the form of public_key_pin."""
    if not pin.startswith(_PIN_PREFIX):
        raise ValueError(f"not a pin: {pin!r}")
    try:
        digest = a2b_base64(pin[len(_PIN_PREFIX) :])
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ValueError(f"not a pin: {pin!r}")
    return _PIN_PREFIX + b2a_base64(digest).decode().strip()
