"""Certificates and private keys from files, in every form that `items` reads, or an Error."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ..errors import CHECKED_AND_BAD, Error
from .certificate import is_signed_by
from .items import CERTIFICATE, PKCS12, PRIVATE_KEY, REQUEST, Ask, Item, read_items

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def read_certificates(data: bytes, name: str) -> list[x509.Certificate]:
    """Return the certificates of a file called *name*, each once, in their order. Raises Error.

    All of their contents can be read, keys included.
    """
    return certificates_of(read_items(data), name)


def certificates_of(items: Sequence[Item], name: str) -> list[x509.Certificate]:
    """Return the certificates among *items*, as `read_certificates` does."""
    for item in items:
        if item.kind not in (PRIVATE_KEY, REQUEST) and item.reason:
            raise _bad(f"{name} holds no readable certificate: {item.reason}")
        if item.kind == PKCS12:
            raise _bad(f"{name} is encrypted, and its passphrase was not given")
    found = [item.value for item in items if item.kind == CERTIFICATE]
    if not found:
        kinds = " and ".join(dict.fromkeys(item.kind for item in items))
        raise _bad(f"{name} holds no readable certificate: {f'a {kinds}' if kinds else 'nothing'}")
    return list(dict.fromkeys(found))


def in_order(chain: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Return the certificates of a container, which has no order, beginning with the leaf.

    The leaf is the first that has issued none of the others. Certificates outside its chain are
    left out, and so is the root: clients that trust it have it.
    """
    is_issuer = [
        any(one is not other and is_signed_by(other, one) for other in chain) for one in chain
    ]
    found = [chain[is_issuer.index(False) if False in is_issuer else 0]]
    while True:
        rest = [one for one in chain if one not in found and is_signed_by(found[-1], one)]
        if not rest or is_signed_by(rest[0], rest[0]):
            return found
        found.append(rest[0])


def read_key(data: bytes, name: str, ask: Ask) -> PrivateKey:
    """Return the one private key of a file called *name*; no message reveals any part of it.

    *ask* is called when it is encrypted. Raises Error.
    """
    return key_of(read_items(data, ask), name)


def key_of(items: Sequence[Item], name: str) -> PrivateKey:
    """Return the one private key among *items*, as `read_key` does."""
    keys = [item for item in items if item.kind in (PRIVATE_KEY, PKCS12)]
    unread = [f": {item.reason}" for item in items if item.reason and item not in keys]
    if not keys or unread:
        raise _bad(f"{name} holds no readable private key{''.join(unread[:1])}")
    if len(keys) > 1:
        raise _bad(f"{name} holds {len(keys)} private keys, where one is needed")
    (item,) = keys
    if item.value is None:
        raise _bad(f"cannot read {name}: {item.reason or 'no passphrase was given'}")
    if not isinstance(item.value, PrivateKey):
        raise _bad(f"{name} holds a key that is neither EC nor RSA")
    return item.value


def _bad(message: str) -> Error:
    return Error(message, None, CHECKED_AND_BAD)
