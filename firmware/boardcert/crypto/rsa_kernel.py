"""Modular arithmetic for RSA on the assembler kernel: the engine for the RP2040 and RP2350.

What leaks by timing: nothing of the numbers by the sequence of operations or the addresses of the
kernel; conversions of big integers around it vary with leading zeros and with quotients.
SmallPrimes ends at the first divisor; public_power shows its exponent. Long work is generators, to
be driven by `yield from`: each step takes some 40 ms at 125 MHz.
"""
# ruff: noqa: F821 (ptr8 is a word of viper)
# pyright: reportUndefinedVariable=false, reportMissingImports=false

import micropython
from micropython import const

from .kernel_rsa import montgomery, select, small_factor

_WINDOW = const(16)  # Entries of the table: four bits of the exponent at a time.
_STEP = const(16384)  # Squared words of four squarings and a multiplication that are one step.
_ODD_NUMBERS = const(8192)  # To try as divisors: a higher limit costs more than it saves.


class Modulus:
    """An odd *m* of 8 * *size_bytes* bits, the highest of them 1; *size_bytes* divides by 4."""

    def __init__(self, m: int, size_bytes: int) -> None:
        self._m = m
        self._size = size_bytes
        self._windows = max(1, _STEP // (size_bytes // 4) ** 2)
        lowest = m & 0xFFFFFFFF
        x = lowest  # Inverse to 3 bits; each round doubles that.
        for _ in range(4):
            x = x * (2 - lowest * x) & 0xFFFFFFFF
        parts = size_bytes.to_bytes(4, "little"), (-x & 0xFFFFFFFF).to_bytes(4, "little")
        self._context = b"".join(parts) + m.to_bytes(size_bytes, "little") + bytes(2 * size_bytes)
        self._context = bytearray(self._context)

    def power_of_two(self, exponent: int):
        """Yield now and then; return 2**exponent modulo m for a secret exponent below m."""
        number = self._enter(1)
        digits = exponent.to_bytes(self._size, "little")
        bit = 8 * self._size
        while bit:
            end = max(0, bit - 4 * self._windows)
            _power_of_two(self._context, number, digits, bit, end)
            bit = end
            yield
        return self._leave(number)

    def power(self, base: int, exponent: int, exponent_bytes: int):
        """Yield now and then; return base**exponent modulo m, both secret, of a fixed length."""
        size = self._size
        table = bytearray(_WINDOW * size)
        number = self._enter(1)
        factor = self._enter(base)
        for start in range(0, _WINDOW * size, size):
            table[start : start + size] = number
            montgomery(self._context, number, number, factor)
        yield
        number[:] = table[:size]
        entry = bytearray(size)
        digits = exponent.to_bytes(exponent_bytes, "little")
        digit = 2 * exponent_bytes
        while digit:
            end = max(0, digit - self._windows)
            _power(self._context, number, table, entry, digits, size, digit, end)
            digit = end
            yield
        return self._leave(number)

    def public_power(self, base: int, exponent: int):
        """Yield now and then; return base**exponent modulo m for a public, short exponent."""
        factor = self._enter(base)
        number = bytearray(factor)
        for bit in bin(exponent)[3:]:
            montgomery(self._context, number, number, number)
            if bit == "1":
                montgomery(self._context, number, number, factor)
            yield
        return self._leave(number)

    def _enter(self, a: int) -> bytearray:
        """Return a R modulo m, as the kernel takes it."""
        return bytearray(((a << 8 * self._size) % self._m).to_bytes(self._size, "little"))

    def _leave(self, number: bytearray) -> int:
        """Return the integer that *number* stands for."""
        one = bytearray(self._size)
        one[0] = 1
        montgomery(self._context, number, number, one)
        return int.from_bytes(number, "little") % self._m


@micropython.viper
def _power_of_two(context, number, digits: ptr8, first: int, end: int):
    """Square *number*, and double it where a bit of the exponent is 1, from bit *first* - 1 on."""
    bit = first
    while bit > end:
        bit -= 1
        montgomery(context, number, number, number)
        montgomery(context, number, number, (digits[bit >> 3] >> (bit & 7)) & 1)


@micropython.viper
def _power(context, number, table, entry, digits: ptr8, size: int, first: int, end: int):
    """Do the windows of the exponent from *first* - 1 down to *end*."""
    window = first
    while window > end:
        window -= 1
        for _ in range(4):
            montgomery(context, number, number, number)
        select(table, entry, size, (digits[window >> 1] >> ((window & 1) << 2)) & 15)
        montgomery(context, number, number, entry)


class SmallPrimes:
    """Trial division by the primes from 3 to 16,383."""

    def __init__(self) -> None:
        self._composites = bytearray(_ODD_NUMBERS)
        _sieve(self._composites, _ODD_NUMBERS)

    def divide(self, candidate: int, size_bytes: int) -> bool:
        """Return whether one of them divides the *candidate*, of an even number of bytes."""
        number = bytearray(candidate.to_bytes(size_bytes, "little"))
        return small_factor(number, size_bytes, self._composites, _ODD_NUMBERS) != 0


@micropython.viper
def _sieve(composites: ptr8, count: int):
    """Set byte i where 2 i + 1 is composite (Eratosthenes)."""
    composites[0] = 1
    i = 1
    while 2 * i * (i + 1) < count:
        j = 2 * i * (i + 1)  # The square of 2 i + 1.
        while j < count and not composites[i]:
            composites[j] = 1
            j += 2 * i + 1
        i += 1
