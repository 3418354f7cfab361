"""The words for algorithms and extensions."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    SignatureAlgorithmOID,
)

from ..certificates.certificate import BROKEN_HASHES, name_words, signature_hash

_CURVES = {
    "p256": "ECC P-256 (secp256r1)",
    "p384": "ECC P-384 (secp384r1)",
    "p521": "ECC P-521 (secp521r1)",
}
_SIGNATURES = {
    SignatureAlgorithmOID.RSASSA_PSS: "RSA-PSS",
    SignatureAlgorithmOID.ED25519: "Ed25519",
    SignatureAlgorithmOID.ED448: "Ed448",
}
_WITHOUT_HASH = ("Ed25519", "Ed448")
# Those of ANSI X9.62 and PKCS #1; then NIST's 2.16.840.1.101.3.4.3, whose last number is the kind.
_ECDSA, _RSA, _DSA = "ECDSA", "RSA (PKCS #1 v1.5)", "DSA"
_ARCS = {"1.2.840.10045.4": _ECDSA, "1.2.840.113549.1.1": _RSA, "1.2.840.10040.4": _DSA}
_ARCS["1.3.14.3.2.29"] = _RSA  # With SHA-1, as Windows wrote it.
_NIST = "2.16.840.1.101.3.4.3"
_NIST_KINDS = {_DSA: range(1, 9), _ECDSA: range(9, 13), _RSA: range(13, 17)}
_PURPOSES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS server",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS client",
    ExtendedKeyUsageOID.CODE_SIGNING: "code signing",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "e-mail",
    ExtendedKeyUsageOID.TIME_STAMPING: "time stamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "revocation answers (OCSP)",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anything",
}
# RFC 5280, section 4.2.1.3, without the two that only restrict keyAgreement.
_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign (signs certificates)",
    "crl_sign": "cRLSign (signs revocation lists)",
}
_OCSP = AuthorityInformationAccessOID.OCSP
_SHOWN_BYTES = 24


@dataclass(frozen=True)
class Extension:
    """One extension: its title and content in words."""

    oid: str
    title: str
    words: str
    is_critical: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as data."""
        return {
            "oid": self.oid,
            "title": self.title,
            "critical": self.is_critical,
            "text": self.words,
        }


def key_words(key_type: str) -> str:
    """Return the words for a key type as `certificate.key_type` names it."""
    kind, _, bits = key_type.partition("rsa-pss")
    if bits:
        return f"RSA-PSS, {bits} bits"
    if key_type.startswith("rsa"):
        return f"RSA, {key_type[3:]} bits"
    kind, is_compressed, _ = key_type.partition("-compressed")
    words = _CURVES.get(kind, kind.removesuffix("PublicKey"))
    return f"{words}, compressed: not every client supports it" if is_compressed else words


def signature_words(holder: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """Return the words for the algorithm of a signature."""
    oid = holder.signature_algorithm_oid
    kind = _SIGNATURES.get(oid) or _signature_kind(oid.dotted_string)
    name = signature_hash(holder)
    if kind and (name or kind in _WITHOUT_HASH):
        return f"{kind} with {hash_words(name)}" if name else kind
    return f"{kind or 'an unknown algorithm'}, {oid.dotted_string}"


def _signature_kind(oid: str) -> str | None:
    arc, _, number = oid.rpartition(".")
    if arc == _NIST:
        return next((kind for kind, numbers in _NIST_KINDS.items() if int(number) in numbers), None)
    return next((kind for one, kind in _ARCS.items() if f"{oid}.".startswith(f"{one}.")), None)


def hash_words(name: str) -> str:
    """Return the name of a hash as standards write it, and whether it is broken."""
    words = re.sub(r"^SHA(?!3-)", "SHA-", name.upper())
    return f"{words} (BROKEN)" if name in BROKEN_HASHES else words


def describe_extensions(extensions: Iterable[x509.Extension[Any]]) -> list[Extension]:
    """Describe every extension, known or not."""
    found = []
    for extension in extensions:
        title, words = _unknown(extension)
        for kind, known_title, describe in _KNOWN:
            if isinstance(extension.value, kind):
                title, words = known_title, describe(extension.value)
        oid = extension.oid.dotted_string
        found.append(Extension(oid, title, words, extension.critical))
    return found


def _unknown(extension: x509.Extension[Any]) -> tuple[str, str]:
    oid, value = extension.oid.dotted_string, extension.value
    try:
        is_raw = isinstance(value, x509.UnrecognizedExtension)
        content = value.value if is_raw else value.public_bytes()
    except ValueError:  # cryptography cannot encode everything that it reads.
        return f"extension {oid}", "content that cannot be shown"
    rest = "..." if len(content) > _SHOWN_BYTES else ""
    return f"extension {oid}", f"{len(content)} bytes: {content[:_SHOWN_BYTES].hex(' ')}{rest}"


def _basic_constraints(value: x509.BasicConstraints) -> str:
    if not value.ca:
        return "no"
    if value.path_length is None:
        return "yes, with any number of CAs below it"
    return f"yes, with at most {value.path_length} more CAs below it"


def _key_usage(value: x509.KeyUsage) -> str:
    return ", ".join(words for name, words in _USAGES.items() if getattr(value, name)) or "none"


def _purposes(value: x509.ExtendedKeyUsage) -> str:
    return ", ".join(_PURPOSES.get(oid) or oid.dotted_string for oid in value)


def _general_name(name: x509.GeneralName) -> str:
    """Return a name with its kind, unless it is a host's."""
    if isinstance(name, x509.DNSName):
        return _with_unicode(name.value) or "every DNS name"
    if isinstance(name, x509.IPAddress):
        return str(name.value)
    if isinstance(name, x509.DirectoryName):
        return f"directory name {name_words(name.value)}"
    if isinstance(name, x509.OtherName):
        return f"name of type {name.type_id.dotted_string}"
    if isinstance(name, x509.RegisteredID):
        return f"registered id {name.value.dotted_string}"
    kind = {x509.RFC822Name: "e-mail", x509.UniformResourceIdentifier: "URI"}[type(name)]
    return f"{kind} {name.value}"


def _with_unicode(name: str) -> str:
    """Return a DNS name, with its Unicode form beside it if it has one (xn--..., RFC 3490)."""
    try:
        text = name.encode("ascii").decode("idna")
    except UnicodeError:  # Not what an encoder makes: the name alone.
        return name
    return name if text == name or not text.isprintable() else f"{name} ({text})"


def _names(value: Iterable[x509.GeneralName]) -> str:
    return ", ".join(_general_name(name) for name in value) or "none"


def _name_constraints(value: x509.NameConstraints) -> str:
    parts = []
    if value.permitted_subtrees:
        parts.append(f"only {_names(value.permitted_subtrees)}")
    if value.excluded_subtrees:
        parts.append(f"not {_names(value.excluded_subtrees)}")
    return "; ".join(parts)


def _authority_key(value: x509.AuthorityKeyIdentifier) -> str:
    if value.key_identifier is None:
        return f"serial number {value.authority_cert_serial_number or 0:x}"
    return value.key_identifier.hex()


def _distribution_points(value: Iterable[x509.DistributionPoint]) -> str:
    return ", ".join(_names(point.full_name or ()) for point in value)


def _authority_access(value: x509.AuthorityInformationAccess) -> str:
    return ", ".join(
        f"{'OCSP' if entry.access_method == _OCSP else 'issuer'} "
        f"{_general_name(entry.access_location)}"
        for entry in value
    )


def _policies(value: x509.CertificatePolicies) -> str:
    return ", ".join(policy.policy_identifier.dotted_string for policy in value)


_KNOWN: tuple[tuple[type[Any], str, Callable[[Any], str]], ...] = (
    (x509.SubjectAlternativeName, "names", _names),
    (x509.BasicConstraints, "is a CA", _basic_constraints),
    (x509.KeyUsage, "key usage", _key_usage),
    (x509.ExtendedKeyUsage, "purposes", _purposes),
    (x509.NameConstraints, "vouches for", _name_constraints),
    (x509.SubjectKeyIdentifier, "key identifier", lambda value: value.digest.hex()),
    (x509.AuthorityKeyIdentifier, "issuer's key", _authority_key),
    (x509.CRLDistributionPoints, "revocation lists", _distribution_points),
    (x509.AuthorityInformationAccess, "issuer's services", _authority_access),
    (x509.CertificatePolicies, "policies", _policies),
)
