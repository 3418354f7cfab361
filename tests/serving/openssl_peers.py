"""Peers for openssl's s_client and s_server: a modified certificate, and its files."""

from pathlib import Path

from certificates import Identity
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID


def client_auth(extensions: dict) -> None:
    """Restrict the certificate to clients: a change for certificates.make()."""
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    extensions["extended_key_usage"] = (usage, False)


def options(identity: Identity, directory: Path) -> list[str]:
    """Write *identity* and return openssl's options for it."""
    (directory / "peer.key").write_bytes(identity.key_pem())
    (directory / "peer.der").write_bytes(identity.der)
    certificate = ["-cert", str(directory / "peer.der"), "-certform", "DER"]
    return [*certificate, "-key", str(directory / "peer.key")]
