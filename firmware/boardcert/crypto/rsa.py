"""RSA key pairs: stored as PKCS#1 DER, signing with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 8017).

What leaks by timing: see the engines, rsa_kernel and rsa_bigint. Signing blinds base and exponents.
Big integers of varying time find out whether a key is consistent, once each time it is read.
"""

from hashlib import sha256

from ..asn1 import der
from ..asn1.oids import encode_oid
from .drbg import random_nonzero
from .inverse import inverse

SIZES = (2048, 3072, 4096)
"""Of moduli, in bits."""

_OID_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_OID_SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
_OID_SHA2 = "2.16.840.1.101.3.4.2."  # 1, 2, 3: SHA-256, SHA-384, SHA-512
_NULL = b"\x05\x00"
_MAX_DER_BYTES = 2400  # A key of 4096 bits has 2350, and more when e is long.
_BLIND_BYTES = 32
_EXPONENT_BLIND_BYTES = 8

_engine = None


class RSAPrivateKey:
    """An RSA key pair. Its representation shows no secret."""

    def __init__(self, n: int, e: int, d: int, p: int, q: int, q_inverse: int) -> None:
        """*q_inverse*: 1/q modulo p. Raises ValueError when the numbers do not belong together.

        That p and q are prime is not made sure of. They have half the bits of n each, a multiple
        of 32.
        """
        size = 4
        while p >> 8 * size:
            size += 4
        if p * q != n or p == q or p >> 8 * size - 1 != 1 or q >> 8 * size - 1 != 1:
            raise ValueError("RSA: not the product of two numbers of half its length")
        if n >> 16 * size - 1 != 1:
            raise ValueError("RSA: modulus too small for its length")
        if not e & 1 or not 1 << 16 < e < 1 << 256:
            raise ValueError("RSA: public exponent out of range")
        if not 0 < d < n or d * e % (p - 1) != 1 or d * e % (q - 1) != 1:
            raise ValueError("RSA: the private exponent does not fit")
        if not 0 < q_inverse < p or q * q_inverse % p != 1:
            raise ValueError("RSA: the coefficient does not fit")
        self._numbers = n, e, d, p, q, d % (p - 1), d % (q - 1), q_inverse
        self._half_bytes = size

    @classmethod
    def from_der(cls, data: bytes) -> "RSAPrivateKey":
        """Return the key pair of a two-prime RSAPrivateKey (RFC 8017, A.1.2) of one of SIZES.

        Raises ValueError for anything else, and for numbers that do not belong together.
        """
        if len(data) > _MAX_DER_BYTES:
            raise ValueError("RSA: private key too long")
        elements = der.decode_all(der.decode_one(data, der.SEQUENCE))
        if [tag for tag, _ in elements] != 9 * [der.INTEGER]:
            raise ValueError("not an RSA private key")
        numbers = tuple(der.decode_integer(content) for _, content in elements)
        version, n, e, d, p, q, _, _, q_inverse = numbers
        if version != 0:
            raise ValueError("not a two-prime RSA private key")
        key = cls(n, e, d, p, q, q_inverse)
        if key.size_bytes * 8 not in SIZES:
            raise ValueError("RSA: not of 2048, 3072 or 4096 bits")
        if (0,) + key._numbers != numbers:
            raise ValueError("RSA: the exponents do not fit the primes")
        return key

    key_type = property(lambda self: f"rsa{8 * self.size_bytes}")
    size_bytes = property(lambda self: 2 * self._half_bytes)

    def to_der(self) -> bytes:
        """Return the RSAPrivateKey (RFC 8017, A.1.2)."""
        return der.encode_sequence(*[der.encode_integer(x) for x in (0,) + self._numbers])

    @property
    def public_key_der(self) -> bytes:
        """The SubjectPublicKeyInfo (RFC 3279, 2.3.1)."""
        numbers = [der.encode_integer(x) for x in self._numbers[:2]]
        return der.encode_sequence(
            der.encode_sequence(encode_oid(_OID_RSA_ENCRYPTION), _NULL),
            der.encode_bit_string(der.encode_sequence(*numbers)),
        )

    @property
    def signature_algorithm(self) -> bytes:
        """The AlgorithmIdentifier of the signatures, in DER."""
        return der.encode_sequence(encode_oid(_OID_SHA256_WITH_RSA), _NULL)

    def sign(self, data: bytes, random) -> bytes:
        """Return the signature of *data*; see sign_steps."""
        return finish(self.sign_steps(data, random))

    def sign_steps(self, data: bytes, random):
        """Yield now and then; return the signature of *data* (RFC 8017, 8.2.1), by the CRT.

        It is verified before it is returned: a fault in computing one could give the key away.
        Raises InvalidSignature then. *random*: random(n) -> n bytes.
        """
        n, e, _, p, q, d_p, d_q, q_inverse = self._numbers
        message = encode_message(sha256(data).digest(), self.size_bytes)
        blind = random_nonzero(1 << 8 * _BLIND_BYTES, _BLIND_BYTES, random)
        # 1/blind modulo n, by way of 1/n modulo blind, which is short. No prime of n divides it.
        unblind = (1 + n * (-inverse(n, blind) % blind)) // blind if blind > 1 else 1
        modulus = engine().Modulus(n, self.size_bytes)
        blinded = message * (yield from modulus.public_power(blind, e)) % n
        s_p = yield from self._power(blinded, d_p, p, random)
        s_q = yield from self._power(blinded, d_q, q, random)
        signature = (s_q + q * ((s_p - s_q) * q_inverse % p)) * unblind % n
        if (yield from modulus.public_power(signature, e)) != message:
            _refuse()
        return signature.to_bytes(self.size_bytes, "big")

    def check(self, data: bytes, signature: bytes, random) -> None:
        """Make sure of the *signature* of *data* by this key pair.

        Raises InvalidSignature unless it fits. That the numbers of the pair belong together was
        made sure of when it was made; *random* is not used.
        """
        n, e = self._numbers[:2]
        s = int.from_bytes(signature, "big")
        if len(signature) != self.size_bytes or s >= n:
            _refuse()
        message = encode_message(sha256(data).digest(), self.size_bytes)
        if finish(engine().Modulus(n, self.size_bytes).public_power(s, e)) != message:
            _refuse()

    def _power(self, base: int, exponent: int, prime: int, random):
        """Yield now and then; return base**exponent modulo *prime*, the exponent blinded."""
        blind = int.from_bytes(random(_EXPONENT_BLIND_BYTES), "big")
        exponent_bytes = self._half_bytes + _EXPONENT_BLIND_BYTES
        modulus = engine().Modulus(prime, self._half_bytes)
        blinded = exponent + blind * (prime - 1)
        return (yield from modulus.power(base % prime, blinded, exponent_bytes))

    def __repr__(self) -> str:
        return f"<RSAPrivateKey {self.key_type}>"


def encode_message(digest: bytes, size_bytes: int) -> int:
    """Return EMSA-PKCS1-v1_5 (RFC 8017, 9.2) of a SHA-2 *digest*, whose length says which."""
    info = der.encode_sequence(
        der.encode_sequence(encode_oid(f"{_OID_SHA2}{len(digest) // 16 - 1}"), _NULL),
        der.encode_octet_string(digest),
    )
    padding = b"\xff" * (size_bytes - len(info) - 3)
    return int.from_bytes(b"\x00\x01" + padding + b"\x00" + info, "big")


def engine():
    """Return the fastest engine that this board can load, loading it at the first use."""
    global _engine
    if _engine is None:
        try:
            from . import rsa_kernel as found
        except (ImportError, ValueError):  # No kernel for this processor.
            from . import rsa_bigint as found
        _engine = found
    return _engine


def finish(steps):
    """Take all *steps*, and return what their generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _refuse() -> None:
    from .ecdsa import InvalidSignature

    raise InvalidSignature("RSA: the signature does not fit")
