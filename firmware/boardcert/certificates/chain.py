"""Check a chain of certificates as a client will (RFC 5280 section 6.1), before it is served.

Name constraints are left to the clients. A chain is a list of Links, the board's own first; each
ValueError says which one is meant, counted from 1, and what is wrong.
"""

from ..asn1 import der
from .link import DIGITAL_SIGNATURE, KEY_CERT_SIGN, OID_ANY_PURPOSE, OID_SERVER_AUTH, Link

_BYTES_PER_CHARACTER = {0x1C: 4, 0x1E: 2}  # UniversalString, BMPString


def read_links(certificates: list) -> list:
    """Return the Links of the chain of *certificates*."""
    return [Link(one, number + 1) for number, one in enumerate(certificates)]


def check(links: list, now: tuple | None) -> None:
    """Raise ValueError unless a chain can be served. *now*: the date, or None if not known."""
    for link in links:
        _check_dates(link, now)
    if links[0].is_authority and not all([link.is_authority for link in links]):
        raise ValueError("the order is wrong: the board's own certificate comes first")
    _check_server(links[0])
    signed, below = links[0], 0  # CAs below that do not name themselves as their issuers.
    for link in links[1:]:
        if signed.certificate.issuer != link.certificate.subject:
            raise ValueError(_broken_link(signed, link, links[link.number :]))
        _check_authority(link, below)
        below += link.certificate.issuer != link.certificate.subject
        signed = link


def signatures(links: list) -> list:
    """Return (number, SPKI of the signer, algorithm in DER, data, signature) of each to verify.

    The last certificate is included if it is self-signed; else its signer is not in the chain.
    """
    signers = links[1:]
    if links[-1].is_self_signed():
        signers = signers + [links[-1]]
    found = []
    for link, signer in zip(links, signers):  # noqa: B905 (MicroPython has no strict)
        one = link.certificate
        if not link.broken_hash:
            key = signer.certificate.public_key_der
            found.append((link.number, key, link.algorithm, one.tbs, one.signature))
    return found


def common_name(name: bytes) -> str:
    """Return a Name (DER) as people call it: its common name, or else its last part."""
    text = "?"
    for _, relative in der.decode_all(der.decode_one(name, der.SEQUENCE)):
        for _, attribute in der.decode_all(relative):
            oid, offset = der.decode_next(attribute, der.OBJECT_IDENTIFIER, 0)
            text = _ascii(*der.decode(attribute, offset)[:2])
            if oid == b"\x55\x04\x03":  # 2.5.4.3
                return text
    return text


def _ascii(tag: int, value: bytes) -> str:
    """Return a string of a Name with "?" for each character that is not ASCII."""
    size = _BYTES_PER_CHARACTER.get(tag, 1)
    points = [int.from_bytes(value[i : i + size], "big") for i in range(0, len(value), size)]
    if tag == der.UTF8_STRING:  # Only the first byte of a character counts.
        points = [point for point in points if point & 0xC0 != 0x80]
    return "".join([chr(point) if 32 <= point < 127 else "?" for point in points])


def _check_dates(link: Link, now: tuple | None) -> None:
    if now is None:
        return
    first, last = link.certificate.not_before, link.certificate.not_after
    if now > last:
        raise ValueError(f"certificate {link.number} has expired, on {_day(last)}")
    if now < first:
        raise ValueError(
            f"certificate {link.number} is not valid before {_day(first)}; "
            f"by the board's clock it is {_day(now)}"
        )


def _day(date: tuple) -> str:
    return "{:04d}-{:02d}-{:02d} {:02d}:{:02d} UTC".format(*date[:5])


def _check_server(link: Link) -> None:
    """Raise ValueError unless browsers accept a leaf like *link* for a server, by ECDHE suites."""
    if link.is_authority:
        raise ValueError(
            "the board's own certificate must not be a CA's; with openssl, add "
            "-addext basicConstraints=critical,CA:FALSE"
        )
    if not link.may(DIGITAL_SIGNATURE):
        raise ValueError("the board's own certificate lacks digitalSignature in its keyUsage")
    if not link.is_for(OID_SERVER_AUTH):
        raise ValueError("the board's own certificate lacks serverAuth in extendedKeyUsage")
    if link.is_to_be_stapled:
        raise ValueError("the certificate demands OCSP must-staple, which boards lack")


def _check_authority(link: Link, below: int) -> None:
    """Raise ValueError unless a CA like *link* may sign, with *below* other CAs in between."""
    if not link.is_authority or not link.may(KEY_CERT_SIGN):
        raise ValueError(f"certificate {link.number} is not a CA's: it must not sign others")
    if not link.is_for(OID_SERVER_AUTH, OID_ANY_PURPOSE):
        raise ValueError(
            f"certificate {link.number} is of a CA that is not for servers' certificates"
        )
    if link.path_length is not None and link.path_length < below:
        raise ValueError(
            f"certificate {link.number} allows {link.path_length} more CAs below it; "
            f"there are {below}"
        )


def _broken_link(signed: Link, link: Link, later: list) -> str:
    """Return why *link* is not the issuer of *signed*. *later*: the links after it."""
    name = signed.certificate.issuer
    issuer = common_name(name)
    if any([one.certificate.subject == name for one in later]):
        return f"the order is wrong: after certificate {signed.number} comes its issuer, {issuer}"
    return (
        f"certificate {signed.number} was issued by {issuer}, but certificate {link.number} "
        "belongs to " + common_name(link.certificate.subject)
    )
