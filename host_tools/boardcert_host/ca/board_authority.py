"""The authority of a board's own: a small CA that a board keeps, and that signs for it alone.

A board whose setting `chain` is "authority" serves its certificate and this one after it. Pure
functions; the profile is that of firmware/boardcert/certificates/authority_certificate.py.
"""

import datetime
import functools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..certificates.certificate import find_extension, is_signature_broken, is_signed_by, parse
from .names import permits

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# A host name, and the number of a chip: stores list a CA by its name, and are searched for that.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,53} authority")
_NUMBER = re.compile(r"[0-9a-f]{1,64}")
_TLS = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
# Ten years with up to three leap days, and the day before: they begin on that.
_LIFETIME_LIMIT_DAYS = 3655


def is_boards_own(issuer: x509.Name, subject: x509.Name) -> bool:
    """Return whether *issuer* is named as the authority of the board that *subject* names.

    By "NAME authority" and the number of the chip, which both have.
    """
    attributes = list(issuer)
    if [one.oid for one in attributes] != [NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER]:
        return False
    number = subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    is_same = [one.value for one in number] == [attributes[1].value]
    texts = [str(one.value) for one in attributes]
    return bool(is_same and _NAME.fullmatch(texts[0]) and _NUMBER.fullmatch(texts[1]))


def find_authority(chain: Sequence[bytes]) -> x509.Certificate | None:
    """Return the authority that a board sends after its own certificate; None when it sends none.

    *chain*: DER, leaf first. It is named as one and signed by itself; see `faults` for the rest.
    """
    if len(chain) != 2:
        return None
    try:
        leaf, authority = map(parse, chain)
    except ValueError:
        return None
    is_own = authority.issuer == authority.subject == leaf.issuer
    return authority if is_own and is_boards_own(authority.subject, leaf.subject) else None


def constrained_to(authority: x509.Certificate) -> list[str]:
    """Return the DNS names that it may sign for, with those below each; none: for every name."""
    found = find_extension(authority, x509.NameConstraints)
    bases = (found.value.permitted_subtrees if found else None) or ()
    return [str(base.value) for base in bases if isinstance(base, x509.DNSName)]


def faults(
    authority: x509.Certificate, leaf: x509.Certificate, now: datetime.datetime
) -> list[str]:
    """Return what is wrong with the *authority* of a board that serves *leaf*."""
    return [
        *_faults_of_signatures(authority, leaf),
        *_faults_of_usage(authority),
        *_faults_of_names(authority, leaf),
        *_faults_of_dates(authority, now),
    ]


def excess(authority: x509.Certificate, leaf: x509.Certificate) -> list[str]:
    """Return what *authority* may sign for beyond the names of a board, which serves *leaf*.

    A name in the same domain as one of the board's may be one that the board had earlier: that is
    not counted, since an authority stays the same for as long as it can.
    """
    bases, own = constrained_to(authority), _dns_names(leaf)
    purposes = find_extension(authority, x509.ExtendedKeyUsage)
    found = [] if purposes and set(purposes.value) <= _TLS else ["programs and mail"]
    if not bases:
        return [*found, "every name"]
    return found + [f"all of {base}" for base in bases if _is_too_wide(base.lower(), own)]


def _faults_of_signatures(authority: x509.Certificate, leaf: x509.Certificate) -> Iterator[str]:
    if is_signature_broken(authority) or not is_signed_by(authority, authority):
        yield "it has not signed itself"
    if is_signature_broken(leaf) or not is_signed_by(leaf, authority):
        yield "it has not signed the board's certificate"
    if leaf.public_key() == authority.public_key():
        yield "it has the board's own key, which programs on the board use"


def _faults_of_usage(authority: x509.Certificate) -> Iterator[str]:
    basic = find_extension(authority, x509.BasicConstraints)
    if basic is None or not (basic.critical and basic.value.ca and basic.value.path_length == 0):
        yield "its basicConstraints are not those of a CA for end entities alone"
    usage = find_extension(authority, x509.KeyUsage)
    if usage is None or not (usage.critical and usage.value.key_cert_sign):
        yield "its keyUsage is not keyCertSign"
    elif usage.value.digital_signature:
        yield "its key may be used for more than signing certificates"


def _faults_of_names(authority: x509.Certificate, leaf: x509.Certificate) -> Iterator[str]:
    constraints = find_extension(authority, x509.NameConstraints)
    for name in _dns_names(leaf):
        if constraints and not permits(constraints.value, x509.DNSName(name)):
            yield f"it may not sign for {name}"


def _dns_names(leaf: x509.Certificate) -> list[str]:
    found = find_extension(leaf, x509.SubjectAlternativeName)
    names = found.value if found else ()
    return [name.value.lower() for name in names if isinstance(name, x509.DNSName)]


def _is_too_wide(base: str, own: Sequence[str]) -> bool:
    """Return whether *base* is no name of the board, nor one in the domain of such a name.

    What is above such a name is in no such domain. A public suffix, below which others have names,
    is too wide also where it is a name of the board: .kitchen is one, too.
    """
    domains = {name.partition(".")[2] for name in own} - {""}
    label, _, domain = base.partition(".")
    is_beside = label and domain in domains and not _is_above(base, own)
    if is_public_suffix(base):
        return True
    return base not in own and (not is_beside or is_public_suffix(domain))


def is_public_suffix(name: str) -> bool:
    """Return whether anyone can have names below *name*, as the Public Suffix List has it."""
    return _suffixes().publicsuffix(name) == name


@functools.cache
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False)


def _is_above(base: str, own: Sequence[str]) -> bool:
    return any(name.endswith(f".{base}") for name in own)


def _faults_of_dates(authority: x509.Certificate, now: datetime.datetime) -> Iterator[str]:
    begin, end = authority.not_valid_before_utc, authority.not_valid_after_utc
    if not begin <= now <= end:
        yield f"it is valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d} only"
    if (end - begin).days > _LIFETIME_LIMIT_DAYS:
        yield "it is valid for more than ten years"
