"""Read and check a certificate from elsewhere, with its chain and key, before it is stored.

RefusedError says what is refused: data not parsed to the last byte; a key that is not the
certificate's; a certificate that browsers refuse for a server; an invalid chain, see chain; if the
date is known, certificates expired or not yet valid; more than the board can send; and, see proof,
an invalid signature or key pair. Whether clients trust the CA is not judged.
"""

from .. import RefusedError
from ..asn1 import pem
from ..certificates import chain, key_import
from ..certificates.certificate import Certificate
from ..certificates.keys import key_matches
from ..storage.record import Record
from .settings import KEY_TYPES

MAX_CERTIFICATES = 3

MAX_CHAIN_BYTES = 4089
"""With 3 more for each certificate: mbedTLS sends the chain in one record, for which MicroPython
has 4096 (MBEDTLS_SSL_OUT_CONTENT_LEN), seven of them its own."""

MAX_NAMES = 64
"""Of the leaf; each keeps some 50 bytes in memory."""


def read(certificates, key, own_keys: list, now: tuple | None) -> tuple:
    """Return (Record, signatures for proof, see chain); raise RefusedError.

    *certificates*: PEM, DER, or a list of DER, leaf first; *key*: PEM, DER, or None for one of
    *own_keys* (stored form). *now*: the date or None.
    """
    field = "chain"
    try:
        found = _read_chain(certificates)
        links = chain.read_links(found)
        chain.check(links, now)
        facts = _facts(links)
        signatures = chain.signatures(links)
        field = "key"
        private_key = _find_own(own_keys, found[0]) if key is None else _read_key(key, found[0])
    except ValueError as error:
        raise RefusedError(field, str(error)) from error
    return Record(private_key, [one.der for one in found], facts), signatures


def _facts(links: list) -> dict:
    """Return the facts of *links*; ValueError for a leaf that cannot be served."""
    leaf = links[0].certificate
    key_type = leaf.key_type
    if key_type not in KEY_TYPES:
        raise ValueError(f"a key of this kind cannot be served: {key_type}")
    if len(leaf.names) > MAX_NAMES:
        raise ValueError(f"{len(leaf.names)} names are too many; at most {MAX_NAMES}")
    broken = [link for link in links if link.broken_hash]
    return {
        "issuer": chain.common_name(leaf.issuer),
        "key_type": key_type,
        "broken": [f"certificate {one.number} with {one.broken_hash}" for one in broken],
    }


def _read_chain(data) -> list:
    if isinstance(data, (list, tuple)):
        blocks = [pem.to_bytes(one) for one in data]
    else:
        blocks = pem.read_certificates(data)
    unique = []  # Programs join a leaf with a chain that begins with it.
    for block in blocks:
        if block not in unique:
            unique.append(block)
    if not 1 <= len(unique) <= MAX_CERTIFICATES:
        raise ValueError(f"1 to {MAX_CERTIFICATES} certificates are needed, not {len(unique)}")
    size = sum([3 + len(block) for block in unique])
    if size > MAX_CHAIN_BYTES:
        raise ValueError(
            f"the chain is too long to be sent: {size} bytes, at most {MAX_CHAIN_BYTES}; "
            "leave out the root, or use elliptic curves"
        )
    found = []
    for block in unique:
        try:
            found.append(Certificate(block))
        except ValueError as error:
            raise ValueError(f"certificate {len(found) + 1} cannot be read: {error}") from error
    return found


def _read_key(data, leaf: Certificate) -> bytes:
    """Return the stored form of the one private key in *data*, that of *leaf*."""
    key = key_import.convert(pem.read_key(data), leaf.public_key_der)
    if not key_matches(key, leaf.public_key_der):
        raise ValueError("the private key is not that of the certificate")
    return key


def _find_own(own_keys: list, leaf: Certificate) -> bytes:
    for key in own_keys:
        if key_matches(key, leaf.public_key_der):
            return key
    raise ValueError("the certificate is not for this board's own key: its private key is needed")
