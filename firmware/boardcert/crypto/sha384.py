"""SHA-384 (FIPS 180-4), and HMAC over any hash (FIPS 198-1): MicroPython has neither.

All functions here take their message in any number of parts.
"""
# ruff: noqa: F821 (ptr8 is a word of viper)
# pyright: reportUndefinedVariable=false

import hashlib
from array import array

import micropython
from micropython import const

try:
    from .kernel_sha512 import compress  # pyright: ignore[reportMissingImports]
except (ImportError, ValueError, MemoryError):  # No kernel for this firmware: viper does it.

    def compress(*arguments) -> None:
        """Do the same; who hashes before the arithmetic borrows sha512_block, 4 KB, for a while."""
        from .sha512_block import compress as update

        update(*arguments)


BLOCK_BYTES = const(128)
_PADDING_BYTES = const(17)  # At least: a one bit, and the 128-bit length of the message.
INNER = const(0x36)
OUTER = const(0x5C)
"""What HMAC masks its key with, byte by byte."""

_work = array("I", bytes(704))  # For compress.

# The first 64 bits of the fractional parts of the square roots of the 9th to 16th primes
# (FIPS 180-4 section 5.3.4).
_INITIAL = (
    b"\xcb\xbb\x9d\x5d\xc1\x05\x9e\xd8\x62\x9a\x29\x2a\x36\x7c\xd5\x07"
    b"\x91\x59\x01\x5a\x30\x70\xdd\x17\x15\x2f\xec\xd8\xf7\x0e\x59\x39"
    b"\x67\x33\x26\x67\xff\xc0\x0b\x31\x8e\xb4\x4a\x87\x68\x58\x15\x11"
    b"\xdb\x0c\x2e\x0d\x64\xf9\x8f\xa7\x47\xb5\x48\x1d\xbe\xfa\x4f\xa4"
)


def sha384(*parts: bytes) -> bytes:
    """Return the SHA-384 digest, 48 bytes, of the concatenated *parts*."""
    return hash_from(_INITIAL, parts)[:48]


def sha256(*parts: bytes) -> bytes:
    """Return the SHA-256 digest, 32 bytes, of the concatenated *parts*."""
    return hashlib.sha256(b"".join(parts)).digest()


def hash_from(initial: bytes, parts: tuple) -> bytes:
    """Return the whole final state of SHA-512, 64 bytes, that began with *initial*."""
    message = b"".join(parts)
    size = len(message)
    padded = bytearray(size + _PADDING_BYTES + BLOCK_BYTES - 1 & -BLOCK_BYTES)
    padded[:size] = message
    padded[size] = 0x80
    padded[-8:] = (8 * size).to_bytes(8, "big")
    state = bytearray(initial)
    compress(state, padded, _work, len(padded) // BLOCK_BYTES)
    return bytes(state)


def hmac(hash_function, block_bytes: int, key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC of the concatenated *parts* under *key*.

    *hash_function*(*parts) returns their digest; *block_bytes* is its input block.
    """
    if len(key) > block_bytes:
        key = hash_function(key)
    padded = bytearray(block_bytes)
    padded[: len(key)] = key
    mask(padded, block_bytes, INNER)
    inner = hash_function(padded, *parts)
    mask(padded, block_bytes, INNER ^ OUTER)
    return hash_function(padded, inner)


@micropython.viper
def mask(block: ptr8, size: int, mask: int):
    """XOR each byte of *block* with *mask*."""
    for i in range(size):
        block[i] = block[i] ^ mask
