"""HMAC_DRBG over SHA-256 (SP 800-90A Rev. 1 section 10.1.2), at 256 bits of strength.

And the numbers below a modulus that are made of its output.
"""

import hashlib

from micropython import const

from .sha384 import INNER, OUTER, mask

_SHA256_BLOCK_BYTES = const(64)
_OUTPUT_BYTES = const(32)


class HMACDRBG:
    """A deterministic random bit generator; as good as the entropy that seeds it.

    It takes its caller's word for how good the entropy is: noise.py answers for that, and gives
    more than the 384 bits that MIN_SEED_BYTES stands for.
    """

    MIN_ENTROPY_BYTES = 32  # Table 2: the security strength, when instantiated and reseeded.
    MIN_SEED_BYTES = 48  # Section 8.6.7: the nonce adds half the strength again.
    MAX_REQUEST_BYTES = 65536  # Table 2: 2**19 bits.
    RESEED_INTERVAL = 2**48  # Table 2, in requests.

    def __init__(self, entropy: bytes, nonce: bytes = b"", personalization: bytes = b"") -> None:
        """Instantiate (section 10.1.2.3).

        *nonce* may be empty when *entropy* is long enough for both (MIN_SEED_BYTES).
        Raises ValueError for less than that.
        """
        self._check_entropy(entropy)
        if len(entropy) + len(nonce) < self.MIN_SEED_BYTES:
            raise ValueError("entropy and nonce too short")
        self._key = bytes(_OUTPUT_BYTES)
        self._v = b"\x01" * _OUTPUT_BYTES
        self._update(entropy, nonce, personalization)
        self._requests = 0

    def reseed(self, entropy: bytes, additional: bytes = b"") -> None:
        """Mix in fresh entropy (section 10.1.2.4)."""
        self._check_entropy(entropy)
        self._update(entropy, additional)
        self._requests = 0

    def generate(self, n: int, additional: bytes = b"") -> bytes:
        """Return *n* random bytes (section 10.1.2.5).

        Raises ValueError for more than MAX_REQUEST_BYTES, and RuntimeError when
        RESEED_INTERVAL requests were answered since the last seed.
        """
        if not 0 <= n <= self.MAX_REQUEST_BYTES:
            raise ValueError("request out of range")
        if self._requests >= self.RESEED_INTERVAL:
            raise RuntimeError("reseed needed")
        if additional:
            self._update(additional)
        output = bytearray()
        while len(output) < n:
            self._v = _hmac(self._key, self._v)
            output.extend(self._v)
        self._update(additional)
        self._requests += 1
        return bytes(output[:n])

    def _update(self, *provided: bytes) -> None:
        """HMAC_DRBG_Update (section 10.1.2.2) with the concatenated *provided* data."""
        data = b"".join(provided)
        for separator in (b"\x00", b"\x01"):
            self._key = _hmac(self._key, b"".join((self._v, separator, data)))
            self._v = _hmac(self._key, self._v)
            if not data:
                return

    def _check_entropy(self, entropy: bytes) -> None:
        if len(entropy) < self.MIN_ENTROPY_BYTES:
            raise ValueError("entropy too short")


def random_nonzero(m: int, m_bytes: int, random) -> int:
    """Return a number from 1 to m - 1 out of at least 64 bits more than *m* has.

    FIPS 186-5 A.2.1 and A.3.1: the bias is below 2**-64. *random*: random(n) -> n bytes.
    """
    return int.from_bytes(random(m_bytes + 8), "big") % (m - 1) + 1


def _hmac(key: bytes, data: bytes) -> bytes:
    """Return HMAC-SHA-256 (FIPS 198-1) of *data* under *key*, which is shorter than a block.

    The hash is called from here: of a signature this is the deepest call, for which a Pico's stack
    must suffice, and sha384.hmac takes 0.4 KB more of it.
    """
    padded = bytearray(_SHA256_BLOCK_BYTES)
    padded[: len(key)] = key
    mask(padded, _SHA256_BLOCK_BYTES, INNER)
    inner = hashlib.sha256(padded + data).digest()
    mask(padded, _SHA256_BLOCK_BYTES, INNER ^ OUTER)
    return hashlib.sha256(padded + inner).digest()
