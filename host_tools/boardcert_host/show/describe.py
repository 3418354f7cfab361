"""What certificates, requests and keys say, in words that an administrator reads; and as data.

Signatures are checked among the things that are shown together: a chain is read from its leaf to
its root. Whether a certificate is trusted, or fit for a server, is for `verify`.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from ..certificates import certificate as certificates
from .read import CERTIFICATE, PRIVATE_KEY, REQUEST, Item
from .words import describe_extensions, key_words, signature_words

Row = tuple[str, str]


@dataclass
class Shown:
    """One thing as it is shown. *rows*: (title, words); *data*: for --json; *is_bad*: a fault."""

    title: str
    rows: list[Row] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    is_bad: bool = False

    def add(self, title: str, words: str, **data: Any) -> None:
        """Add a row and what it is as data."""
        self.rows.append((title, words))
        self.data.update(data)


def show_items(items: Sequence[Item], now: datetime.datetime) -> list[Shown]:
    """Describe all *items*, each in the light of the others."""
    describe = {CERTIFICATE: _certificate, REQUEST: _request, PRIVATE_KEY: _private_key}
    found = []
    for index, item in enumerate(items):
        shown = Shown(f"{item.kind} {index + 1} of {len(items)}" if len(items) > 1 else item.kind)
        shown.data = {"kind": item.kind}
        if item.reason is not None:
            shown.add("cannot be read", item.reason, error=item.reason)
            shown.is_bad = True
        elif item.kind in describe:
            describe[item.kind](shown, item, items, now)
        else:
            _add_key(shown, item)
        found.append(shown)
    return found


def _certificate(shown: Shown, item: Item, items: Sequence[Item], now: datetime.datetime) -> None:
    certificate = item.value
    described = certificates.describe(certificate)
    shown.data.update(described)
    shown.add("subject", described["subject"] or "none")
    shown.add("issuer", described["issuer"] or "none")
    _add_dates(shown, certificate, now)
    _add_key(shown, item)
    words = signature_words(certificate)
    shown.add("signed with", words, signature_algorithm=words)
    _add_signature(shown, certificate, items)
    _add_extensions(shown, certificate)
    shown.add("serial number", described["serial_number"])
    shown.add("fingerprint", described["fingerprint"])


def _request(shown: Shown, item: Item, *_: Any) -> None:
    request = item.value
    subject = request.subject.rfc4514_string(certificates.ATTRIBUTE_NAMES)
    shown.add("subject", subject or "none", subject=subject)
    _add_key(shown, item)
    words = signature_words(request)
    shown.add("signed with", words, signature_algorithm=words)
    try:
        is_valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        is_valid = False
    shown.is_bad = not is_valid
    outcome = "valid: made by the holder of the key" if is_valid else "does NOT hold"
    shown.add("signature", outcome, is_signature_valid=is_valid)
    shown.data["names"] = certificates.alternative_names(request)
    _add_extensions(shown, request)


def _private_key(shown: Shown, item: Item, items: Sequence[Item], *_: Any) -> None:
    if item.value is None:
        words = "yes; its passphrase is needed to show what it belongs to"
        shown.add("encrypted", words, is_encrypted=True)
        return
    _add_key(shown, item)
    shown.add("encrypted", "yes" if item.is_encrypted else "no", is_encrypted=item.is_encrypted)
    others = [
        (number, other)
        for number, other in enumerate(items, 1)
        if other.value is not None and other.kind in (CERTIFICATE, REQUEST)
    ]
    pin = certificates.public_key_pin(item.value)
    fitting = [
        number for number, other in others if certificates.public_key_pin(other.value) == pin
    ]
    if others:
        named = ", ".join(f"{items[number - 1].kind} {number}" for number in fitting)
        shown.add("belongs to", named or "NONE of these certificates", belongs_to=fitting)
        shown.is_bad = not fitting


def _add_key(shown: Shown, item: Item) -> None:
    key_type, pin = certificates.key_type(item.value), certificates.public_key_pin(item.value)
    shown.add("key", key_words(key_type), key_type=key_type)
    shown.add("public key pin", pin, public_key_pin=pin)


def _add_dates(shown: Shown, certificate: x509.Certificate, now: datetime.datetime) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    days = (end - now).days
    if now < begin:
        state = f"not valid before {begin:%Y-%m-%d %H:%M} UTC"
    elif now > end:
        state = f"EXPIRED {-days} day{'s' if days != -1 else ''} ago"
    else:
        state = f"{days} day{'s' if days != 1 else ''} left"
    dates = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    shown.add("valid", f"{dates}: {state}", days_left=days, is_valid_now=begin <= now <= end)


def _add_signature(shown: Shown, certificate: x509.Certificate, items: Sequence[Item]) -> None:
    """Return by which of these certificates the signature holds, its own first."""
    issuers = [
        (number, item.value)
        for number, item in enumerate(items, 1)
        if item.kind == CERTIFICATE
        and item.value is not None
        and item.value.subject == certificate.issuer
    ]
    by = next((number for number, issuer in issuers if _is_signed_by(certificate, issuer)), None)
    is_own = certificate.issuer == certificate.subject
    if _is_signed_by(certificate, certificate):
        words, state = "holds: self-signed", "self-signed"
    elif by is not None:
        words, state = f"holds, by certificate {by}", "valid"
    elif issuers:
        words, state = "does NOT hold" + ("" if is_own else ", by the issuer shown here"), "bad"
    else:
        words, state = "not checked: its issuer is not shown here", "unchecked"
    shown.is_bad = state == "bad"
    shown.add("signature", words, signature=state, signed_by=by)


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _add_extensions(
    shown: Shown, holder: x509.Certificate | x509.CertificateSigningRequest
) -> None:
    found = describe_extensions(holder.extensions)
    for extension in found:
        critical = " (critical)" if extension.is_critical else ""
        shown.add(extension.title, extension.words + critical)
    shown.data["extensions"] = [extension.to_json() for extension in found]
