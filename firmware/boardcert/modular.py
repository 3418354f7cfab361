"""Arithmetic modulo a prime that several algorithms share."""


def inverse(a: int, m: int) -> int:
    """Return 1/a modulo *m* by the extended Euclidean algorithm.

    Raises ValueError when there is none. The number of steps depends on *a*: for a secret
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
    tells nothing about *a*.
    """
    blind = random_nonzero(m, m_bytes, random)
    return inverse(a * blind % m, m) * blind % m


def random_nonzero(m: int, m_bytes: int, random) -> int:
    """Return a number from 1 to m - 1 out of 64 bits more than *m* has.

    FIPS 186-5 A.2.1 and A.3.1: the bias is below 2**-64. *random*: random(n) -> n bytes.
    """
    return int.from_bytes(random(m_bytes + 8), "big") % (m - 1) + 1
