"""The checks of a served certificate against boardcert's profile: each named, each with its reason.

Pure functions: a certificate and what is expected of it in, outcomes out. The profile is that of
RFC 5280 end-entity certificates as OpenSSL, browsers and linters accept them when told to trust one
directly.
"""

from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from ..certificates import weak_keys
from ..certificates.certificate import (
    is_signature_broken,
    is_signed_by,
    key_type,
    may_have_issued,
    name_words,
    serial_number,
)
from ..certificates.unreadable import explain
from ..show.words import key_words, signature_words
from . import extension_checks as extensions
from .outcomes import Check, Expected, Outcome, failed, passed, skipped, warned
from .signature_rules import why_refused

# Ten years, with three leap days in them: boardcert's default is 3650 days.
_LIFETIME_LIMIT_DAYS = 3653
# RFC 5280, section 4.1.2.2: at most 20 octets. CAs must put 64 bits of randomness into one; a
# shorter one is not random, and Firefox refuses a second certificate of the same issuer and serial.
_SERIAL_LIMIT_BITS = 160
_SERIAL_RANDOM_BITS = 64
_KEY_TYPES = ("p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096")


def certificate_checks(certificate: x509.Certificate, expected: Expected) -> list[Check]:
    """Make every check that needs nothing but the certificate."""
    return [Check(id, title, *check(certificate, expected)) for id, title, check in _CHECKS]


def certificate_checks_skipped(reason: str) -> list[Check]:
    """Return the same checks, not made, for a server whose certificate could not be had."""
    return [Check(id, title, "skip", reason) for id, title, _ in _CHECKS]


def _version(certificate: x509.Certificate, _: Expected) -> Outcome:
    if certificate.version is x509.Version.v3:
        return passed("version 3")
    hint = "with openssl, sign with -copy_extensions copyall"
    return failed(f"version 1, without names, which clients refuse: {hint}")


def _serial_number(certificate: x509.Certificate, expected: Expected) -> Outcome:
    number = serial_number(certificate)
    if number <= 0:
        return failed("not positive, against RFC 5280")
    bits = number.bit_length()
    if bits >= _SERIAL_LIMIT_BITS:
        return failed("longer than 20 bytes, against RFC 5280")
    if bits < _SERIAL_RANDOM_BITS and not expected.issued:
        return warned(f"{bits} bits are too few to be random: Firefox refuses a repeated one")
    return passed(f"{bits} bits, positive")


def _key_type(certificate: x509.Certificate, _: Expected) -> Outcome:
    try:
        found = key_type(certificate)
    except (ValueError, UnsupportedAlgorithm) as error:
        return failed(explain(error, "public key"))
    if found not in _KEY_TYPES:
        return failed(f"{found} is not accepted by clients")
    return passed(key_words(found))


def _key_strength(certificate: x509.Certificate, _: Expected) -> Outcome:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return skipped("the key cannot be read")
    if found := weak_keys.weaknesses(key):
        return failed("; ".join(found))
    if weak_keys.is_exponent_small(key):
        return warned("its exponent is below 65537, against FIPS 186-5")
    found = [f"{weak_keys.strength_bits(key)} bits of security"]
    if isinstance(key, rsa.RSAPublicKey):
        found.append(f"nothing of {weak_keys.CHECKED}")
    if weak_keys.list_of_compromised():
        found.append("not on the list of compromised keys")
    return passed("; ".join(found))


def _signature_algorithm(certificate: x509.Certificate, _: Expected) -> Outcome:
    refusal = why_refused(certificate)
    return failed(refusal) if refusal else passed(signature_words(certificate))


def _self_signature(certificate: x509.Certificate, expected: Expected) -> Outcome:
    holds = is_signed_by(certificate, certificate)
    if holds:
        return passed("valid by the certificate's own key")
    if not may_have_issued(certificate, certificate):
        issuer = name_words(certificate.issuer)
        issuer += " with another key" if certificate.issuer == certificate.subject else ""
        if expected.issued:
            return skipped(f"issued by {issuer}")
        return failed(f"issued by {issuer}, which is not trusted here; --ca FILE names that CA")
    if is_signature_broken(certificate):
        return skipped("not checked: its hash is broken")
    if holds is None:
        return failed("the signature cannot be checked: its algorithm does not fit the key")
    return failed("not made by the certificate's own key: altered or damaged")


def _validity_now(certificate: x509.Certificate, expected: Expected) -> Outcome:
    not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if expected.now < not_before:
        return failed(f"not valid before {not_before:%Y-%m-%d %H:%M} UTC: is a clock wrong?")
    if expected.now > not_after:
        return failed(f"expired on {not_after:%Y-%m-%d %H:%M} UTC")
    return passed(f"from {not_before:%Y-%m-%d} to {not_after:%Y-%m-%d}")


def _lifetime(certificate: x509.Certificate, _: Expected) -> Outcome:
    days = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days
    if days < 0:
        return failed("it ends before it begins")
    if days > _LIFETIME_LIMIT_DAYS:
        return warned(f"{days} days, more than ten years: Apple's clients refuse more than 825")
    note = " (Apple's clients refuse more than 825)" if days > 825 else ""
    return passed(f"{days} days{note}")


_CHECKS: tuple[tuple[str, str, Callable[[x509.Certificate, Expected], Outcome]], ...] = (
    ("version", "X.509 version", _version),
    ("serial_number", "serial number", _serial_number),
    ("key_type", "key type and curve", _key_type),
    ("key_strength", "key strength", _key_strength),
    ("signature_algorithm", "signature algorithm", _signature_algorithm),
    ("self_signature", "self-signature", _self_signature),
    ("basic_constraints", "basicConstraints", extensions.basic_constraints),
    ("key_usage", "keyUsage", extensions.key_usage),
    ("extended_key_usage", "extendedKeyUsage", extensions.extended_key_usage),
    ("subject_alt_name", "subjectAltName", extensions.subject_alt_name),
    ("subject_key_identifier", "subjectKeyIdentifier", extensions.subject_key_identifier),
    (
        "authority_key_identifier",
        "authorityKeyIdentifier",
        extensions.authority_key_identifier,
    ),
    ("validity_now", "valid now", _validity_now),
    ("lifetime", "lifetime", _lifetime),
)
