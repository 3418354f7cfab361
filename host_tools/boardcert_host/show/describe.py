"""Certificates, requests and keys, described in words for an administrator, and as data.

Signatures are checked among the items that are shown together: a chain from its leaf to its root.
Whether a certificate is trusted, or fit for a server, is for `verify`.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ..certificates import certificate as certificates
from ..certificates.items import CERTIFICATE, PKCS12, PRIVATE_KEY, REQUEST, Item
from .words import describe_extensions, hash_words, key_words, signature_words

Row = tuple[str, str]


@dataclass
class Shown:
    """One item as it is shown. *rows*: (title, words); *data*: for --json; *is_bad*: a fault."""

    title: str
    rows: list[Row] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    is_bad: bool = False

    def add(self, title: str, words: str, **data: Any) -> None:
        """Add a row, and the same as data."""
        self.rows.append((title, words))
        self.data.update(data)


def show_items(items: Sequence[Item], now: datetime.datetime) -> list[Shown]:
    """Describe all *items*, each in relation to the others."""
    describe = {CERTIFICATE: _certificate, REQUEST: _request, PRIVATE_KEY: _private_key}
    describe[PKCS12] = _private_key  # While it is encrypted.
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
    subject = certificates.name_words(request.subject)
    shown.add("subject", subject or "none", subject=subject)
    _add_key(shown, item)
    words = signature_words(request)
    shown.add("signed with", words, signature_algorithm=words)
    _add_own_signature(shown, request)
    shown.data["names"] = certificates.alternative_names(request)
    _add_extensions(shown, request)


def _add_own_signature(shown: Shown, request: x509.CertificateSigningRequest) -> None:
    """Add whether the holder of the key has signed the request; None if that cannot be checked."""
    try:
        is_valid = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        is_valid = False
    outcome = "valid: made by the holder of the key" if is_valid else "NOT valid"
    if certificates.is_signature_broken(request):
        is_valid, outcome = None, _broken(request)
    shown.is_bad = is_valid is False
    shown.add("signature", outcome, is_signature_valid=is_valid)


def _broken(holder: x509.Certificate | x509.CertificateSigningRequest) -> str:
    name = hash_words(certificates.signature_hash(holder) or "")
    return f"not checked: {name.partition(' ')[0]} is broken"


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
    # Compared as keys: programs encode the same key in several ways.
    fitting = [
        number for number, other in others if other.value.public_key() == item.value.public_key()
    ]
    if others:
        named = ", ".join(f"{items[number - 1].kind} {number}" for number in fitting)
        shown.add("belongs to", named or "NONE of these certificates", belongs_to=fitting)
        shown.is_bad = not fitting


def _add_key(shown: Shown, item: Item) -> None:
    holder = item.public or item.value
    key_type, pin = certificates.key_type(holder), certificates.public_key_pin(holder)
    shown.add("key", key_words(key_type), key_type=key_type)
    shown.add("public key pin", pin, public_key_pin=pin)


def _add_dates(shown: Shown, certificate: x509.Certificate, now: datetime.datetime) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    days = (end - now).days
    if now < begin:
        state = f"not valid before {begin:%Y-%m-%d %H:%M} UTC, in {_span(begin - now)}"
    elif now > end:
        state = f"EXPIRED {_span(now - end)} ago"
    else:
        state = f"{_span(end - now)} left"
    dates = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    shown.add("valid", f"{dates}: {state}", days_left=days, is_valid_now=begin <= now <= end)


def _span(span: datetime.timedelta) -> str:
    """Return a length of time in whole days, hours or minutes."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(span.total_seconds()) // seconds
        if count:
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "less than a minute"


def _add_signature(shown: Shown, certificate: x509.Certificate, items: Sequence[Item]) -> None:
    """Add which of these certificates verifies the signature, its own key first."""
    issuers = [
        (number, item.value)
        for number, item in enumerate(items, 1)
        if item.kind == CERTIFICATE
        and item.value is not None
        and certificates.may_have_issued(item.value, certificate)
    ]
    holds = {number: certificates.is_signed_by(certificate, one) for number, one in issuers}
    by = next((number for number, outcome in holds.items() if outcome), None)
    if certificates.is_signature_broken(certificate):
        words, state = _broken(certificate), "unchecked"
    elif certificates.is_signed_by(certificate, certificate):
        words, state = "valid: self-signed", "self-signed"
    elif by is not None:
        words, state = f"valid: made by certificate {by}", "valid"
    elif not issuers:
        words, state = "not checked: its issuer is not among these", "unchecked"
    elif None in holds.values():
        words, state = "not checked: it cannot be verified with the key of its issuer", "unchecked"
    else:
        is_own = certificate.issuer == certificate.subject
        words, state = "NOT valid" + ("" if is_own else " for the issuer shown here"), "bad"
    shown.is_bad = state == "bad"
    shown.add("signature", words, signature=state, signed_by=by)


def _add_extensions(
    shown: Shown, holder: x509.Certificate | x509.CertificateSigningRequest
) -> None:
    found = describe_extensions(holder.extensions)
    for extension in found:
        critical = " (critical)" if extension.is_critical else ""
        shown.add(extension.title, extension.words + critical)
    shown.data["extensions"] = [extension.to_json() for extension in found]
