"""ECDSA (FIPS 186-5 section 6), with hedged RFC 6979 nonces.

*curve* is an ec.Curve or an object with its methods. A *digest* is of SHA-256, SHA-384 or SHA-512;
its length says which. A signature is the pair (r, s), and *random* is random(n) -> n bytes.
"""

from micropython import const

from ..asn1 import der
from .drbg import random_nonzero
from .sha384 import BLOCK_BYTES, hmac, sha256, sha384

_DIGEST_SIZES = (32, 48, 64)  # Of SHA-256, SHA-384 and SHA-512, in bytes.
_CHECK_BYTES = const(4)


class InvalidSignature(Exception):
    """The signature does not belong to this key and digest."""


def sign(curve, d: int, digest: bytes, random, lent=None) -> tuple:
    """Return the signature of *digest* by the private scalar *d*.

    The nonce is that of RFC 6979 with random bytes, as many as the digest has, as additional data
    (section 3.6), so neither a bad random generator nor a fault repeated on one digest gives it
    away. *lent*: what was borrowed for hashing, which is given back before the arithmetic.
    """
    nonce = generate_nonce(curve, d, digest, random(len(digest)))
    if lent:
        lent.give_back()
    return sign_with_nonce(curve, d, digest, nonce, random)


def sign_with_nonce(curve, d: int, digest: bytes, k: int, random) -> tuple:
    """Return the signature with the nonce *k*, which must be secret and used once.

    Raises ValueError for *k* or *d* out of range, and for the one nonce in n that gives no
    signature. The secrets meet big-integer arithmetic only with a fresh random factor.
    """
    curve.check_scalar(d)
    return finish(curve, d, digest, (k, curve.multiply_base(k, random)), random)


def finish(curve, d: int, digest: bytes, nonce: tuple, random) -> tuple:
    """Return the signature with the *nonce* (k, k G); see sign_with_nonce."""
    k, point = nonce
    n = curve.n
    r = point[0] % n
    blind = random_nonzero(n, curve.size_bytes, random)
    blinded_sum = (blind * _to_scalar(curve, digest) + blind * d % n * r) % n
    s = curve.invert_scalar(blind * k % n) * blinded_sum % n
    if not (r and s):
        raise ValueError("nonce gives no signature")
    return r, s


def verify(curve, public_key: tuple, digest: bytes, signature: tuple) -> None:
    """Raise InvalidSignature unless *signature* signs *digest* for *public_key*, an affine point.

    Raises ValueError when the point is not on the curve. Variable time: all of it is public.
    """
    u1, u2 = factors(curve, digest, signature)
    compare(curve, curve.multiply_add(u1, u2, public_key), signature)


def check_own(curve, key_pair: tuple, signed: tuple, random, signer: int | None = None) -> None:
    """Raise InvalidSignature unless the signature of a digest is that for d, and Q is d G.

    *key_pair*: (d, Q). *signed*: (digest, signature). *signer*: the scalar e that has signed, if
    that is not d itself.
    Both at the price of a multiplication of the base point and a short one: for a random t,
    (u1 + u2 e + t d) G - t Q = (u1 + u2 e) G + t (d G - Q), which has the right x for every t
    when all is well, and for at most 4 of the 2**32 when Q, on the curve, is not d G: then d G - Q
    has the order n, a prime, so that one t at most leads to each of the points whose x is r modulo
    n, of which there are 4 at most, as p < 2 n. The first factor is secret, as it gives away d
    with t and the signature. Raises ValueError when Q is not on the curve.
    """
    u1, u2 = factors(curve, *signed)
    t = int.from_bytes(random(_CHECK_BYTES), "big")
    d, (x, y) = key_pair
    total = (u1 + u2 * (signer or d) + t * d) % curve.n
    compare(curve, curve.multiply_add(total, t, (x, -y % curve.p), random), signed[1])


def factors(curve, digest: bytes, signature: tuple) -> tuple:
    """Return u1 = z/s and u2 = r/s (FIPS 186-5 section 6.4.2)."""
    n = curve.n
    r, s = signature
    if not (0 < r < n and 0 < s < n):
        raise InvalidSignature("r or s out of range")
    w = curve.invert_scalar(s)
    return _to_scalar(curve, digest) * w % n, r * w % n


def compare(curve, point: tuple | None, signature: tuple) -> None:
    """Raise InvalidSignature unless *point* has the x that *signature* says, modulo n."""
    if point is None or point[0] % curve.n != signature[0]:
        raise InvalidSignature("signature does not match")


def _to_scalar(curve, digest: bytes) -> int:
    """Return the leftmost bits of *digest*, as many as *n* has (RFC 6979 section 2.3.2)."""
    if len(digest) not in _DIGEST_SIZES:
        raise ValueError("digest must be 32, 48 or 64 bytes")
    excess = 8 * len(digest) - curve.bits
    z = int.from_bytes(digest, "big")
    return z >> excess if excess > 0 else z


def hash_of_size(digest_bytes: int) -> tuple:
    """Return (the function, its block's bytes) of the SHA-2 hash with a digest of this length.

    Raises ValueError for a length that is not in _DIGEST_SIZES.
    """
    if digest_bytes == 48:
        return sha384, BLOCK_BYTES
    if digest_bytes == 32:
        return sha256, BLOCK_BYTES // 2
    if digest_bytes == 64:
        from .sha512 import sha512

        return sha512, BLOCK_BYTES
    raise ValueError("digest must be 32, 48 or 64 bytes")


def generate_nonce(curve, d: int, digest: bytes, extra: bytes = b"") -> int:
    """Return the nonce of RFC 6979 section 3.2 with HMAC of *digest*'s hash, and *extra* (3.6).

    *d*: the private scalar. Raises ValueError unless it is from 1 to n - 1.
    """
    curve.check_scalar(d)
    n = curve.n
    n_bytes = curve.size_bytes
    z = _to_scalar(curve, digest)
    hash_function, block_bytes = hash_of_size(len(digest))
    seed = d.to_bytes(n_bytes, "big") + (z % n).to_bytes(n_bytes, "big") + extra
    v = b"\x01" * len(digest)  # step b
    key = bytes(len(digest))  # step c
    for separator in (b"\x00", b"\x01"):  # steps d to g
        key = hmac(hash_function, block_bytes, key, v, separator, seed)
        v = hmac(hash_function, block_bytes, key, v)
    while True:  # step h
        t = b""
        while len(t) < n_bytes:
            v = hmac(hash_function, block_bytes, key, v)
            t += v
        k = int.from_bytes(t, "big") >> (8 * len(t) - curve.bits)
        if 0 < k < n:
            return k
        key = hmac(hash_function, block_bytes, key, v, b"\x00")
        v = hmac(hash_function, block_bytes, key, v)


def encode_signature(signature: tuple) -> bytes:
    """Return the DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3)."""
    return der.encode_sequence(*[der.encode_integer(number) for number in signature])


def decode_signature(data: bytes) -> tuple:
    """Return (r, s) of a DER Ecdsa-Sig-Value; ValueError unless it is exactly that."""
    content = der.decode_one(data, der.SEQUENCE)
    r, offset = der.decode_next(content, der.INTEGER, 0)
    return der.decode_integer(r), der.decode_integer(der.decode_one(content[offset:], der.INTEGER))
