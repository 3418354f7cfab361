"""TLS contexts from an identity's key and chain, with the firmware's own TLS (mbedTLS)."""

import tls

from . import Error
from .store import Record


def server_context(record: Record) -> tls.SSLContext:
    """Return a context that serves with *record*'s key and chain."""
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    prepare(context, record)
    return context


def prepare(context: tls.SSLContext, record: Record) -> None:
    """Load key and chain, and allow no suite without forward secrecy and AEAD.

    Each certificate of the chain is a call of its own: of several in one, only the first would
    be sent. Error when the firmware was built without what the key needs.
    """
    refusal = None
    try:
        for certificate in record.chain:
            context.load_cert_chain(certificate, record.private_key)
    except ValueError as error:
        refusal = error
    if refusal:
        kind = record.facts["key_type"]
        raise Error(f"the TLS of this firmware does not take this key, {kind}: {refusal}")
    context.set_ciphers(strong_suites(context.get_ciphers()))


def strong_suites(names: list) -> list:
    """Return those of mbedTLS's suite *names* with ECDHE and an AEAD cipher, in their order."""
    aead = ("-GCM-", "-CCM", "-CHACHA20-")
    return [name for name in names if "-ECDHE-" in name and any(mode in name for mode in aead)]
