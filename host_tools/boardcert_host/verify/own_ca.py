"""The user's own CA, made by `boardcert ca`, against which its certificates are checked."""

from pathlib import Path

from ..ca.store import Store, default_store
from ..certificates.certificate import is_signed_by, may_have_issued, parse
from ..errors import Error


def own_ca_file() -> str | None:
    """Return the file of the user's own CA, None without one."""
    path = default_store().certificate_file
    return str(path) if path.exists() else None


def is_issued(der: bytes) -> bool:
    """Return whether somebody else than its own key has signed the certificate *der*."""
    try:
        certificate = parse(der)
    except ValueError:
        return False
    return not may_have_issued(certificate, certificate)


def has_issued(ca_file: str, der: bytes) -> bool:
    """Return whether the CA in *ca_file*, of a store, has signed the certificate *der*.

    One that cannot be read has not: plain `verify` does without a CA.
    """
    try:
        certificate = parse(der)
        issuer = Store(Path(ca_file).parent).certificates()[0]
    except (ValueError, OSError, Error):
        return False
    return may_have_issued(issuer, certificate) and bool(is_signed_by(certificate, issuer))
