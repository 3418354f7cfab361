"""Primes for RSA keys that are weak on purpose."""

import hashlib

import gmpy2


def prime(bits, seed):
    """Return a prime of *bits* bits with its two highest bits set, always the same."""
    start = int.from_bytes(hashlib.shake_256(seed.encode()).digest(bits // 8), "big")
    found = start | 3 << bits - 2 | 1
    while not gmpy2.is_prime(found):
        found += 2
    return found
