"""Certificates that a CA has issued for localhost, and their files."""

from pathlib import Path

from certificates import Identity, make
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class PublicKey:
    """Replaces a private key of which only the public half is known."""

    def __init__(self, public_key: object) -> None:
        self._public_key = public_key

    def public_key(self) -> object:
        return self._public_key


def issue(ca: Identity, key: object = None, name: str = "localhost", **more: object) -> Identity:
    """Return a certificate of *ca* for *name*. *more*: as certificates.make."""

    def change(extensions: dict) -> None:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        extensions["subject_alt_name"] = (names, False)

    more = {"days": (-1, 800), "change": change, "common_name": name} | more
    return make(issuer=ca, key=key, **more)


def pem(*identities: Identity) -> bytes:
    """Return certificates as PEM, in this order."""
    found = [x509.load_der_x509_certificate(one.der) for one in identities]
    return b"".join(one.public_bytes(Encoding.PEM) for one in found)


def write(path: Path, data: bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(data)
    return path
