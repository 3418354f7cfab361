"""Inverses modulo a number, on plain big integers: for engines without a kernel, and for RSA."""

from .drbg import random_nonzero


def inverse(a: int, m: int) -> int:
    """Return 1/a modulo *m* by the extended Euclidean algorithm.

    Raises ValueError if *a* has no inverse. The number of steps depends on *a*: if *a* is secret,
    use blinded_inverse.
    """
    remainder, next_remainder = m, a % m
    factor, next_factor = 0, 1
    while next_remainder:
        quotient, rest = divmod(remainder, next_remainder)
        remainder, next_remainder = next_remainder, rest
        factor, next_factor = next_factor, factor - quotient * next_factor
    if remainder != 1:
        raise ValueError("not invertible")
    return factor % m


def blinded_inverse(a: int, m: int, m_bytes: int, random) -> int:
    """Return 1/a modulo the prime *m* (of *m_bytes* bytes) for a secret *a*.

    The Euclidean algorithm sees a times a fresh random factor only, so that its timing
    reveals nothing about *a*.
    """
    blind = random_nonzero(m, m_bytes, random)
    return inverse(a * blind % m, m) * blind % m
