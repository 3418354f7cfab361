"""What is to be installed on a board: read from files, and checked before a board is asked."""

import datetime
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID

from ..ca.authorities import check_ca, common_name
from ..certificates import containers
from ..certificates.certificate import (
    alternative_names,
    describe,
    find_extension,
    is_signature_broken,
    is_signed_by,
    may_have_issued,
)
from ..certificates.items import PRIVATE_KEY, read_items
from ..certificates.read_files import PrivateKey, certificates_of, in_order, key_of, read_key
from ..errors import CHECKED_AND_BAD, Error
from ..files import cannot_read, read_small
from ..verify.checks import certificate_checks
from ..verify.outcomes import Check, Expected
from .rules import why_not_served

# What a board keeps; the root is not among them, since clients that trust it have it.
_MOST_CERTIFICATES = 3
_ORDER_HINT = "the board's own certificate comes first, then its issuers"
_NO_CA = "basicConstraints=critical,CA:FALSE"
# Without these nothing works. Other faults are reported, and left to the issuer.
_ESSENTIAL = ("version", "key_type", "subject_alt_name", "validity_now")


@dataclass(frozen=True)
class Installable:
    """Certificates, the board's own first, and its private key; None: the board has the key."""

    chain: Sequence[x509.Certificate]
    key: PrivateKey | None = field(default=None, repr=False)

    @property
    def chain_pem(self) -> str:
        """The certificates as they are sent to the board."""
        return "".join(one.public_bytes(Encoding.PEM).decode() for one in self.chain)

    @property
    def key_pem(self) -> str | None:
        """The key as it is sent to the board: SEC 1 or PKCS#1, not encrypted."""
        return self.key and self._encode_key(Encoding.PEM).decode()

    @property
    def chain_der(self) -> list[bytes]:
        """The certificates as they are stored."""
        return [one.public_bytes(Encoding.DER) for one in self.chain]

    @property
    def key_der(self) -> bytes | None:
        """The key as it is stored."""
        return self.key and self._encode_key(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the board's own certificate."""
        return str(describe(self.chain[0])["fingerprint"])

    def _encode_key(self, encoding: Encoding) -> bytes:
        key_format, encryption = PrivateFormat.TraditionalOpenSSL, NoEncryption()
        return self.key.private_bytes(encoding, key_format, encryption) if self.key else b""


def now_text() -> str:
    """Return the time in UTC, as boards and records have it: 2026-11-21T05:00:00Z."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_installable(
    chain_file: Path, key_file: Path | None, ask_passphrase: Callable[[str], str]
) -> Installable:
    """Read files of any form. Raises Error.

    *ask_passphrase* is called with the name of a file that is encrypted. A PKCS#12 file brings its
    own key; from a container, the chain is put in order.
    """
    data, name = _read(chain_file), str(chain_file)
    is_pkcs12 = containers.is_pkcs12(data)
    items = read_items(data, lambda: ask_passphrase(name)) if is_pkcs12 else read_items(data)
    chain = certificates_of(items, name)
    if any(item.is_in_container for item in items):
        chain = in_order(chain)
    if key_file:
        key_name = str(key_file)
        return Installable(
            chain, read_key(_read(key_file), key_name, lambda: ask_passphrase(key_name))
        )
    if not any(item.kind == PRIVATE_KEY for item in items):
        return Installable(chain)
    if not is_pkcs12:
        hint = f"to install the key as well, name the file twice: {chain_file} {chain_file}"
        raise Error(f"{chain_file} also holds a private key", hint, CHECKED_AND_BAD)
    return Installable(chain, key_of(items, name))


def check_installable(files: Installable, name: str, now: datetime.datetime) -> list[Check]:
    """Raise Error for what no board can serve as *name*; return what clients may dislike.

    That is checks that failed, since some clients refuse the certificate, and those that warn. A
    certificate without any name is accepted, as by a board: some clients use the common name.
    """
    if len(files.chain) > _MOST_CERTIFICATES:
        hint = "the board's own and the intermediate ones, without the root"
        raise _bad(f"{len(files.chain)} certificates; a board keeps {_MOST_CERTIFICATES}", hint)
    leaf = files.chain[0]
    if _is_ca(leaf):
        raise _ca_first(leaf, files.chain[1:])
    checks = certificate_checks(leaf, Expected(name, issued=True, now=now))
    disliked = [check for check in checks if check.status in ("fail", "warn")]
    for check in disliked:
        is_nameless = check.id == "subject_alt_name" and not alternative_names(leaf)
        if check.id in _ESSENTIAL and check.status == "fail" and not is_nameless:
            raise _bad(f"{_called(leaf)}: {check.title}: {check.detail}")
    if files.key and files.key.public_key() != leaf.public_key():
        raise _bad(f"the key is not that of the first certificate, {_called(leaf)}")
    for issued, issuer in itertools.pairwise(files.chain):
        _check_link(issued, issuer, now)
    last = files.chain[-1]
    if may_have_issued(last, last) and not _holds(last, last):
        hint = "if it is from a change of the CA's root, signed by the former key, leave it out"
        raise _bad(f"{_called(last)} is not signed by its own key: altered or damaged", hint)
    if reason := why_not_served(files.chain_der, files.key_der, now):
        raise _bad(f"a board refuses it: {reason}")
    return disliked


def remark(check: Check) -> str:
    """Return the message about a check that `check_installable` has returned."""
    word = "some clients refuse it" if check.status == "fail" else "note"
    return f"{word}: {check.title}: {check.detail}"


def missing_issuer(files: Installable, trusted: Sequence[x509.Certificate]) -> str | None:
    """Return why clients that trust *trusted* may be unable to build the chain, or None.

    A board sends only what is installed: an intermediate CA's certificate that is left out is
    unknown to most clients. Some browsers fetch it; that is why it looks well there.
    """
    last = files.chain[-1]
    if last.issuer == last.subject or any(may_have_issued(one, last) for one in trusted):
        return None
    issuer = last.issuer.rfc4514_string()
    found = find_extension(last, x509.AuthorityInformationAccess)
    places = [
        str(one.access_location.value)
        for one in (found.value if found else ())
        if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    ]
    where = f" (it is at {places[0]})" if places else ""
    trust = f"CHAIN ends with what {issuer} has issued; clients must trust that CA itself"
    return f"{trust}, or its certificate{where} belongs at the end of CHAIN"


def _check_link(issued: x509.Certificate, issuer: x509.Certificate, now: datetime.datetime) -> None:
    if not _holds(issued, issuer):
        raise _bad(f"{_called(issuer)} did not issue {_called(issued)}", _ORDER_HINT)
    check_ca(issuer)
    begin, end = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    if not begin <= now <= end:
        dates = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
        raise _bad(f"{_called(issuer)} is valid from {dates}")


def _holds(issued: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether the signature holds; one with a broken hash would prove nothing."""
    return is_signature_broken(issued) or bool(is_signed_by(issued, issuer))


def _ca_first(leaf: x509.Certificate, rest: Sequence[x509.Certificate]) -> Error:
    """Return the Error for a chain that begins with a CA: out of order, or without another."""
    if any(not _is_ca(one) for one in rest):
        return _bad(f"{_called(leaf)}, a CA, comes first", _ORDER_HINT)
    hint = "the board's own is made with CA:FALSE: with openssl, -addext " + _NO_CA
    return _bad(f"{_called(leaf)} is a CA's, which clients refuse for a server", hint)


def _is_ca(certificate: x509.Certificate) -> bool:
    found = find_extension(certificate, x509.BasicConstraints)
    return found is not None and found.value.ca


def _read(path: Path) -> bytes:
    try:
        return read_small(path)
    except OSError as error:
        raise cannot_read(path, error) from error


def _called(certificate: x509.Certificate) -> str:
    return f"the certificate of {common_name(certificate)}"


def _bad(message: str, hint: str | None = None) -> Error:
    return Error(message, hint, CHECKED_AND_BAD)
