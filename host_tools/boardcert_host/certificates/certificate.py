"""Reading a certificate: its names, numbers and digests as users and clients write them."""

import base64
import contextlib
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from .. import clock
from . import der
from .fingerprint import spki_pin
from .unreadable import UNREADABLE, UnreadableError, explain

Kind = TypeVar("Kind", bound=x509.ExtensionType)

# RFC 4514 names few attributes. The first distinguishes boards with the same host name; the others
# have openssl's names.
ATTRIBUTE_NAMES = {
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.SURNAME: "SN",
    NameOID.GIVEN_NAME: "GN",
    NameOID.TITLE: "title",
    NameOID.INITIALS: "initials",
    NameOID.PSEUDONYM: "pseudonym",
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
}

RSASSA_PSS = bytes.fromhex("06092a864886f70d01010a")  # 1.2.840.113549.1.1.10
COMPRESSED = (b"\2", b"\3")
"""The first byte of a compressed point (SEC 1, section 2.3.3)."""

BROKEN_HASHES = ("md5", "sha1")
"""With these, anyone can make a certificate that the signature of another one fits."""


class HasPublicKey(Protocol):
    """A certificate, a request or a private key."""

    def public_key(self) -> Any:
        """Return the public key."""


@dataclass(frozen=True)
class BarePublicKey:
    """A public key alone, with the interface of a certificate, a request or a private key.

    *spki*: its SubjectPublicKeyInfo as it was read, or as the file of a private key implies it.
    """

    key: Any
    spki: bytes

    def public_key(self) -> Any:
        """Return the key."""
        return self.key


@contextlib.contextmanager
def _allowing_bad_serial_numbers() -> Iterator[None]:
    """Have cryptography accept a serial number of zero or less: our own check reports it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Parsed a serial number", CryptographyDeprecationWarning)
        yield


def parse(data: bytes) -> x509.Certificate:
    """Parse a certificate and all its extensions, strictly. Raises ValueError with the reason."""
    with _allowing_bad_serial_numbers():
        try:
            certificate = x509.load_der_x509_certificate(data)
            # These are parsed only when asked for.
            len(certificate.extensions)
            _ = certificate.subject, certificate.issuer
        except UNREADABLE as error:
            raise UnreadableError(explain(error, "certificate")) from error
    return certificate


def serial_number(certificate: x509.Certificate) -> int:
    """Return the serial number, also one that RFC 5280 forbids."""
    with _allowing_bad_serial_numbers():
        return certificate.serial_number


def is_signature_broken(holder: x509.Certificate | x509.CertificateSigningRequest) -> bool:
    """Return whether it is signed with a broken hash: cryptography does not check that."""
    return signature_hash(holder) in BROKEN_HASHES


def signature_hash(holder: x509.Certificate | x509.CertificateSigningRequest) -> str | None:
    """Return the name of the signature's hash; None for an unknown algorithm, or one without."""
    try:
        algorithm = holder.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):  # The former for invalid parameters.
        return None
    return algorithm and algorithm.name


def may_have_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Return whether *issuer* has the issuer name of *certificate*, and no other key identifier.

    A CA that was renewed with a new key has the same name (RFC 5280, sections 4.2.1.1 and 3.2).
    """
    wanted = find_extension(certificate, x509.AuthorityKeyIdentifier)
    found = find_extension(issuer, x509.SubjectKeyIdentifier)
    if issuer.subject != certificate.issuer:
        return False
    if wanted is None or found is None or wanted.value.key_identifier is None:
        return True
    return wanted.value.key_identifier == found.value.digest


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool | None:
    """Return whether the key of *issuer* verifies the signature; None when that cannot be checked.

    The hash is not judged, see is_signature_broken.
    """
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return True


def find_extension(
    holder: x509.Certificate | x509.CertificateSigningRequest, kind: type[Kind]
) -> x509.Extension[Kind] | None:
    """Return the extension of that kind, or None."""
    try:
        return holder.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def fingerprint(data: bytes) -> str:
    """Return the SHA-256 of a certificate as "AB:CD:...", the way browsers show it."""
    return hashlib.sha256(data).digest().hex(":").upper()


def public_key_pin(holder: HasPublicKey) -> str:
    """Return "sha256//" and the base64 SHA-256 of the SubjectPublicKeyInfo.

    This is what `curl --pinnedpubkey` takes. It is of the bytes in the certificate or request,
    which may encode a key in another way than cryptography does.
    """
    return spki_pin(_spki(holder))


def key_pin(public_key: PublicKeyTypes) -> str:
    """Return the same for a public key."""
    return spki_pin(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _spki(holder: HasPublicKey) -> bytes:
    """Return the SubjectPublicKeyInfo, as encoded in the file if *holder* was read from one."""
    at = 2  # After version and subject.
    if isinstance(holder, BarePublicKey):
        return holder.spki
    if isinstance(holder, x509.Certificate):
        # After version, serial number, algorithm, issuer, dates and subject; the first is optional.
        at = 5 if holder.version is x509.Version.v1 else 6
        parts = der.children(holder.tbs_certificate_bytes)
    elif isinstance(holder, x509.CertificateSigningRequest):
        parts = der.children(holder.tbs_certrequest_bytes)
    else:
        key = holder.public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der.element(*parts[at])


def key_type(holder: HasPublicKey) -> str:
    """Return "p384", "p256", "p521", "rsa2048" and the like, or the name of the key's class.

    A key for RSASSA-PSS alone is "rsa-pss2048"; few programs accept one. A curve's name is followed
    by "-compressed" if the point is compressed.
    """
    key = holder.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = key.curve.name.replace("secp", "p").removesuffix("r1")
        return name + ("-compressed" if _is_compressed(holder) else "")
    if isinstance(key, rsa.RSAPublicKey):
        kind = "rsa-pss" if RSASSA_PSS in _spki(holder)[:24] else "rsa"
        return f"{kind}{key.key_size}"
    return type(key).__name__


def _is_compressed(holder: HasPublicKey) -> bool:
    """Return whether the point, which follows the number of unused bits, is compressed."""
    _, (_, point) = der.children(_spki(holder))
    return point[1:2] in COMPRESSED


def alternative_names(holder: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    """Return the DNS names and addresses of subjectAltName as text, in their order."""
    found = find_extension(holder, x509.SubjectAlternativeName)
    wanted = (x509.DNSName, x509.IPAddress)
    return [str(name.value) for name in found.value if isinstance(name, wanted)] if found else []


def name_words(name: x509.Name) -> str:
    """Return a subject or an issuer in the form of RFC 4514, the last part first."""
    return name.rfc4514_string(ATTRIBUTE_NAMES)


def describe(certificate: x509.Certificate) -> dict[str, Any]:
    """Return the contents of a certificate as data for JSON."""
    return {
        "subject": name_words(certificate.subject),
        "issuer": name_words(certificate.issuer),
        "serial_number": f"{serial_number(certificate):x}",
        "names": alternative_names(certificate),
        "not_before": clock.as_text(certificate.not_valid_before_utc),
        "not_after": clock.as_text(certificate.not_valid_after_utc),
        "key_type": key_type(certificate),
        "fingerprint": fingerprint(certificate.public_bytes(Encoding.DER)),
        "public_key_pin": public_key_pin(certificate),
        "public_key": base64.b64encode(_spki(certificate)).decode(),
    }
