"""SHA-384 (FIPS 180-4) and HMAC-SHA-384, which MicroPython's hashlib does not have."""

from array import array
from struct import pack

from micropython import const

from .hmac import hmac

try:
    from .kernel_sha512 import compress  # pyright: ignore[reportMissingImports]
except (ImportError, ValueError):  # No kernel for this processor: viper does it.
    from .sha512_block import compress

_BLOCK_BYTES = const(128)
_DIGEST_BYTES = const(48)
_LENGTH_OFFSET = const(120)  # Of the 128-bit message length; its first 8 bytes stay 0.

# The first 64 bits of the fractional parts of the square roots of the 9th to 16th primes
# (FIPS 180-4 section 5.3.4), each little-endian.
_INITIAL = (
    b"\xd8\x9e\x05\xc1\x5d\x9d\xbb\xcb\x07\xd5\x7c\x36\x2a\x29\x9a\x62"
    b"\x17\xdd\x70\x30\x5a\x01\x59\x91\x39\x59\x0e\xf7\xd8\xec\x2f\x15"
    b"\x31\x0b\xc0\xff\x67\x26\x33\x67\x11\x15\x58\x68\x87\x4a\xb4\x8e"
    b"\xa7\x8f\xf9\x64\x0d\x2e\x0c\xdb\xa4\x4f\xfa\xbe\x1d\x48\xb5\x47"
)


class SHA384:
    """A running SHA-384; update takes any bytes-like object."""

    def __init__(self, data: bytes = b"") -> None:
        self._state = array("I", _INITIAL)
        self._block = bytearray(_BLOCK_BYTES)
        self._length = 0
        self.update(data)

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Add *data* to the message."""
        view = memoryview(data)
        used = self._length % _BLOCK_BYTES
        self._length += len(view)
        if used:
            taken = min(len(view), _BLOCK_BYTES - used)
            self._block[used : used + taken] = view[:taken]
            if used + taken < _BLOCK_BYTES:
                return
            compress(self._state, self._block)
            view = view[taken:]
        whole = len(view) - len(view) % _BLOCK_BYTES
        for offset in range(0, whole, _BLOCK_BYTES):
            compress(self._state, view[offset : offset + _BLOCK_BYTES])
        self._block[: len(view) - whole] = view[whole:]

    def digest(self) -> bytes:
        """Return the 48 bytes of the digest; the message may go on afterwards."""
        state = array("I", self._state)
        used = self._length % _BLOCK_BYTES
        block = bytearray(_BLOCK_BYTES)
        block[:used] = self._block[:used]
        block[used] = 0x80
        if used >= _LENGTH_OFFSET - 8:
            compress(state, block)
            block = bytearray(_BLOCK_BYTES)
        block[_LENGTH_OFFSET:] = (8 * self._length).to_bytes(8, "big")
        compress(state, block)
        # The digest is big-endian, while in the state the low half of a word comes first.
        return pack(">12I", *[state[i ^ 1] for i in range(_DIGEST_BYTES // 4)])


def sha384(*parts: bytes) -> bytes:
    """Return the SHA-384 digest, 48 bytes, of the concatenated *parts*."""
    running = SHA384()
    for part in parts:
        running.update(part)
    return running.digest()


def hmac_sha384(key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC-SHA-384, 48 bytes, of the concatenated *parts* under *key*."""
    return hmac(SHA384, _BLOCK_BYTES, key, *parts)
