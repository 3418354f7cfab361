"""The device's RSA keys, signatures and certificates, checked by cryptography and openssl."""

import asyncio
import os
import subprocess
from pathlib import Path

import boardcert
import pytest
from boardcert.certificates import keys
from boardcert.certificates.certificate import Certificate
from boardcert.credentials import background_key
from boardcert.crypto import rsa
from boardcert.crypto.ecdsa import InvalidSignature
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa as outside
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

_PKCS1 = Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
_SPKI = Encoding.DER, PublicFormat.SubjectPublicKeyInfo


@pytest.fixture(scope="module")
def ours() -> rsa.RSAPrivateKey:
    """Return a key that the device's code has generated."""
    return keys.generate("rsa2048", os.urandom)


def _sign(key: outside.RSAPrivateKey, message: bytes) -> bytes:
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def test_cryptography_accepts_a_generated_key(ours: rsa.RSAPrivateKey) -> None:
    """cryptography checks a generated key, writes the same bytes, and both verify each other."""
    theirs = load_der_private_key(ours.to_der(), None)
    assert isinstance(theirs, outside.RSAPrivateKey)
    assert theirs.private_bytes(*_PKCS1) == ours.to_der()
    assert theirs.public_key().public_bytes(*_SPKI) == ours.public_key_der
    public_key = load_der_public_key(ours.public_key_der)
    assert isinstance(public_key, outside.RSAPublicKey)
    signature = ours.sign(b"message", os.urandom)
    public_key.verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())
    assert _sign(theirs, b"message") == signature
    ours.check(b"message", signature, os.urandom)


@pytest.mark.needs("openssl")
def test_openssl_finds_the_primes_to_be_primes(ours: rsa.RSAPrivateKey) -> None:
    """openssl confirms that the primes are prime and the numbers consistent."""
    command = ["openssl", "rsa", "-inform", "DER", "-check", "-noout"]
    checked = subprocess.run(command, input=ours.to_der(), capture_output=True, check=True)
    assert b"RSA key ok" in checked.stdout + checked.stderr


@pytest.mark.parametrize("bits", rsa.SIZES)
def test_keys_of_cryptography_are_taken(bits: int) -> None:
    """Keys from cryptography are stored unchanged, and sign as cryptography does."""
    theirs = outside.generate_private_key(65537, bits)
    key = keys.from_der(theirs.private_bytes(*_PKCS1))
    assert key.key_type == f"rsa{bits}"
    assert key.to_der() == theirs.private_bytes(*_PKCS1)
    assert key.public_key_der == theirs.public_key().public_bytes(*_SPKI)
    assert key.sign(b"message", os.urandom) == _sign(theirs, b"message")
    with pytest.raises(InvalidSignature):
        key.check(b"massage", _sign(theirs, b"message"), os.urandom)


@pytest.mark.parametrize(("bits", "exponent"), [(1024, 65537), (2056, 65537), (2048, 3)])
def test_keys_of_other_sizes_are_refused(bits: int, exponent: int) -> None:
    """Short or unusual lengths, and exponents below FIPS 186-5's limit, are refused."""
    theirs = outside.generate_private_key(exponent, bits)
    with pytest.raises(ValueError, match="RSA"):
        keys.from_der(theirs.private_bytes(*_PKCS1))


@pytest.mark.parametrize("is_async", [False, True])
def test_an_identity_with_an_rsa_key(is_async: bool, tmp_path: Path) -> None:
    """An RSA identity is made at first boot, with or without an event loop, for its own key."""
    said: list[str] = []
    arguments = {"directory": str(tmp_path / "data"), "key_type": "rsa2048"}
    if is_async:
        me = asyncio.run(boardcert.identity_async(progress=said.append, **arguments))
    else:
        me = boardcert.identity(progress=said.append, **arguments)
    assert me.generated and not me.notices
    assert "first prime: 1 candidates tested" in said
    certificate = x509.load_der_x509_certificate(me.certificate)
    certificate.verify_directly_issued_by(certificate)
    assert isinstance(certificate.public_key(), outside.RSAPublicKey)
    again = asyncio.run(boardcert.identity_async(**arguments))
    assert not again.generated and again.certificate == me.certificate


def test_a_new_key_is_made_before_it_is_asked_for(tmp_path: Path) -> None:
    """A new RSA key is prepared in the background while the board serves; others are quick."""
    arguments = {"directory": str(tmp_path / "data"), "key_type": "rsa2048"}
    me = boardcert.identity(**arguments)
    made = asyncio.run(background_key.key_for(me))
    assert made
    me.new_key(made)
    assert keys.key_matches(made, Certificate(me.certificate).public_key_der)
    other = boardcert.identity(directory=str(tmp_path / "other"))
    assert asyncio.run(background_key.key_for(other)) is None
    pin = other.public_key_pin
    other.reset(None)
    assert other.public_key_pin != pin
