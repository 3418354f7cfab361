"""An RSA key for tests that need any: a computer takes a tenth of a second to find one."""

import functools

from cryptography.hazmat.primitives.asymmetric import rsa


@functools.cache
def rsa_2048() -> rsa.RSAPrivateKey:
    """Return the same key each time."""
    return rsa.generate_private_key(65537, 2048)
