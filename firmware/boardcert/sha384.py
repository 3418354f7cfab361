"""SHA-384 (FIPS 180-4), and HMAC over any hash (FIPS 198-1): MicroPython has neither.

All functions here take their message in any number of parts.
"""
# ruff: noqa: F821 (ptr8 is a word of viper)
# pyright: reportUndefinedVariable=false

import hashlib
from array import array
from struct import pack, unpack_from

import micropython
from micropython import const

try:
    from .kernel import compress  # pyright: ignore[reportMissingImports]
except (ImportError, ValueError):  # No kernel for this processor: viper does it.
    from .sha512_block import compress

_BLOCK_BYTES = const(128)
_PADDING_BYTES = const(17)  # At least: a one bit, and the 128-bit length of the message.
_INNER = const(0x36)
_OUTER = const(0x5C)

_work = array("I", bytes(704))  # For compress.

# The first 64 bits of the fractional parts of the square roots of the 9th to 16th primes
# (FIPS 180-4 section 5.3.4), each little-endian.
_INITIAL = (
    b"\xd8\x9e\x05\xc1\x5d\x9d\xbb\xcb\x07\xd5\x7c\x36\x2a\x29\x9a\x62"
    b"\x17\xdd\x70\x30\x5a\x01\x59\x91\x39\x59\x0e\xf7\xd8\xec\x2f\x15"
    b"\x31\x0b\xc0\xff\x67\x26\x33\x67\x11\x15\x58\x68\x87\x4a\xb4\x8e"
    b"\xa7\x8f\xf9\x64\x0d\x2e\x0c\xdb\xa4\x4f\xfa\xbe\x1d\x48\xb5\x47"
)


def sha384(*parts: bytes) -> bytes:
    """Return the SHA-384 digest, 48 bytes, of the concatenated *parts*."""
    return hash_from(_INITIAL, parts)[:48]


def sha256(*parts: bytes) -> bytes:
    """Return the SHA-256 digest, 32 bytes, of the concatenated *parts*."""
    return hashlib.sha256(b"".join(parts)).digest()


def hash_of_size(digest_bytes: int) -> tuple:
    """Return (the function, its block's bytes) of the SHA-2 hash with so long a digest.

    Raises ValueError when that is not 32, 48 or 64.
    """
    if digest_bytes == 48:
        return sha384, _BLOCK_BYTES
    if digest_bytes == 32:
        return sha256, _BLOCK_BYTES // 2
    if digest_bytes == 64:
        from .sha512 import sha512

        return sha512, _BLOCK_BYTES
    raise ValueError("digest must be 32, 48 or 64 bytes")


def hash_from(initial: bytes, parts: tuple) -> bytes:
    """Return the whole final state of SHA-512, 64 bytes, that began with *initial*."""
    message = b"".join(parts)
    size = len(message)
    padded = bytearray(size + _PADDING_BYTES + _BLOCK_BYTES - 1 & -_BLOCK_BYTES)
    padded[:size] = message
    padded[size] = 0x80
    padded[-8:] = (8 * size).to_bytes(8, "big")
    state = array("I", initial)
    compress(state, padded, _work, len(padded) // _BLOCK_BYTES)
    # The digest is big-endian, the state, in which the low half of a word comes first, is not.
    return pack(">8Q", *unpack_from("<8Q", state))


def hmac(hash_function, block_bytes: int, key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC of the concatenated *parts* under *key*.

    *hash_function*(*parts) returns their digest; *block_bytes* is its input block.
    """
    if len(key) > block_bytes:
        key = hash_function(key)
    padded = bytearray(block_bytes)
    padded[: len(key)] = key
    _mask(padded, block_bytes, _INNER)
    inner = hash_function(padded, *parts)
    _mask(padded, block_bytes, _INNER ^ _OUTER)
    return hash_function(padded, inner)


@micropython.viper
def _mask(block: ptr8, size: int, mask: int):
    """XOR each byte of *block* with *mask*."""
    for i in range(size):
        block[i] = block[i] ^ mask
