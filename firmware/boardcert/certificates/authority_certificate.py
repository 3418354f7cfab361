"""The certificate of a board's own authority: a CA that signs for this board's names alone.

Version 3, self-signed, no CA below it. Name constraints (RFC 5280, 4.2.1.10) permit the board's DNS
names, and what lies below them; addresses are not constrained, since BoringSSL refuses certificates
that constrain them. They are not critical, though RFC 5280 wants them to be: mbedTLS, which must
read the certificate to send it, refuses critical extensions that it does not know. Clients that
know constraints apply these all the same.

Its extendedKeyUsage holds for what it signs (RFC 5280 has it for end entities, CAs in use have it):
systems that trust a CA without one trust it for programs and mail, too, which no name constrains.
"""

from ..asn1 import der
from . import fields, issue

_OID_NAME_CONSTRAINTS = b"\x06\x03\x55\x1d\x1e"  # 2.5.29.30
_TRUE = b"\x01\x01\xff"

_NAME_CHARACTERS = 54  # With " authority", 64: as many as a common name has (RFC 5280, A.1).


def subject_of(host_name: str, unique_id: str) -> bytes:
    """Return the authority's Name: no two boards share it. *unique_id*: see encode_subject."""
    return issue.encode_subject(host_name[:_NAME_CHARACTERS] + " authority", unique_id)


def subject_in(certificate: bytes, key) -> bytes:
    """Return the Name in the authority's *certificate*; ValueError if that is not of *key*."""
    tbs = der.decode_all(der.decode_one(certificate, der.SEQUENCE))[0][1]
    elements = der.decode_all(tbs)
    if der.encode(*elements[6]) != key.public_key_der:
        raise ValueError("the authority's certificate is for another key")
    return der.encode(*elements[5])


def dns_names(names: list) -> list:
    """Return those of the certificate *names* that are no addresses: what is constrained."""
    return [name for name in names if not fields.is_address(name)]


def tbs_authority(authority: tuple, permitted: list, validity: tuple, random_bytes: bytes) -> bytes:
    """Return the DER of what the *authority*, (its Name, its key), is to sign for itself.

    *permitted*: DNS names, at least one. The other arguments: see issue.tbs_certificate.
    """
    extensions = (
        issue.encode_extension(
            issue.OID_BASIC_CONSTRAINTS, der.encode_sequence(_TRUE, der.encode_integer(0)), True
        ),
        issue.encode_extension(
            issue.OID_KEY_USAGE,
            der.encode_bit_string(b"\x04", 2),
            True,  # keyCertSign
        ),
        issue.encode_extended_key_usage(),
        _name_constraints(permitted),
    )
    return issue.assemble(authority, authority, validity, random_bytes, extensions)


def _name_constraints(permitted: list) -> bytes:
    """Return the extension that permits the DNS names in *permitted*; ValueError for none."""
    if not permitted:
        raise ValueError("an authority needs at least one name")
    trees = []
    for name in permitted:
        base = der.encode(issue.DNS_NAME, fields.normalize(name).encode())
        trees.append(der.encode_sequence(base))
    value = der.encode_sequence(der.encode(der.context(0), *trees))
    return issue.encode_extension(_OID_NAME_CONSTRAINTS, value)
