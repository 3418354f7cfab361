"""What lies in a file, or comes from a server: certificates, requests and keys, PEM or DER."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
)

from ..certificates.certificate import UNREADABLE, parse

CERTIFICATE = "certificate"
REQUEST = "request"
PRIVATE_KEY = "private key"
PUBLIC_KEY = "public key"
UNKNOWN = "unknown"

_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_PEM_KINDS = {
    "CERTIFICATE": CERTIFICATE,
    "X509 CERTIFICATE": CERTIFICATE,
    "CERTIFICATE REQUEST": REQUEST,
    "NEW CERTIFICATE REQUEST": REQUEST,
    "PUBLIC KEY": PUBLIC_KEY,
    "PRIVATE KEY": PRIVATE_KEY,
    "EC PRIVATE KEY": PRIVATE_KEY,
    "RSA PRIVATE KEY": PRIVATE_KEY,
    "ENCRYPTED PRIVATE KEY": PRIVATE_KEY,
}
# `openssl ecparam -genkey` writes them before the key, which says the same.
_PASSED_OVER = ("EC PARAMETERS",)
# id-PBES2, 1.2.840.113549.1.5.13: how an encrypted PKCS#8 key begins after its lengths.
_PBES2 = bytes.fromhex("06092a864886f70d01050d")


@dataclass(frozen=True)
class BarePublicKey:
    """A public key alone, with the face of a certificate, a request or a private key."""

    key: Any

    def public_key(self) -> Any:
        """Return the key."""
        return self.key


@dataclass(frozen=True)
class Item:
    """One thing that was found. *value*: as cryptography has it, None when it cannot be had.

    *reason*: why it cannot; *is_encrypted*: of a private key. No representation shows a key.
    """

    kind: str
    value: Any = field(default=None, repr=False)
    reason: str | None = None
    is_encrypted: bool = False


def read_items(data: bytes, passphrase: str | None = None) -> list[Item]:
    """Return all that *data* holds; nothing known is an empty list.

    *passphrase*: opens encrypted private keys.
    """
    secret = passphrase.encode() if passphrase else None
    blocks = list(_PEM_BLOCK.finditer(data))
    if blocks:
        found = [(match[1].decode(), match) for match in blocks]
        return [_pem(label, match, secret) for label, match in found if label not in _PASSED_OVER]
    return [_der(der, secret) for der in _split(data)]


def read_chain(chain: Iterable[bytes]) -> list[Item]:
    """Return the certificates (DER) that a server sent."""
    return [_load(CERTIFICATE, parse, der) for der in chain]


def _pem(label: str, match: re.Match[bytes], passphrase: bytes | None) -> Item:
    kind = _PEM_KINDS.get(label)
    if kind is None:
        return Item(UNKNOWN, reason=f"PEM blocks of type {label} are not supported")
    if kind == PRIVATE_KEY:
        is_encrypted = "ENCRYPTED" in label or b"ENCRYPTED" in match[2]
        pem = match[0]
        return _private(lambda secret: load_pem_private_key(pem, secret), is_encrypted, passphrase)
    try:
        der = base64.b64decode(b"".join(match[2].split()), validate=True)
    except binascii.Error:
        return Item(kind, reason="its base64 is damaged")
    return _load(kind, _LOADERS[kind], der)


def _split(data: bytes) -> list[bytes]:
    """Split DER objects that follow each other; what is no whole SEQUENCE stays one piece."""
    found = []
    while data:
        end = _end(data)
        found.append(data[:end])
        data = data[end:]
    return found


def _end(data: bytes) -> int:
    """Return where the DER SEQUENCE at the beginning ends, or the end of *data* without one."""
    if len(data) < 2 or data[0] != 0x30:
        return len(data)
    size = data[1] & 0x7F if data[1] & 0x80 else 0
    length = int.from_bytes(data[2 : 2 + size], "big") if size else data[1]
    return min(2 + size + length, len(data))


def _der(der: bytes, passphrase: bytes | None) -> Item:
    """Return the one thing that these bytes are."""
    if _PBES2 in der[:40]:
        return _private(lambda secret: load_der_private_key(der, secret), True, passphrase)
    for kind, load in _LOADERS.items():
        item = _load(kind, load, der)
        if item.value is not None:
            return item
    item = _private(lambda _: load_der_private_key(der, None), False, None)
    if item.value is not None:
        return item
    return Item(UNKNOWN, reason="neither PEM, nor the DER of a certificate, request or key")


def _request(der: bytes) -> x509.CertificateSigningRequest:
    request = x509.load_der_x509_csr(der)
    len(request.extensions)  # They are parsed only when asked for.
    return request


_LOADERS: dict[str, Callable[[bytes], Any]] = {
    CERTIFICATE: parse,
    REQUEST: _request,
    PUBLIC_KEY: lambda der: BarePublicKey(load_der_public_key(der)),
}


def _load(kind: str, load: Callable[[bytes], Any], der: bytes) -> Item:
    try:
        value = load(der)
        value.public_key()
    except UNREADABLE as error:
        return Item(kind, reason=f"damaged, or not a {kind}: {error}")
    return Item(kind, value)


def _private(
    load: Callable[[bytes | None], Any], is_encrypted: bool, passphrase: bytes | None
) -> Item:
    """Return a private key; without a passphrase, an encrypted one as such, which is no fault."""
    if is_encrypted and not passphrase:
        return Item(PRIVATE_KEY, is_encrypted=True)
    try:
        return Item(PRIVATE_KEY, load(passphrase if is_encrypted else None), None, is_encrypted)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # Nothing of a key is told.
        reason = "wrong passphrase, or damaged" if is_encrypted else "it cannot be read"
        return Item(PRIVATE_KEY, None, reason, is_encrypted)
