"""Multiples of any point by the formulas of bigint_engine: for verifying, where all is public.

Apart from the engine, which making a key and signing need as well, and no more than that.
"""

from array import array

_WINDOW_BITS = 5


def multiply(engine, k: int, point: tuple) -> tuple:
    """Return k times the affine *point*, which is on the curve, by a width-5 non-adjacent form."""
    odd_multiples = [point + (1, 1)]
    twice = engine.double(odd_multiples[0])
    for _ in range((1 << _WINDOW_BITS - 2) - 1):
        odd_multiples.append(_add(engine, odd_multiples[-1], twice))
    total = engine.INFINITY
    for digit in reversed(_non_adjacent_form(k)):
        total = engine.double(total)
        if digit:
            x, y, zz, zzz = odd_multiples[abs(digit) >> 1]
            total = _add(engine, total, (x, y if digit > 0 else -y, zz, zzz))
    return total


def _add(engine, first: tuple, second: tuple) -> tuple:
    """Return the sum of any two points."""
    reduce = engine.reduce
    x1, y1, zz1, zzz1 = first
    x2, y2, zz2, zzz2 = second
    if not zz1:
        return second
    if not zz2:
        return first
    x1 = reduce(x1 * zz2)
    y1 = reduce(y1 * zzz2)
    common = (x1, y1, reduce(zz1 * zz2), reduce(zzz1 * zzz2))
    return engine.add_difference(common, reduce(x2 * zz1 - x1), reduce(y2 * zzz1 - y1))


def _non_adjacent_form(k: int) -> array:
    """Return the digits of *k*, lowest first: 0 or odd, below 2**4 in absolute value.

    One more than *k* has bits: the last may be 0.
    """
    digits = array("b", bytes(len(bin(k)) - 1))  # A list would take four times the memory.
    place = 0
    while k:
        digit = 0
        if k & 1:
            digit = k & (1 << _WINDOW_BITS) - 1
            if digit >> _WINDOW_BITS - 1:
                digit -= 1 << _WINDOW_BITS
            k -= digit
        digits[place] = digit
        place += 1
        k >>= 1
    return digits
