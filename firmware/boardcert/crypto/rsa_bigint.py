"""Modular arithmetic for RSA on big integers: the engine for boards without a kernel.

The same names as in rsa_kernel. What leaks by timing: big integers take a time that varies with
their values; the sequence of operations is the same for every secret exponent. So rsa blinds both
base and exponent.
"""

from micropython import const

_SMALL = const(1024)


class Modulus:
    """A modulus *m* of *size_bytes*."""

    def __init__(self, m: int, size_bytes: int) -> None:
        self._m = m
        self._size = size_bytes

    def power_of_two(self, exponent: int):
        """Yield now and then; return 2**exponent modulo m for a secret exponent below m."""
        # The table is of small numbers, so that a multiplication by them is quick.
        return (yield from self.power(2, exponent, self._size))

    def power(self, base: int, exponent: int, exponent_bytes: int):
        """Yield now and then; return base**exponent modulo m, both secret, of a fixed length."""
        m = self._m
        table = [1]
        while len(table) < 16:
            table.append(table[-1] * base % m)
        number = 1
        for byte in exponent.to_bytes(exponent_bytes, "big"):
            for digit in (byte >> 4, byte & 15):
                for _ in range(4):
                    number = number * number % m
                number = number * table[digit] % m
                yield
        return number

    def public_power(self, base: int, exponent: int):
        """Yield now and then; return base**exponent modulo m for a public, short exponent."""
        number = base
        for bit in bin(exponent)[3:]:
            number = number * number % self._m
            if bit == "1":
                number = number * base % self._m
            yield
        return number


class SmallPrimes:
    """Trial division by the odd primes below 1,024."""

    def __init__(self) -> None:
        self._primes = []
        is_composite = bytearray(_SMALL)  # The sieve of Eratosthenes.
        for n in range(3, _SMALL, 2):
            if not is_composite[n]:
                self._primes.append(n)
                for multiple in range(n * n, _SMALL, 2 * n):
                    is_composite[multiple] = 1

    def divide(self, candidate: int, size_bytes: int) -> bool:
        """Return whether one of them divides the *candidate*."""
        return any(candidate % prime == 0 for prime in self._primes)
