"""Files that hold several certificates and keys: PKCS#12 (.p12, .pfx) and PKCS#7 (.p7b)."""

import contextlib
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7, pkcs12

from .key_forms import NOT_OPENED
from .rounds import why_too_many
from .unreadable import UNREADABLE

# How they begin; a length may be indefinite (BER). PFX: version 3, and what follows (RFC 7292,
# section 4). ContentInfo: 1.2.840.113549.1.7.2, signed data (RFC 2315).
_PKCS12 = re.compile(rb"\x30(\x80|[\x81-\x84]?.{1,4}?)\x02\x01\x03\x30", re.DOTALL)
_PKCS7 = re.compile(rb"\x30(\x80|[\x81-\x84]?.{1,4}?)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")

_OLD_SCHEME = "it is encrypted in a way that is not supported; openssl pkcs12 can write it again"


def is_pkcs12(data: bytes) -> bool:
    """Return whether *data* begins like a PKCS#12 file."""
    return _PKCS12.match(data) is not None


def is_pkcs7(data: bytes) -> bool:
    """Return whether *data* begins like the signed data of PKCS#7."""
    return _PKCS7.match(data) is not None


@contextlib.contextmanager
def _allowing_ber() -> Iterator[None]:
    """Have cryptography read the BER that NSS and other programs write, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def read_pkcs12(
    data: bytes, ask: Callable[[], str | None]
) -> tuple[Any, list[x509.Certificate]] | None:
    """Return the private key, or None, and the certificates; its own certificate first.

    No passphrase and an empty one are tried first. *ask*: returns the passphrase; if it
    returns None, so does this. Raises ValueError.
    """
    if reason := why_too_many(data):
        raise ValueError(reason)
    for passphrase in (None, b"", ask):
        if callable(passphrase):
            given = passphrase()
            if given is None:
                return None
            passphrase = given.encode()
        try:
            with _allowing_ber():
                found = pkcs12.load_pkcs12(data, passphrase)
            break
        except UnsupportedAlgorithm:
            raise ValueError(_OLD_SCHEME) from None
        except UNREADABLE:
            found = None
    if found is None:
        raise ValueError(NOT_OPENED)
    entries = [found.cert, *found.additional_certs]
    return found.key, [entry.certificate for entry in entries if entry]


def read_pkcs7(data: bytes) -> list[bytes]:
    """Return the certificates (DER). Raises ValueError."""
    try:
        with _allowing_ber():
            found = pkcs7.load_der_pkcs7_certificates(data)
    except UNREADABLE:  # Of one of the certificates, too.
        raise ValueError("damaged, or without certificates") from None
    return [one.public_bytes(Encoding.DER) for one in found]
