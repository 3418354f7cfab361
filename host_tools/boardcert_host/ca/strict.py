"""What strict clients dislike in a CA that another program has made."""

from cryptography import x509

from ..certificates.certificate import find_extension


def why_strict_clients_refuse(ca: x509.Certificate) -> str | None:
    """Return why OpenSSL refuses *ca* with X509_V_FLAG_X509_STRICT, None if it does not.

    Python sets that flag since 3.13. easy-rsa 3.1 makes CAs of the first kind.
    """
    basic = find_extension(ca, x509.BasicConstraints)
    if basic and not basic.critical:
        return "its basicConstraints are not critical"
    if find_extension(ca, x509.KeyUsage) is None:
        return "it has no keyUsage"
    if find_extension(ca, x509.SubjectKeyIdentifier) is None:
        return "it has no subjectKeyIdentifier"
    return None
