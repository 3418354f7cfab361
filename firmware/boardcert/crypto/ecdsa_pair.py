"""Check two signatures by one key, and two key pairs, at the price of one: for a first boot.

For a board that makes a key and an authority for it; see ecdsa, whose words these are.
"""

from . import ecdsa
from .sha384 import sha384

_CHECK_BYTES = 4  # As in ecdsa.check_own.


def sign_both(curve, pairs: list, data: tuple, random, begin_check) -> list:
    """Return the DER signatures of both *data* by the first of two key pairs, once all is checked.

    *curve*: P-384, or one that goes with SHA-384; *pairs*: (d, Q encoded) of the signer and of
    another key; *begin_check*() is called in between. Raises as check.
    """
    signed = []
    for one in data:
        digest = sha384(one)
        k = ecdsa.generate_nonce(curve, pairs[0][0], digest, random(len(digest)))
        point = curve.multiply_base(k, random)
        signature = ecdsa.finish(curve, pairs[0][0], digest, (k, point), random)
        signed.append((digest, ecdsa.encode_signature(signature), point))
    begin_check()
    read = [(digest, ecdsa.decode_signature(one), point) for digest, one, point in signed]
    signer, other = [(d, curve.decode_point(encoded)) for d, encoded in pairs]
    for d, _ in (signer, other):
        curve.check_scalar(d)
    check(curve, (signer, other), (read[0], read[1][:2]), random)
    return [one for _, one, _ in signed]


def check(curve, pairs: tuple, signed: tuple, random) -> None:
    """Raise InvalidSignature unless both signatures are by the first of *pairs*, and both fit.

    *pairs*: (d, Q) of the signer, and of the other key. *signed*: (digest, signature, R), with the
    point R of the nonce, and (digest, signature).

    With a = u1 + u2 d, by which a signature is checked: its R must be a G. Let S be the sum of R1
    and both Q, and s that of a1 and both d. Then (a2 + t s) G - t S = a2 G + t (s G - S) has the
    right x for every t when all is well; when s G is not S, for at most 4 of the 2**32, see
    ecdsa.check_own. Of faults in several of the three points, all are found but those that add up
    to nothing: that two or three wrong points do so by chance has the odds of a guessed key. The
    first factor is secret. Raises ValueError when S is not on the curve, or cannot be added up.
    """
    (signer, other), (first, second) = pairs, signed
    digest, signature, point = first
    if point[0] % curve.n != signature[0]:
        raise ecdsa.InvalidSignature("signature does not match")
    d = signer[0]
    a1 = _factor(curve, d, digest, signature)
    a2 = _factor(curve, d, *second)
    t = int.from_bytes(random(_CHECK_BYTES), "big")
    x, y = _sum(curve, _sum(curve, point, signer[1]), other[1])
    total = (a2 + t * (a1 + d + other[0])) % curve.n
    ecdsa.compare(curve, curve.multiply_add(total, t, (x, -y % curve.p), random), second[1])


def _factor(curve, d: int, digest: bytes, signature: tuple) -> int:
    u1, u2 = ecdsa.factors(curve, digest, signature)
    return (u1 + u2 * d) % curve.n


def _sum(curve, one: tuple, other: tuple) -> tuple:
    """Return the sum of two affine points, which are public, with different x."""
    p = curve.p
    run = (other[0] - one[0]) % p
    if not run:
        raise ValueError("two points have the same x")
    slope = (other[1] - one[1]) * curve.engine().invert(run, p) % p
    x = (slope * slope - one[0] - other[0]) % p
    return x, (slope * (one[0] - x) - one[1]) % p
