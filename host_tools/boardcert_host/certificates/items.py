"""The certificates, requests and keys in a file, or from a server.

PEM or DER; PKCS#12 and PKCS#7 as well. The contents of a PEM block decide, not its label, which
some programs get wrong.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_public_key,
    load_pem_private_key,
)

from . import containers, der, key_forms
from .certificate import BarePublicKey, parse
from .unreadable import UNREADABLE, explain

CERTIFICATE = "certificate"
REQUEST = "request"
PRIVATE_KEY = "private key"
PUBLIC_KEY = "public key"
PKCS12 = "PKCS#12 file"
PKCS7 = "PKCS#7 file"
UNKNOWN = "unknown"

Ask = Callable[[], str | None]
"""Returns the passphrase of an encrypted item, or None, which leaves it encrypted."""

_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 #.]+)-----(.*?)-----END \1-----", re.DOTALL)
_BEGIN = b"-----BEGIN "
_PEM_KINDS = {
    "CERTIFICATE": CERTIFICATE,
    "X509 CERTIFICATE": CERTIFICATE,
    "X.509 CERTIFICATE": CERTIFICATE,
    "CERTIFICATE REQUEST": REQUEST,
    "NEW CERTIFICATE REQUEST": REQUEST,
    "PUBLIC KEY": PUBLIC_KEY,
    "PRIVATE KEY": PRIVATE_KEY,
    "EC PRIVATE KEY": PRIVATE_KEY,
    "RSA PRIVATE KEY": PRIVATE_KEY,
    "DSA PRIVATE KEY": PRIVATE_KEY,
    "ENCRYPTED PRIVATE KEY": PRIVATE_KEY,
}
_PKCS7_LABELS = ("PKCS7", "PKCS #7 SIGNED DATA", "CMS")
# openssl writes parameters before a key, which has them too; the last are for Diffie-Hellman.
_PASSED_OVER = ("EC PARAMETERS", "DSA PARAMETERS", "DH PARAMETERS")
_OPENSSH = "OPENSSH PRIVATE KEY"
_OPENSSH_HINT = "it is in OpenSSH's form; ssh-keygen -p -m PKCS8 -f FILE converts it"
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_CUT_OFF = "a PEM block does not end as it begins: the text is cut off, or altered"


@dataclass(frozen=True)
class Item:
    """One item that was found. *value*: cryptography's object; None if it cannot be read.

    *reason*: why it cannot be read; *is_encrypted*: of a private key. *public*: the public half of
    a private key as its file encodes it; None while it is encrypted. *is_in_container*: from
    PKCS#7 or PKCS#12, whose certificates have no order. repr() shows no key.
    """

    kind: str
    value: Any = field(default=None, repr=False)
    reason: str | None = None
    is_encrypted: bool = False
    public: BarePublicKey | None = field(default=None, repr=False)
    is_in_container: bool = field(default=False, repr=False)


def read_items(data: bytes, ask: Ask = lambda: None) -> list[Item]:
    """Return the items in *data*; an empty list if there are none of a known kind."""
    data = _plain_text(data)
    blocks = list(_PEM_BLOCK.finditer(data))
    if _BEGIN not in data:
        found = [item for one in der.split(data) for item in _der(one, ask)]
        # Any bytes have the form of elements: what holds nothing known is one thing, not many.
        return found if any(item.kind != UNKNOWN for item in found) else found[:1]
    found = [item for match in blocks for item in _pem(match, ask)]
    if data.count(_BEGIN) > len(blocks):
        found.append(Item(UNKNOWN, reason=_CUT_OFF))
    return found


def read_chain(chain: Iterable[bytes]) -> list[Item]:
    """Return the certificates (DER) that a server sent."""
    return [_load(CERTIFICATE, parse, one) for one in chain]


def _plain_text(data: bytes) -> bytes:
    """Return text with a byte order mark as UTF-8 without one, and anything else unchanged."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, errors="replace").encode()
    return data


def _pem(match: re.Match[bytes], ask: Ask) -> list[Item]:
    label, text = match[1].decode(), match[2]
    kind = PKCS7 if label in _PKCS7_LABELS else _PEM_KINDS.get(label)
    if label in _PASSED_OVER:
        return []
    if label == _OPENSSH:
        return [Item(PRIVATE_KEY, reason=_OPENSSH_HINT)]
    if kind is None:
        return [Item(UNKNOWN, reason=f"PEM blocks of type {label} are not supported")]
    if kind == PRIVATE_KEY and b"ENCRYPTED" in text:  # RFC 1421: openssl's old way.
        return [_private(lambda secret: load_pem_private_key(match[0], secret), True, ask)]
    try:
        content = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return [Item(kind, reason="its base64 is damaged")]
    if kind == PKCS7 or (kind == CERTIFICATE and containers.is_pkcs7(content)):
        return _pkcs7(content)  # Windows calls a chain of certificates a certificate, too.
    if kind == PRIVATE_KEY:
        return [_private_der(content, ask)]
    return [_load(kind, _LOADERS[kind], content)]


def _der(data: bytes, ask: Ask) -> list[Item]:
    """Return the one item that these bytes are, or the items in a container."""
    if containers.is_pkcs12(data):
        return _pkcs12(data, ask)
    if containers.is_pkcs7(data):
        return _pkcs7(data)
    if key_forms.is_encrypted(data):
        return [_private_der(data, ask)]
    found = [_load(kind, load, data) for kind, load in _LOADERS.items()]
    found.append(_private_der(data, ask))
    for item in found:
        if item.value is not None or (item.kind == CERTIFICATE and _looks_like_one(data)):
            return [item]
    return [Item(UNKNOWN, reason="neither PEM, nor the DER of a certificate, request or key")]


def _looks_like_one(data: bytes) -> bool:
    """Return whether *data* is built like a certificate: a tbsCertificate with a version."""
    try:
        (_, content), *rest = der.children(data)
        return len(rest) == 2 and content[:1] == b"\xa0"
    except ValueError:
        return False


def _pkcs12(data: bytes, ask: Ask) -> list[Item]:
    try:
        found = containers.read_pkcs12(data, ask)
    except ValueError as error:
        return [Item(PKCS12, reason=str(error), is_encrypted=True)]
    if found is None:
        return [Item(PKCS12, is_encrypted=True)]
    key, certificates = found
    items = _unordered(one.public_bytes(Encoding.DER) for one in certificates)
    return [*items, Item(PRIVATE_KEY, key, None, True, None, True)] if key else items


def _pkcs7(data: bytes) -> list[Item]:
    try:
        return _unordered(containers.read_pkcs7(data))
    except ValueError as error:
        return [Item(PKCS7, reason=str(error))]


def _unordered(certificates: Iterable[bytes]) -> list[Item]:
    return [replace(one, is_in_container=True) for one in read_chain(certificates)]


def _request(data: bytes) -> x509.CertificateSigningRequest:
    request = x509.load_der_x509_csr(data)
    _ = len(request.extensions), request.subject  # They are parsed only when asked for.
    return request


_LOADERS: dict[str, Callable[[bytes], Any]] = {
    CERTIFICATE: parse,
    REQUEST: _request,
    PUBLIC_KEY: lambda data: BarePublicKey(load_der_public_key(data), data),
}


def _load(kind: str, load: Callable[[bytes], Any], data: bytes) -> Item:
    try:
        value = load(data)
        value.public_key()
    except UNREADABLE as error:
        return Item(kind, reason=explain(error, kind))
    return Item(kind, value)


def _private_der(data: bytes, ask: Ask) -> Item:
    is_encrypted = key_forms.is_encrypted(data)
    item = _private(lambda secret: key_forms.load(data, secret), is_encrypted, ask)
    if item.value is None or is_encrypted:
        return item
    spki = key_forms.written_spki(data, item.value)
    return replace(item, public=BarePublicKey(item.value.public_key(), spki))


def _private(load: Callable[[bytes | None], Any], is_encrypted: bool, ask: Ask) -> Item:
    """Return a private key; an encrypted one without a passphrase is returned as such."""
    passphrase = ask() if is_encrypted else None
    if is_encrypted and not passphrase:
        return Item(PRIVATE_KEY, is_encrypted=True)
    secret = passphrase.encode() if passphrase else None
    try:
        return Item(PRIVATE_KEY, load(secret), None, is_encrypted)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # Without key bytes.
        reason = str(error) if str(error) in key_forms.REASONS else key_forms.NOT_OPENED
        return Item(PRIVATE_KEY, None, reason, is_encrypted)
