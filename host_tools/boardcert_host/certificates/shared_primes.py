"""RSA keys that share a prime: everyone can compute the private keys of both.

By Bernstein's batch gcd ("How to find smooth parts of integers", 2004; for keys of the Internet,
Heninger and others, "Mining your Ps and Qs", 2012): a tree of products, and down it the remainders
of the product of all by the square of each. Its large numbers are GMP's, whose division is not
quadratic as that of Python 3.11 is.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any


def groups(moduli: Iterable[int]) -> list[list[int]]:
    """Return the moduli that share a prime with others, those of one prime together.

    The same modulus twice counts once.
    """
    distinct = list(dict.fromkeys(moduli))
    factors = {
        modulus: factor
        for modulus, factor in zip(distinct, _common_factors(distinct), strict=True)
        if factor > 1
    }
    by_prime: dict[int, list[int]] = {}
    for modulus, factor in factors.items():
        for prime in _primes(modulus, factor, factors):
            by_prime.setdefault(prime, []).append(modulus)
    return list(by_prime.values())


def _common_factors(moduli: Sequence[int]) -> list[int]:
    """Return what each modulus has in common with the product of all others."""
    import gmpy2

    if not moduli:
        return []
    levels: list[list[Any]] = [
        [gmpy2.mpz(modulus) for modulus in moduli]  # pyright: ignore[reportAttributeAccessIssue]
    ]
    while len(levels[-1]) > 1:
        level = levels[-1]
        products = [one * other for one, other in zip(level[::2], level[1::2], strict=False)]
        # The last of an odd number goes up alone.
        levels.append(products + level[len(products) * 2 :])
    remainders = levels.pop()
    while levels:
        level = levels.pop()
        remainders = [remainders[at // 2] % (one * one) for at, one in enumerate(level)]
    return [
        math.gcd(modulus, int(remainder) // modulus)
        for modulus, remainder in zip(moduli, remainders, strict=True)
    ]


def _primes(modulus: int, factor: int, others: Iterable[int]) -> set[int]:
    """Return the primes of *modulus* that *others* have. *factor*: all that it shares.

    That is the whole modulus where each of its primes is in another one: they are found apart.
    """
    if factor != modulus:
        return {factor}
    return {math.gcd(modulus, other) for other in others} - {1, modulus}
