"""Certificates for tests: the profile, made by cryptography, and single deviations from it."""

import datetime
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
NAME = "kitchen.local"


@dataclass
class Identity:
    """A private key and its certificate."""

    key: object
    der: bytes

    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def name(common_name: str = NAME) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def key_usage(**changes: bool) -> x509.KeyUsage:
    """Return a keyUsage with digitalSignature only, and the given *changes*."""
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    names += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{"digital_signature": True, **dict.fromkeys(names, False), **changes})


def profile(key: object) -> dict[str, tuple[x509.ExtensionType, bool]]:
    """Return the extensions of boardcert's profile: name: (extension, critical)."""
    public = key.public_key()
    names = [x509.DNSName(NAME), x509.DNSName("*.boards.example")]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "fd00::7")]
    return {
        "basic_constraints": (x509.BasicConstraints(False, None), True),
        "key_usage": (key_usage(), True),
        "extended_key_usage": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        "subject_alt_name": (x509.SubjectAlternativeName(names), False),
        "subject_key_identifier": (x509.SubjectKeyIdentifier.from_public_key(public), False),
        "authority_key_identifier": (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(public),
            False,
        ),
    }


def make(
    *,
    key: object = None,
    days: tuple[float, float] = (-1, 3649),
    serial_number: int | None = None,
    hash: hashes.HashAlgorithm | None = None,
    change: Callable[[dict], None] = lambda extensions: None,
    issuer: Identity | None = None,
    common_name: str = NAME,
    subject: x509.Name | None = None,
) -> Identity:
    """Make a certificate of the profile, self-signed or by *issuer*, with the given deviations.

    *days*: not before and not after, in days from now. *change*: edits the extensions of `profile`.
    *subject*: replaces *common_name*.
    """
    key = key or ec.generate_private_key(ec.SECP384R1())
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    extensions = profile(key)
    issuer_name, issuer_key = name(common_name), key
    if issuer:
        authority = x509.load_der_x509_certificate(issuer.der)
        issuer_name, issuer_key = authority.subject, issuer.key
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
        extensions["authority_key_identifier"] = (identifier, False)
    change(extensions)
    builder = x509.CertificateBuilder(
        issuer_name,
        name(common_name) if subject is None else subject,
        key.public_key(),
        serial_number or x509.random_serial_number() | 1 << 127,
        now + days[0] * DAY,
        now + days[1] * DAY,
    )
    for extension, critical in extensions.values():
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(issuer_key, hash or hashes.SHA384())
    return Identity(key, certificate.public_bytes(Encoding.DER))


def make_ca(more: dict | None = None, key: object = None) -> Identity:
    """Make a new CA, with *more* extensions."""

    def change(extensions: dict) -> None:
        extensions["basic_constraints"] = (x509.BasicConstraints(True, None), True)
        extensions["key_usage"] = (key_usage(key_cert_sign=True, crl_sign=True), True)
        del extensions["extended_key_usage"], extensions["subject_alt_name"]
        extensions.update(more or {})

    return make(change=change, common_name="Test CA", key=key)


def tlv(tag: int, contents: bytes) -> bytes:
    """Encode one DER element."""
    length = len(contents)
    if length < 128:
        return bytes([tag, length]) + contents
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + contents


def children(contents: bytes) -> list[bytes]:
    """Split the contents of a SEQUENCE into its elements, each with tag and length."""
    elements = []
    while contents:
        size = contents[1] & 0x7F if contents[1] & 0x80 else 0
        length = int.from_bytes(contents[2 : 2 + size], "big") if size else contents[1]
        end = 2 + size + length
        elements.append(contents[:end])
        contents = contents[end:]
    return elements


def rewrite(
    identity: Identity,
    edit: Callable[[list[bytes]], None],
    hash: hashes.HashAlgorithm | None = None,
    algorithm: bytes | None = None,
    issuer: Identity | None = None,
) -> Identity:
    """Edit the elements of the TBSCertificate and sign again, for what libraries do not make.

    *edit*: changes the list [version, serial, algorithm, issuer, validity, subject, SPKI,
    extensions]. *issuer*: whose key signs, with ECDSA; by default its own.
    """
    tbs, old_algorithm, _ = children(_inside(identity.der))
    elements = children(_inside(tbs))
    if algorithm:
        elements[2] = algorithm
    edit(elements)
    new_tbs = tlv(0x30, b"".join(elements))
    signature = (issuer or identity).key.sign(new_tbs, ec.ECDSA(hash or hashes.SHA384()))
    rest = (algorithm or old_algorithm) + tlv(0x03, b"\0" + signature)
    return Identity(identity.key, tlv(0x30, new_tbs + rest))


def _inside(element: bytes) -> bytes:
    """Return the content of one DER element."""
    size = element[1] & 0x7F if element[1] & 0x80 else 0
    return element[2 + size :]
