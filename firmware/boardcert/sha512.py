"""SHA-512 (FIPS 180-4): what SHA-384 is, from another beginning and with nothing cut off."""

from .sha384 import hash_from

# The first 64 bits of the fractional parts of the square roots of the first 8 primes
# (FIPS 180-4 section 5.3.5), each little-endian.
_INITIAL = (
    b"\x08\xc9\xbc\xf3\x67\xe6\x09\x6a\x3b\xa7\xca\x84\x85\xae\x67\xbb"
    b"\x2b\xf8\x94\xfe\x72\xf3\x6e\x3c\xf1\x36\x1d\x5f\x3a\xf5\x4f\xa5"
    b"\xd1\x82\xe6\xad\x7f\x52\x0e\x51\x1f\x6c\x3e\x2b\x8c\x68\x05\x9b"
    b"\x6b\xbd\x41\xfb\xab\xd9\x83\x1f\x79\x21\x7e\x13\x19\xcd\xe0\x5b"
)


def sha512(*parts: bytes) -> bytes:
    """Return the SHA-512 digest, 64 bytes, of the concatenated *parts*."""
    return hash_from(_INITIAL, parts)
