"""The viper reduction compared with that of big integers."""

import vectors
from boardcert.crypto.p384_reduce import reduce
from helpers import random_bytes

_P = 2**384 - 2**128 - 2**96 + 2**32 - 1


def _check(value):
    reduced = reduce(value)
    assert 0 <= reduced < 1 << 384, hex(value)
    assert (reduced - value) % _P == 0, hex(value)


def test_random_products():
    """Numbers of all lengths that reduce accepts, of both signs, are reduced."""
    for i in range(min(2000, 10 * vectors.LIMIT)):
        value = int.from_bytes(random_bytes(100), "big") >> (2 + i % 797)
        _check(value)
        _check(-value)


def test_single_words():
    """Each single bit, and all bits below it, produce every possible carry."""
    for bit in range(min(798, 20 * vectors.LIMIT)):
        _check(1 << bit)
        _check((1 << bit) - 1)
        _check(-(1 << bit))


def test_edges():
    """0, p and its neighbours, the largest products, and carries are reduced."""
    top = (1 << 384) - 1
    for value in (0, 1, _P - 1, _P, _P + 1, 2 * _P, top, top + 1, (1 << 799) - 1, (_P - 1) ** 2):
        _check(value)
    for value in (-1, -_P, 1 - _P, -top, -(1 << 798), -((_P - 1) ** 2), 18 * top * top):
        _check(value)
    fold = (1 << 384) - _P
    _check((((1 << 384) // fold) << 384) + top)  # The folded part carries, and carries once more.
    for upper in range(1, 16):
        for low in (top, top - (1 << 128), top - (1 << 33), _P, 0, 1, (1 << 32) - 1):
            _check((upper << 384) + low)
            _check((upper << 384) - low)
            _check(low - (upper << 384))
