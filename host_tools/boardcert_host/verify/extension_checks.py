"""The checks of a certificate's extensions (RFC 5280, section 4.2), for `checks`."""

import ipaddress

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from ..certificates.certificate import alternative_names, find_extension
from .outcomes import Expected, Outcome, failed, passed, warned

# Tried with OpenSSL (strict too) and GnuTLS.
_LINTERS = "against RFC 5280: linters say so, no common client refuses it"


def basic_constraints(certificate: x509.Certificate, _: Expected) -> Outcome:
    """Check that it may not sign other certificates."""
    found = find_extension(certificate, x509.BasicConstraints)
    if found is None:
        return warned(f"missing, {_LINTERS}")
    if found.value.ca:
        return failed("CA:TRUE: this key could sign for any name, and Firefox refuses it")
    if not found.critical:
        return warned(f"CA:FALSE, not marked critical, {_LINTERS}")
    return passed("CA:FALSE, critical")


def key_usage(certificate: x509.Certificate, _: Expected) -> Outcome:
    """Check that the key may be used for TLS handshakes, but not for signing certificates."""
    found = find_extension(certificate, x509.KeyUsage)
    if found is None:
        return warned(f"missing, {_LINTERS}")
    usage = found.value
    if not usage.digital_signature:
        return failed("without digitalSignature no ECDHE handshake is allowed")
    if usage.key_cert_sign or usage.crl_sign:
        return failed("may sign certificates or revocation lists: that is for CAs")
    if not found.critical:
        return warned(f"digitalSignature, not marked critical, {_LINTERS}")
    return passed("digitalSignature, critical")


def extended_key_usage(certificate: x509.Certificate, _: Expected) -> Outcome:
    """Check that clients accept it for a server."""
    found = find_extension(certificate, x509.ExtendedKeyUsage)
    if found is None:
        return failed("missing: Apple's clients refuse it")
    if ExtendedKeyUsageOID.SERVER_AUTH not in found.value:
        return failed("without serverAuth clients refuse it for a server")
    both = ExtendedKeyUsageOID.CLIENT_AUTH in found.value
    return passed("serverAuth, clientAuth" if both else "serverAuth")


def subject_alt_name(certificate: x509.Certificate, expected: Expected) -> Outcome:
    """Check that it covers the expected name."""
    found = find_extension(certificate, x509.SubjectAlternativeName)
    names = alternative_names(certificate)
    if found is None or not names:
        return failed("missing: browsers refuse a certificate without it")
    if any(name_covers(name, expected.name) for name in found.value):
        return passed(f"covers {expected.name}")
    if expected.name in names:
        why = f"with openssl, write IP:{expected.name}"
        return failed(f"{expected.name} is there as a DNS name, not as an address: {why}")
    return failed(f"{expected.name} is not among {', '.join(names)}; --name NAME checks another")


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
    return isinstance(general_name, x509.DNSName) and dns_name_covers(general_name.value, name)


def dns_name_covers(pattern: str, name: str) -> bool:
    """Return whether the dNSName *pattern* covers *name*; see name_covers.

    One that is not ASCII covers nothing: other scripts stand in certificates as xn--.
    """
    if not pattern.isascii():
        return False
    pattern, name = pattern.lower(), name.lower().rstrip(".")
    if pattern.startswith("*."):
        label, _, parent = name.partition(".")
        return bool(label) and parent == pattern[2:]
    return pattern == name


def subject_key_identifier(certificate: x509.Certificate, _: Expected) -> Outcome:
    """Check that it identifies its key."""
    found = find_extension(certificate, x509.SubjectKeyIdentifier)
    if found is None:
        return warned(f"missing, {_LINTERS}")
    return passed(found.value.digest.hex())


def authority_key_identifier(certificate: x509.Certificate, _: Expected) -> Outcome:
    """Check that it identifies the issuer's key: its own, if self-signed."""
    found = find_extension(certificate, x509.AuthorityKeyIdentifier)
    if found is None or found.value.key_identifier is None:
        if certificate.issuer == certificate.subject:
            return warned(f"missing, {_LINTERS}")
        return failed("missing: Python 3.13 and other strict users of OpenSSL refuse it")
    identifier = found.value.key_identifier
    subject = find_extension(certificate, x509.SubjectKeyIdentifier)
    if certificate.issuer != certificate.subject:
        return passed(identifier.hex())
    if subject and identifier != subject.value.digest:
        return failed("differs from the subjectKeyIdentifier of a self-signed certificate")
    return passed("the certificate's own key")
