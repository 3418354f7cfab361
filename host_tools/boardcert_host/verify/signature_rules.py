"""Which signature algorithms clients accept in a certificate.

Tried with OpenSSL 3.0, GnuTLS 3.7, NSS, Chromium and Java 17, each told to trust the CA: SHA-224,
DSA, SHA-3, Ed25519 and RSA-PSS with an unusual salt are each refused by Chromium, and most of them
by others; Firefox and Go have the same short list. OpenSSL and Java accept nearly all of them.
"""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import SignatureAlgorithmOID

from ..certificates.certificate import BROKEN_HASHES, signature_hash
from ..show.words import hash_words, signature_words

_ACCEPTED = (
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
)
_PSS_HASHES = ("sha256", "sha384", "sha512")
_BROWSERS = "browsers refuse it"


def why_refused(certificate: x509.Certificate) -> str | None:
    """Return why clients refuse the algorithm of the certificate's signature; None: they do not."""
    oid, name = certificate.signature_algorithm_oid, signature_hash(certificate)
    if oid in _ACCEPTED:
        return None
    if name and name in BROKEN_HASHES:
        return f"{hash_words(name).partition(' ')[0]} is broken"
    if oid == SignatureAlgorithmOID.RSASSA_PSS and name in _PSS_HASHES:
        return _why_pss_is_refused(certificate)
    words = signature_words(certificate)
    if oid.dotted_string in words:  # Of an algorithm, or of parameters, that nobody knows.
        return f"unknown algorithm {oid.dotted_string}"
    return f"{words}: {_BROWSERS}; sign with ECDSA or RSA, and SHA-256"


def _why_pss_is_refused(certificate: x509.Certificate) -> str | None:
    """RFC 8446, section 4.2.3: both hashes are one, and the salt is as long as a digest."""
    parameters, digest = certificate.signature_algorithm_parameters, _digest_of(certificate)
    if not isinstance(parameters, padding.PSS):
        return f"{signature_words(certificate)}: {_BROWSERS}"
    salt_bytes = parameters._salt_length
    if salt_bytes != digest:
        hint = "with openssl, -sigopt rsa_pss_saltlen:digest"
        return f"RSA-PSS with a salt of {salt_bytes} bytes: {_BROWSERS}, and GnuTLS; {hint}"
    if parameters.mgf._algorithm.name != signature_hash(certificate):
        return f"RSA-PSS with two different hashes: {_BROWSERS}, and GnuTLS"
    return None


def _digest_of(certificate: x509.Certificate) -> int:
    """Return the bytes of a digest of the signature's hash."""
    algorithm = certificate.signature_hash_algorithm
    return algorithm.digest_size if algorithm else 0
