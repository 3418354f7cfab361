"""P-384 on the assembler kernel: the engine for the RP2040 and RP2350.

What leaks by timing in multiply_base: nothing by the sequence of operations or the addresses of
the kernel, which are the same for every scalar; the starting point has a fresh random projective
factor. Around it, a few big-integer operations on k, and on the result, vary with leading zeros.
One scalar in 2**192 or fewer meets an exception of the addition formula, which turns the result
into Z = 0; the big-integer engine, which knows all cases, then does the work again.
Stack and heap are not wiped, as MicroPython does not wipe its big integers either.
"""
# ruff: noqa: F821 (ptr8 and ptr32 are words of viper)
# pyright: reportUndefinedVariable=false, reportMissingImports=false

import micropython
from micropython import const
from uctypes import addressof

from .kernel_inverse import inverse
from .kernel_p384 import (
    ADD,
    ADD_JACOBIAN,
    DOUBLE,
    NEGATE,
    POWERS,
    SCALE,
    TO_AFFINE,
    run,
    select,
)
from .p384 import CURVE
from .p384_comb import TABLE

_SIZE = const(48)
# The work area, as make_p384.py has it: x y z u v (second operand), X Y Z (sum), scratch, zero.
_SECOND_END = const(5 * 48)
_SUM = const(5 * 48)
_SUM_END = const(8 * 48)
_Z = const(7 * 48)
_Z_INVERSE = const(11 * 48)
_WORK_BYTES = const(13 * 48)
# The comb's shape, as constants of this file for speed; select knows it too. A test compares them.
_BLOCKS = const(2)
_SPACING = const(32)
_TEETH = const(6)
_TOP_TOOTH = const(5)
_WINDOW_ENTRIES = const(8)  # Odd multiples 1, 3 ... 15, for digits of 5 bits.
_SHORTEST_BITS = const(40)  # More than the spacing and a window.

# The kernel reads words. In a frozen module the bytes may lie at any address.
_table = bytearray(TABLE) if addressof(TABLE) & 3 else TABLE


def multiply_base(k: int, random) -> tuple:
    """Return k G as (x, y) for a secret *k* from 1 to n - 1. *random*: random(n) -> n bytes."""
    even = 1 - (k & 1)
    work = bytearray(_WORK_BYTES)
    work[_Z:_SUM_END] = random(_SIZE)
    _multiply_comb(_signs((k, CURVE.n - k)[even]), work)
    point = _affine(work)
    if point is None:
        from .p384_bigint import multiply_base as multiply

        return multiply(k, random)
    x, y = point
    return x, (y, CURVE.p - y)[even]


def multiply_add(u1: int, u2: int, x: int, y: int) -> tuple | None:
    """Return u1 G + u2 (x, y) as (x, y), None at infinity; variable time, for public data.

    u2 (x, y) by a width-5 non-adjacent form, into whose last doublings the comb for u1 G falls.
    Infinity, and a factor too short for this, are left to the big-integer engine.
    """
    point = None
    if u2 >> _SHORTEST_BITS:
        work = bytearray(_WORK_BYTES)
        _multiply_both(u1, u2, x, y, work)
        point = _affine(work)
    if point is None:
        from .p384_bigint import multiply_add as multiply

        return multiply(u1, u2, x, y)
    return point


def _signs(odd: int) -> bytearray:
    """Return 384 bits, each the sign of a power of 2; see p384_comb."""
    return bytearray(((odd >> 1) + (1 << 383)).to_bytes(_SIZE, "little"))


def _affine(work: bytearray) -> tuple | None:
    """Return the sum as (x, y), None when its Z is 0; constant time."""
    z_inverse = inverse(_element(work, _Z), CURVE.p)
    if not z_inverse:
        return None
    work[_Z_INVERSE : _Z_INVERSE + _SIZE] = z_inverse.to_bytes(_SIZE, "little")
    run(TO_AFFINE, work)
    return _element(work, _SUM), _element(work, _SUM + _SIZE)


def _element(work: bytearray, start: int) -> int:
    """Return the element at *start*, fully reduced."""
    return int.from_bytes(work[start : start + _SIZE], "little") % CURVE.p


@micropython.viper
def _multiply_comb(signs, work):
    """Set the sum to the comb's; work has its Z."""
    column = _SPACING - 1
    _choose(signs, 0, column, work)
    run(SCALE, work)
    _choose(signs, 1, column, work)
    run(ADD, work)
    while column:
        column -= 1
        run(DOUBLE, work)
        for block in range(_BLOCKS):
            _choose(signs, block, column, work)
            run(ADD, work)


@micropython.viper
def _choose(signs: ptr32, block: int, column: int, work):
    """Put the entry that *block* adds at *column* into work, or its negative; constant time.

    Tooth i's sign is bit *column* of word i, as the spacing is 32.
    """
    tooth = block * _TEETH
    index = 0
    for i in range(_TOP_TOOTH):
        index |= ((signs[tooth + i] >> column) & 1) << i
    negative = ((signs[tooth + _TOP_TOOTH] >> column) & 1) - 1
    select(_table, block << 5 | (index ^ negative) & 31, work, negative)


def _multiply_both(u1: int, u2: int, x: int, y: int, work: bytearray) -> None:
    """Set the sum to u1 G + u2 (x, y)."""
    multiples = _odd_multiples(x, y, work)
    digits = bytearray(8 * _SIZE + 1)
    _recode(u2.to_bytes(_SIZE + 2, "little"), digits)
    even = 1 - (u1 & 1)
    signs = _signs((u1, CURVE.n - u1)[even])
    columns = _SPACING if u1 else 0
    position = len(digits) - 1
    while not digits[position]:
        position -= 1
    work[_SUM:_SUM_END] = multiples[digits[position] >> 1][: 3 * _SIZE]  # The first is positive.
    while position:
        position = _double(work, digits, position, columns)
        digit = digits[position]
        if digit:
            work[:_SECOND_END] = multiples[(digit if digit < 16 else 32 - digit) >> 1]
            if digit >= 16:
                run(NEGATE, work)
            run(ADD_JACOBIAN, work)
        if position < columns:
            for block in range(_BLOCKS):
                _choose(signs, block, position, work)
                if even:
                    run(NEGATE, work)
                run(ADD, work)


@micropython.viper
def _double(work, digits: ptr8, position: int, columns: int) -> int:
    """Double the sum down to the next position at which something is added, and return that."""
    while position:
        position -= 1
        run(DOUBLE, work)
        if digits[position] or position < columns:
            break
    return position


def _odd_multiples(x: int, y: int, work: bytearray) -> list:
    """Return (x, y) times 1, 3 ... 15, each as the second operand of ADD_JACOBIAN."""
    work[_SUM:_SUM_END] = b"".join(n.to_bytes(_SIZE, "little") for n in (x, y, 1))
    multiples = [_as_second(work)]
    run(DOUBLE, work)
    twice = _as_second(work)
    work[_SUM:_SUM_END] = multiples[0][: 3 * _SIZE]
    while len(multiples) < _WINDOW_ENTRIES:
        work[:_SECOND_END] = twice
        run(ADD_JACOBIAN, work)
        multiples.append(_as_second(work))
    return multiples


def _as_second(work: bytearray) -> bytearray:
    """Return the sum in the form of a second operand."""
    work[: 3 * _SIZE] = work[_SUM:_SUM_END]
    run(POWERS, work)
    return work[:_SECOND_END]


@micropython.viper
def _recode(k: ptr8, digits: ptr8):
    """Write the width-5 non-adjacent form of *k*, 384 bits and 16 zeros; variable time.

    A digit, which counts for 2**position, is 0 or odd; 16 and more mean that less 32.
    """
    carry = 0
    i = 0
    while i <= 384:
        if ((k[i >> 3] >> (i & 7)) & 1) == carry:
            i += 1
        else:
            window = (((k[i >> 3] | k[(i >> 3) + 1] << 8) >> (i & 7)) & 31) + carry
            digits[i] = window
            carry = window >> 4
            i += 5
