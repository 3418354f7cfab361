"""The checks of a served certificate against boardcert's profile: each named, each with its reason.

Pure functions: a certificate and what is expected of it in, outcomes out. The profile is that of
RFC 5280 end-entity certificates as OpenSSL, browsers and linters accept them when told to trust one
directly.
"""

import datetime
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from ..certificates.certificate import (
    BROKEN_HASHES,
    alternative_names,
    find_extension,
    is_signature_broken,
    is_signed_by,
    key_type,
    may_have_issued,
    name_words,
    serial_number,
    signature_hash,
)
from ..show.words import key_words

# Ten years, with three leap days in them: boardcert's default is 3650 days.
_LIFETIME_LIMIT_DAYS = 3653
# RFC 5280, section 4.1.2.2: at most 20 octets. CAs must put 64 bits of randomness into one; a
# shorter one is not random, and Firefox refuses a second certificate of the same issuer and serial.
_SERIAL_LIMIT_BITS = 160
_SERIAL_RANDOM_BITS = 64
_KEY_TYPES = ("p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096")


@dataclass(frozen=True)
class Check:
    """The outcome of one check. *detail*: why.

    *status*: "pass"; "fail", when clients refuse it; "warn", when it is against a standard that no
    common client insists on; or "skip".
    """

    id: str
    title: str
    status: str
    detail: str


@dataclass(frozen=True)
class Expected:
    """What a certificate is compared with. *issued*: a CA is expected to have signed it."""

    name: str
    issued: bool
    now: datetime.datetime


Outcome = tuple[str, str]
# Tried with OpenSSL (strict too) and GnuTLS.
_LINTERS = "against RFC 5280: linters say so, no common client refuses it"


def _passed(detail: str) -> Outcome:
    return "pass", detail


def _failed(detail: str) -> Outcome:
    return "fail", detail


def _warned(detail: str) -> Outcome:
    return "warn", detail


def _skipped(detail: str) -> Outcome:
    return "skip", detail


def certificate_checks(certificate: x509.Certificate, expected: Expected) -> list[Check]:
    """Make every check that needs nothing but the certificate."""
    return [Check(id, title, *check(certificate, expected)) for id, title, check in _CHECKS]


def certificate_checks_skipped(reason: str) -> list[Check]:
    """Return the same checks, not made, for a server whose certificate could not be had."""
    return [Check(id, title, "skip", reason) for id, title, _ in _CHECKS]


def _version(certificate: x509.Certificate, _: Expected) -> Outcome:
    if certificate.version is x509.Version.v3:
        return _passed("version 3")
    hint = "with openssl, sign with -copy_extensions copyall"
    return _failed(f"version 1, without names, which clients refuse: {hint}")


def _serial_number(certificate: x509.Certificate, expected: Expected) -> Outcome:
    number = serial_number(certificate)
    if number <= 0:
        return _failed("not positive, against RFC 5280")
    bits = number.bit_length()
    if bits >= _SERIAL_LIMIT_BITS:
        return _failed("longer than 20 bytes, against RFC 5280")
    if bits < _SERIAL_RANDOM_BITS and not expected.issued:
        return _warned(f"{bits} bits are too few to be random: Firefox refuses a repeated one")
    return _passed(f"{bits} bits, positive")


def _key_type(certificate: x509.Certificate, _: Expected) -> Outcome:
    try:
        found = key_type(certificate)
    except (ValueError, UnsupportedAlgorithm) as error:
        return _failed(f"the public key cannot be read: {error}")
    if found not in _KEY_TYPES:
        return _failed(f"{found} is not accepted by clients")
    return _passed(key_words(found))


def _signature_algorithm(certificate: x509.Certificate, _: Expected) -> Outcome:
    oid = certificate.signature_algorithm_oid
    if oid == SignatureAlgorithmOID.ECDSA_WITH_SHA384:
        return _passed("ECDSA with SHA-384")
    name = signature_hash(certificate)
    if name is None:
        return _failed(f"unknown algorithm {oid.dotted_string}")
    if name in BROKEN_HASHES:
        return _failed(f"{name} is broken")
    return _passed(f"signed with {name}")


def _self_signature(certificate: x509.Certificate, expected: Expected) -> Outcome:
    holds = is_signed_by(certificate, certificate)
    if holds:
        return _passed("valid by the certificate's own key")
    if not may_have_issued(certificate, certificate):
        issuer = name_words(certificate.issuer)
        issuer += " with another key" if certificate.issuer == certificate.subject else ""
        if expected.issued:
            return _skipped(f"issued by {issuer}")
        return _failed(f"issued by {issuer}, not self-signed; --ca FILE checks such a chain")
    if is_signature_broken(certificate):
        return _skipped("not checked: its hash is broken")
    if holds is None:
        return _failed("the signature cannot be checked: its algorithm does not fit the key")
    return _failed("not made by the certificate's own key: altered or damaged")


def _basic_constraints(certificate: x509.Certificate, _: Expected) -> Outcome:
    found = find_extension(certificate, x509.BasicConstraints)
    if found is None:
        return _warned(f"missing, {_LINTERS}")
    if found.value.ca:
        return _failed("CA:TRUE: this key could sign for any name, and Firefox refuses it")
    if not found.critical:
        return _warned(f"CA:FALSE, not marked critical, {_LINTERS}")
    return _passed("CA:FALSE, critical")


def _key_usage(certificate: x509.Certificate, _: Expected) -> Outcome:
    found = find_extension(certificate, x509.KeyUsage)
    if found is None:
        return _warned(f"missing, {_LINTERS}")
    usage = found.value
    if not usage.digital_signature:
        return _failed("without digitalSignature no ECDHE handshake is allowed")
    if usage.key_cert_sign or usage.crl_sign:
        return _failed("may sign certificates or revocation lists: that is for CAs")
    if not found.critical:
        return _warned(f"digitalSignature, not marked critical, {_LINTERS}")
    return _passed("digitalSignature, critical")


def _extended_key_usage(certificate: x509.Certificate, _: Expected) -> Outcome:
    found = find_extension(certificate, x509.ExtendedKeyUsage)
    if found is None:
        return _failed("missing: Apple's clients refuse it")
    if ExtendedKeyUsageOID.SERVER_AUTH not in found.value:
        return _failed("without serverAuth clients refuse it for a server")
    both = ExtendedKeyUsageOID.CLIENT_AUTH in found.value
    return _passed("serverAuth, clientAuth" if both else "serverAuth")


def _subject_alt_name(certificate: x509.Certificate, expected: Expected) -> Outcome:
    found = find_extension(certificate, x509.SubjectAlternativeName)
    names = alternative_names(certificate)
    if found is None or not names:
        return _failed("missing: browsers refuse a certificate without it")
    if any(name_covers(name, expected.name) for name in found.value):
        return _passed(f"covers {expected.name}")
    if expected.name in names:
        why = f"with openssl, write IP:{expected.name}"
        return _failed(f"{expected.name} is there as a DNS name, not as an address: {why}")
    return _failed(f"{expected.name} is not among {', '.join(names)}; --name NAME checks another")


def name_covers(general_name: x509.GeneralName, name: str) -> bool:
    """Return whether an entry of subjectAltName covers *name*, by RFC 9525 section 6.

    An address is covered by the same number in an iPAddress entry only. DNS names match without
    regard to case; a "*" stands for the whole left-most label and nothing else.
    """
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        return isinstance(general_name, x509.IPAddress) and general_name.value == address
    if not isinstance(general_name, x509.DNSName):
        return False
    pattern, name = general_name.value.lower(), name.lower().rstrip(".")
    if pattern.startswith("*."):
        label, _, parent = name.partition(".")
        return bool(label) and parent == pattern[2:]
    return pattern == name


def _subject_key_identifier(certificate: x509.Certificate, _: Expected) -> Outcome:
    found = find_extension(certificate, x509.SubjectKeyIdentifier)
    if found is None:
        return _warned(f"missing, {_LINTERS}")
    return _passed(found.value.digest.hex())


def _authority_key_identifier(certificate: x509.Certificate, _: Expected) -> Outcome:
    found = find_extension(certificate, x509.AuthorityKeyIdentifier)
    if found is None or found.value.key_identifier is None:
        if certificate.issuer == certificate.subject:
            return _warned(f"missing, {_LINTERS}")
        return _failed("missing: Python 3.13 and other strict users of OpenSSL refuse it")
    identifier = found.value.key_identifier
    subject = find_extension(certificate, x509.SubjectKeyIdentifier)
    if certificate.issuer != certificate.subject:
        return _passed(identifier.hex())
    if subject and identifier != subject.value.digest:
        return _failed("differs from the subjectKeyIdentifier of a self-signed certificate")
    return _passed("the certificate's own key")


def _validity_now(certificate: x509.Certificate, expected: Expected) -> Outcome:
    not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if expected.now < not_before:
        return _failed(f"not valid before {not_before:%Y-%m-%d %H:%M} UTC: is a clock wrong?")
    if expected.now > not_after:
        return _failed(f"expired on {not_after:%Y-%m-%d %H:%M} UTC")
    return _passed(f"from {not_before:%Y-%m-%d} to {not_after:%Y-%m-%d}")


def _lifetime(certificate: x509.Certificate, _: Expected) -> Outcome:
    days = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days
    if days < 0:
        return _failed("it ends before it begins")
    if days > _LIFETIME_LIMIT_DAYS:
        return _warned(f"{days} days, more than ten years: Apple's clients refuse more than 825")
    note = " (Apple's clients refuse more than 825)" if days > 825 else ""
    return _passed(f"{days} days{note}")


_CHECKS: tuple[tuple[str, str, Callable[[x509.Certificate, Expected], Outcome]], ...] = (
    ("version", "X.509 version", _version),
    ("serial_number", "serial number", _serial_number),
    ("key_type", "key type and curve", _key_type),
    ("signature_algorithm", "signature algorithm", _signature_algorithm),
    ("self_signature", "self-signature", _self_signature),
    ("basic_constraints", "basicConstraints", _basic_constraints),
    ("key_usage", "keyUsage", _key_usage),
    ("extended_key_usage", "extendedKeyUsage", _extended_key_usage),
    ("subject_alt_name", "subjectAltName", _subject_alt_name),
    ("subject_key_identifier", "subjectKeyIdentifier", _subject_key_identifier),
    ("authority_key_identifier", "authorityKeyIdentifier", _authority_key_identifier),
    ("validity_now", "valid now", _validity_now),
    ("lifetime", "lifetime", _lifetime),
)
