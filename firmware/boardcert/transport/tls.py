"""TLS contexts from an identity's key and chain, with mbedTLS.

On rp2, that draws its secrets (ECDSA nonces, ECDHE keys) from the ring oscillator untested: a stuck
one reveals the private key in two handshakes. So it is tested here.
"""

import sys
from time import ticks_diff, ticks_ms  # pyright: ignore[reportAttributeAccessIssue]

import tls
from micropython import const

from .. import EntropyError, Error
from ..modules import borrowed
from ..storage.record import Record

NOISE_INTERVAL_MS = const(3_600_000)
"""Then the noise is tested again while the identity serves."""

_LOADED_BYTES = const(8000)
"""With less, memory may be lacking: the largest key, of 4,096 bits, and its certificate take 5,100
of ESP-IDF's (measured on an emulated ESP32-C3, v1.27.0)."""

_JUST_NOW_MS = const(1000)

_tested = None  # When the noise last passed (ticks_ms); None before, or if it failed.


def current_context(identity, clients) -> tls.SSLContext:
    """See Identity.server_context; an EntropyError also becomes a notice."""
    try:
        identity._add_notices(_require_noise(NOISE_INTERVAL_MS))
        if clients is not None:
            if not hasattr(clients, "connection"):
                raise ValueError(f"clients must be a PeerCheck, or None: {clients!r}")
            return clients.server_context(identity._record)
        if identity._context is None:
            identity._context = server_context(identity._record)
        return identity._context
    except EntropyError as error:
        identity._add_notices([f"TLS is refused: {error}"])
        raise


def _require_noise(max_age_ms: int) -> list:
    """Test what TLS draws on, unless done *max_age_ms* ago: 11 ms on rp2; raise EntropyError.

    On esp32, nothing can be tested: the notices returned say so if the radio is off.
    """
    global _tested
    if _tested is not None and 0 <= ticks_diff(ticks_ms(), _tested) < max_age_ms:
        return []
    _tested = None
    with borrowed() as lent:
        # After a collection, TLS would search the heap from its first hole on: 0.1 s a handshake.
        lent.at_once = False
        notices = _check_source()
    _tested = ticks_ms()
    return notices


def _check_source() -> list:
    if sys.platform == "rp2":
        from ..entropy.noise import check_tls

        check_tls()
    elif sys.platform == "esp32":
        from ..entropy.noise_generators import serving_notices

        return serving_notices()
    return []


def server_context(record: Record) -> tls.SSLContext:
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    prepare(context, record)
    return context


def prepare(context: tls.SSLContext, record: Record) -> None:
    """Load key and chain, and allow no suite without forward secrecy and AEAD.

    One call for each certificate: of several in one, only the first is sent. Error for a key
    that the firmware cannot use, EntropyError if the noise fails its tests.
    """
    _require_noise(_JUST_NOW_MS)
    for number, certificate in enumerate(record.chain, 1):
        try:
            context.load_cert_chain(certificate, record.private_key)
        except ValueError as error:
            _require_memory()
            kind = record.facts["key_type"]
            raise Error(
                f"this firmware's TLS does not accept this key, {kind}, or certificate {number}: "
                f"{error}"
            ) from error
    context.set_ciphers(strong_suites(context.get_ciphers()))


def _require_memory() -> None:
    """Raise Error if memory may have been lacking: mbedTLS gives no reason."""
    from .rsa_memory import tls_bytes

    free_bytes = tls_bytes()
    if free_bytes < _LOADED_BYTES:
        raise Error(
            f"not enough memory to load the key, {free_bytes} bytes are free: restart the board "
            "and try again"
        )


def strong_suites(names: list) -> list:
    """Return those suite *names* of mbedTLS with ECDHE and AEAD, in order."""
    aead = ("-GCM-", "-CCM", "-CHACHA20-")
    return [name for name in names if "-ECDHE-" in name and any(mode in name for mode in aead)]
