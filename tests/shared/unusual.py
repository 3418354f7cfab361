"""Certificates and keys as other programs write them, or used to.

Each represents a kind of file that users have; test_unusual tries them with the host, and
make_chains with the board.
"""

from certificates import DAY, Identity, children, make, name, rewrite, tlv
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from rsa_keys import rsa_2048

DER = Encoding.DER
_CURVE = bytes.fromhex("06052b81040022")  # 1.3.132.0.34, P-384
_EC_KEY = bytes.fromhex("06072a8648ce3d0201")
_RSA_WITH_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
_PSS_WITHOUT_PARAMETERS = bytes.fromhex("300b06092a864886f70d01010a")
_ECDSA_WITH_SHA1 = tlv(0x30, bytes.fromhex("06072a8648ce3d0401"))
_ECDSA_WITH_SHA3 = tlv(0x30, bytes.fromhex("060960864801650304030a"))
_PSS_KEY = bytes.fromhex("06092a864886f70d01010a")


def p384_key(first_bit: int = 1) -> ec.EllipticCurvePrivateKey:
    """Return a key whose scalar begins with that bit."""
    while True:
        key = ec.generate_private_key(ec.SECP384R1())
        if key.private_numbers().private_value >> 383 == first_bit:
            return key


def _parts(key: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    """Return (the scalar, the point in the element [1])."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    scalar = key.private_numbers().private_value.to_bytes(48, "big")
    return scalar, tlv(0xA1, tlv(3, b"\0" + point))


def gnutls_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return SEC 1 as certtool writes it: the scalar as an INTEGER, with its leading zeros."""
    scalar, point = _parts(key)
    return tlv(0x30, b"\2\1\1" + tlv(4, b"\0" + scalar) + tlv(0xA0, _CURVE) + point)


def short_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return SEC 1 without a scalar's leading zeros, as old versions of OpenSSL and Java do."""
    scalar, point = _parts(key)
    return tlv(0x30, b"\2\1\1" + tlv(4, scalar.lstrip(b"\0")) + tlv(0xA0, _CURVE) + point)


def python_ecdsa_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return PKCS#8 of version 2, without a public key outside SEC 1."""
    scalar, point = _parts(key)
    inner = tlv(0x30, b"\2\1\1" + tlv(4, scalar) + point)
    return tlv(0x30, b"\2\1\1" + tlv(0x30, _EC_KEY + _CURVE) + tlv(4, inner))


def compressed_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return SEC 1 with the point as x alone, as `openssl ec -conv_form compressed` writes it."""
    scalar, _ = _parts(key)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    elements = tlv(4, scalar) + tlv(0xA0, _CURVE) + tlv(0xA1, tlv(3, b"\0" + point))
    return tlv(0x30, b"\2\1\1" + elements)


def in_pkcs8(sec1: bytes) -> bytes:
    """Return the PKCS#8 of a key in SEC 1."""
    return tlv(0x30, b"\2\1\0" + tlv(0x30, _EC_KEY + _CURVE) + tlv(4, sec1))


def pss_key(key: rsa.RSAPrivateKey) -> bytes:
    """Return PKCS#8 of an RSA key that may sign by RSASSA-PSS only."""
    pkcs1 = key.private_bytes(DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return tlv(0x30, b"\2\1\0" + tlv(0x30, _PSS_KEY) + tlv(4, pkcs1))


def with_other_label(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return PKCS#8 with the labels of SEC 1."""
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.replace(b"PRIVATE KEY", b"EC PRIVATE KEY")


def pss_without_parameters() -> Identity:
    """Make an RSASSA-PSS certificate without the algorithm's required parameters."""
    key = rsa_2048()
    builder = x509.CertificateBuilder(name(), name(), key.public_key(), 1 << 100)
    now = x509.load_der_x509_certificate(make().der).not_valid_before_utc
    builder = builder.not_valid_before(now).not_valid_after(now + 90 * DAY)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    der = builder.add_extension(names, False).sign(key, hashes.SHA256())
    tbs, _, signature = children(contents(der.public_bytes(DER)))
    changed = contents(tbs).replace(_RSA_WITH_SHA256, _PSS_WITHOUT_PARAMETERS)
    return Identity(key, tlv(0x30, tlv(0x30, changed) + _PSS_WITHOUT_PARAMETERS + signature))


def signed_with_sha1(identity: Identity, issuer: Identity | None = None) -> Identity:
    """Sign the certificate again with SHA-1."""
    return rewrite(identity, lambda elements: None, hashes.SHA1(), _ECDSA_WITH_SHA1, issuer)


def signed_with_sha3(identity: Identity, issuer: Identity | None = None) -> Identity:
    """Sign the certificate again with SHA3-256, which mbedTLS does not know."""
    return rewrite(identity, lambda elements: None, hashes.SHA3_256(), _ECDSA_WITH_SHA3, issuer)


def compressed_spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the SubjectPublicKeyInfo with a compressed point."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return tlv(0x30, tlv(0x30, _EC_KEY + _CURVE) + tlv(3, b"\0" + point))


def compressed(identity: Identity, issuer: Identity | None = None) -> Identity:
    """Make the certificate for the same key with a compressed point."""
    spki = compressed_spki(identity.key)
    return rewrite(identity, lambda elements: elements.__setitem__(6, spki), issuer=issuer)


def for_pss_alone(issuer: Identity) -> Identity:
    """Make a certificate for an RSA key that may sign by RSASSA-PSS only."""
    leaf = make(issuer=issuer, key=rsa_2048())

    def edit(elements: list[bytes]) -> None:
        key_bits = children(contents(elements[6]))[1]
        elements[6] = tlv(0x30, tlv(0x30, _PSS_KEY) + key_bits)

    return rewrite(leaf, edit, issuer=issuer)


def version_1(identity: Identity) -> Identity:
    """Make the certificate as `openssl x509 -req` does without -extfile: version 1, no names."""

    def edit(elements: list[bytes]) -> None:
        del elements[7], elements[0]

    return rewrite(identity, edit)


def contents(element: bytes) -> bytes:
    """Return the content of a DER element."""
    return element[2 + (element[1] & 0x7F if element[1] & 0x80 else 0) :]
