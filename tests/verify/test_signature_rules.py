"""Signatures that verify accepts: those that every client accepts, see signature_rules."""

import datetime

import pytest
from boardcert_host.verify.checks import certificate_checks
from boardcert_host.verify.outcomes import Expected
from certificates import DAY, name
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding
from rsa_keys import rsa_2048

_RSA = rsa_2048()
_EC = ec.generate_private_key(ec.SECP384R1())
_NOW = datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc)


def outcome(key, hash, salt_bytes=None, mgf=None):
    """Return the outcome of the check of a certificate that *key* has self-signed."""
    builder = x509.CertificateBuilder(name(), name(), key.public_key(), 1 << 100)
    builder = builder.not_valid_before(_NOW).not_valid_after(_NOW + DAY)
    pss = salt_bytes and padding.PSS(padding.MGF1(mgf or hash), salt_bytes)
    made = builder.sign(key, hash, **({"rsa_padding": pss} if pss else {}))
    checks = certificate_checks(made, Expected("kitchen.local", True, _NOW))
    (found,) = [check for check in checks if check.id == "signature_algorithm"]
    return found.status, found.detail


@pytest.mark.parametrize("hash", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_what_every_client_takes_passes(hash):
    """ECDSA, RSA, and RSA-PSS with a salt as long as the digest pass."""
    size = f"SHA-{hash.digest_size * 8}"
    assert outcome(_EC, hash) == ("pass", f"ECDSA with {size}")
    assert outcome(_RSA, hash) == ("pass", f"RSA (PKCS #1 v1.5) with {size}")
    assert outcome(_RSA, hash, hash.digest_size) == ("pass", f"RSA-PSS with {size}")


@pytest.mark.parametrize(
    ("key", "hash", "words"),
    [
        (_EC, hashes.SHA3_256(), "ECDSA with SHA3-256"),
        (_RSA, hashes.SHA3_384(), "RSA (PKCS #1 v1.5) with SHA3-384"),
        (_EC, hashes.SHA224(), "ECDSA with SHA-224"),
        (dsa.generate_private_key(1024), hashes.SHA256(), "DSA with SHA-256"),  # noqa: S505
        (ed25519.Ed25519PrivateKey.generate(), None, "Ed25519"),
    ],
)
def test_what_browsers_refuse_fails(key, hash, words):
    """Algorithms that browsers refuse fail, though OpenSSL accepts nearly all."""
    status, detail = outcome(key, hash)
    hint = "sign with ECDSA or RSA, and SHA-256"
    assert (status, detail) == ("fail", f"{words}: browsers refuse it; {hint}")


def test_a_salt_of_another_length_fails():
    """openssl's default salt, the longest that fits, fails."""
    status, detail = outcome(_RSA, hashes.SHA256(), 222)
    assert status == "fail" and detail.startswith("RSA-PSS with a salt of 222 bytes: browsers")
    assert detail.endswith("-sigopt rsa_pss_saltlen:digest")
    status, detail = outcome(_RSA, hashes.SHA256(), 32, hashes.SHA384())
    assert (status, detail[:34]) == ("fail", "RSA-PSS with two different hashes:")
