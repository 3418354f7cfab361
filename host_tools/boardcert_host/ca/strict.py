"""Why strict clients refuse a CA that another program has made."""

from cryptography import x509

from ..certificates.certificate import find_extension


def why_strict_clients_refuse(ca: x509.Certificate) -> str | None:
    """Return why OpenSSL refuses *ca* with X509_V_FLAG_X509_STRICT, None if it does not.

    Python has set that flag since 3.13. easy-rsa 3.1 makes CAs with the first of these faults.
    """
    basic = find_extension(ca, x509.BasicConstraints)
    if basic and not basic.critical:
        return "its basicConstraints are not critical"
    if find_extension(ca, x509.KeyUsage) is None:
        return "it has no keyUsage"
    if find_extension(ca, x509.SubjectKeyIdentifier) is None:
        return "it has no subjectKeyIdentifier"
    return None
