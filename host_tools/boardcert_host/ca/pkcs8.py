"""Encrypt a private key: PKCS#8 in a form that every program reads (RFC 5958, RFC 8018).

cryptography writes the same form, but its 2,048 rounds of PBKDF2 hardly slow down guessing.
"""

import base64
import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from ..certificates.der import INTEGER, OCTET_STRING, SEQUENCE, element

# OWASP's Password Storage Cheat Sheet for PBKDF2 with HMAC-SHA-256: some 0.3 s here.
_ROUNDS = 600_000
_SALT_BYTES = 16
_KEY_BYTES = 32
_BLOCK_BYTES = 16
# OBJECT IDENTIFIERs: 1.2.840.113549.1.5.13, 1.2.840.113549.1.5.12, 2.16.840.1.101.3.4.1.42; and
# the AlgorithmIdentifier of 1.2.840.113549.2.9.
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_AES256_CBC = bytes.fromhex("060960864801650304012a")
_HMAC_SHA256 = bytes.fromhex("300c06082a864886f70d02090500")


def encrypt(private_key_info: bytes, passphrase: str) -> bytes:
    """Return PKCS#8 DER encrypted, as PEM: PBES2, PBKDF2 with HMAC-SHA-256, AES-256-CBC."""
    salt, vector = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_BLOCK_BYTES)
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, _KEY_BYTES)
    padder = PKCS7(8 * _BLOCK_BYTES).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    padded = padder.update(private_key_info) + padder.finalize()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    rounds = element(INTEGER, _ROUNDS.to_bytes(3, "big"))
    derivation = element(SEQUENCE, element(OCTET_STRING, salt), rounds, _HMAC_SHA256)
    function = element(SEQUENCE, _PBKDF2, derivation)
    scheme = element(SEQUENCE, _AES256_CBC, element(OCTET_STRING, vector))
    algorithm = element(SEQUENCE, _PBES2, element(SEQUENCE, function, scheme))
    der = element(SEQUENCE, algorithm, element(OCTET_STRING, encrypted))
    lines = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----"]
    text = base64.b64encode(der)
    lines += [text[start : start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([*lines, b"-----END ENCRYPTED PRIVATE KEY-----", b""])
