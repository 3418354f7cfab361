"""Reading a certificate: its names, numbers and digests as users and clients write them."""

import base64
import contextlib
import hashlib
import warnings
from collections.abc import Iterator
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

# RFC 4514 names few attributes; this one tells boards with the same host name apart.
ATTRIBUTE_NAMES = {NameOID.SERIAL_NUMBER: "serialNumber"}

# An x400Address or an ediPartyName (RFC 5280, section 4.2.1.6) is the last of them.
UNREADABLE = (
    *(ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension),
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for certificates and requests that it cannot read."""


class HasPublicKey(Protocol):
    """A certificate, a request or a private key."""

    def public_key(self) -> Any:
        """Return the public key."""


@contextlib.contextmanager
def _allowing_bad_serial_numbers() -> Iterator[None]:
    """Let cryptography read a serial number of zero or below: a check of ours reports it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Parsed a serial number", CryptographyDeprecationWarning)
        yield


def parse(der: bytes) -> x509.Certificate:
    """Parse a certificate and all its extensions, strictly. Raises ValueError with the reason."""
    with _allowing_bad_serial_numbers():
        try:
            certificate = x509.load_der_x509_certificate(der)
            # These are parsed only when asked for.
            len(certificate.extensions)
            _ = certificate.subject, certificate.issuer
        except UNREADABLE as error:
            raise ValueError(str(error)) from error
    return certificate


def serial_number(certificate: x509.Certificate) -> int:
    """Return the serial number, also one that RFC 5280 forbids."""
    with _allowing_bad_serial_numbers():
        return certificate.serial_number


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate as "AB:CD:...", the way browsers show it."""
    return hashlib.sha256(der).digest().hex(":").upper()


def public_key_pin(holder: HasPublicKey) -> str:
    """Return "sha256//" and the base64 SHA-256 of the SubjectPublicKeyInfo.

    This is what `curl --pinnedpubkey` takes.
    """
    return key_pin(holder.public_key())


def key_pin(public_key: PublicKeyTypes) -> str:
    """Return the same of a public key."""
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


def key_type(holder: HasPublicKey) -> str:
    """Return "p384", "p256", "p521", "rsa2048" and the like, or the name of the key's class."""
    key = holder.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name.replace("secp", "p").removesuffix("r1")
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa{key.key_size}"
    return type(key).__name__


def alternative_names(holder: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    """Return the DNS names and addresses of subjectAltName as text, in their order."""
    try:
        extension = holder.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    wanted = (x509.DNSName, x509.IPAddress)
    return [str(name.value) for name in extension.value if isinstance(name, wanted)]


def describe(certificate: x509.Certificate) -> dict[str, Any]:
    """Return what a certificate says, as JSON-able data."""
    return {
        "subject": certificate.subject.rfc4514_string(ATTRIBUTE_NAMES),
        "issuer": certificate.issuer.rfc4514_string(ATTRIBUTE_NAMES),
        "serial_number": f"{serial_number(certificate):x}",
        "names": alternative_names(certificate),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "key_type": key_type(certificate),
        "fingerprint": fingerprint(certificate.public_bytes(Encoding.DER)),
        "public_key_pin": public_key_pin(certificate),
    }
