"""SHA-512 (FIPS 180-4): what SHA-384 is, from another beginning and with nothing cut off."""

from .sha384 import hash_from

# The first 64 bits of the fractional parts of the square roots of the first 8 primes
# (FIPS 180-4 section 5.3.5).
_INITIAL = (
    b"\x6a\x09\xe6\x67\xf3\xbc\xc9\x08\xbb\x67\xae\x85\x84\xca\xa7\x3b"
    b"\x3c\x6e\xf3\x72\xfe\x94\xf8\x2b\xa5\x4f\xf5\x3a\x5f\x1d\x36\xf1"
    b"\x51\x0e\x52\x7f\xad\xe6\x82\xd1\x9b\x05\x68\x8c\x2b\x3e\x6c\x1f"
    b"\x1f\x83\xd9\xab\xfb\x41\xbd\x6b\x5b\xe0\xcd\x19\x13\x7e\x21\x79"
)


def sha512(*parts: bytes) -> bytes:
    """Return the SHA-512 digest, 64 bytes, of the concatenated *parts*."""
    return hash_from(_INITIAL, parts)
