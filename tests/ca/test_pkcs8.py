"""Encrypted private keys can be opened by other programs."""

import subprocess

import pytest
from boardcert_host.ca.store import private_pem
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from rsa_keys import rsa_2048

_PASSPHRASE = "correct horse, bättery"  # noqa: S105 (of a test)
_KEYS = [
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP384R1()),
    rsa_2048(),
]


def public(key):
    """Return the public key as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("key", _KEYS)
@pytest.mark.needs("openssl")
@pytest.mark.needs("certtool")
def test_others_open_it_with_the_passphrase(key, tmp_path):
    """cryptography, OpenSSL and GnuTLS open the key with the passphrase, and see the same key."""
    pem = private_pem(key, _PASSPHRASE)
    assert public(load_pem_private_key(pem, _PASSPHRASE.encode())) == public(key)
    path, secret = tmp_path / "key.pem", tmp_path / "secret"
    path.write_bytes(pem)
    secret.write_text(_PASSPHRASE, "utf-8")
    command = ["openssl", "pkey", "-in", path, "-passin", f"file:{secret}", "-pubout"]
    answer = subprocess.run(command, check=True, capture_output=True).stdout
    assert answer == public(key)
    command = ["certtool", "--load-privkey", path, "--password", _PASSPHRASE, "--pubkey-info"]
    answer = subprocess.run(command, check=True, capture_output=True).stdout
    assert answer.endswith(public(key))


@pytest.mark.needs("openssl")
def test_it_is_costly_to_guess(tmp_path):
    """OpenSSL finds 600,000 rounds (hex 0927C0) and AES-256."""
    path = tmp_path / "key.pem"
    path.write_bytes(private_pem(_KEYS[0], _PASSPHRASE))
    command = ["openssl", "asn1parse", "-in", path]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert ":0927C0" in answer and ":aes-256-cbc" in answer and ":hmacWithSHA256" in answer


def test_salt_and_vector_are_new_each_time():
    """Encrypting one key twice with one passphrase gives different files."""
    first, second = (private_pem(_KEYS[0], _PASSPHRASE) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("wrong", [b"", b"Correct horse", _PASSPHRASE.encode() + b" "])
def test_another_passphrase_does_not_open_it(wrong):
    """Another passphrase does not open the key, even a similar one."""
    with pytest.raises((ValueError, TypeError)):
        load_pem_private_key(private_pem(_KEYS[0], _PASSPHRASE), wrong)


def test_without_a_passphrase_it_is_plain():
    """Without a passphrase the key is plain, as `ca init` writes it then."""
    pem = private_pem(_KEYS[0])
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----") and load_pem_private_key(pem, None)
