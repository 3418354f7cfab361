"""P-384 on the assembler kernel: the engine for the RP2040 and RP2350.

What leaks by timing where a scalar is secret: nothing by the sequence of operations or the
addresses of the kernel, which are the same for every scalar; the starting point has a fresh random
projective factor. Around it, a few big-integer operations on the scalar, and on the result, vary
with leading zeros. The scalar n - 2 (1 + 2**64 + ... + 2**320) and its negative meet an exception
of the addition formula, which turns the result into Z = 0: that is None, and ec goes another way.
Stack and heap are not wiped, as MicroPython does not wipe its big integers either.
"""
# ruff: noqa: F821 (ptr8 and ptr32 are words of viper)
# pyright: reportUndefinedVariable=false, reportMissingImports=false

import micropython
from micropython import const
from uctypes import addressof

from .ec import P384
from .kernel import (
    ADD,
    ADD_JACOBIAN,
    DOUBLE,
    POWERS,
    SCALE,
    TABLE,
    TO_AFFINE,
    invert,
    run,
    select,
)

_SIZE = const(48)
# The work area, as make_p384.py has it: x y z u v (second operand), X Y Z (sum), scratch.
_FIRST = const(3 * 48)
_SECOND_END = const(5 * 48)
_SUM = const(5 * 48)
_SUM_END = const(8 * 48)
_Z = const(7 * 48)
_Z_INVERSE = const(11 * 48)
_WORK_BYTES = const(12 * 48)
# The comb's shape, as constants of this file for speed; select knows it too. A test compares them.
_SPACING = const(64)
_TOP_TOOTH = const(5)

# The kernel reads words. In a frozen module the bytes may lie at any address.
_table = bytearray(TABLE) if addressof(TABLE) & 3 else TABLE


def multiply_base(k: int, random) -> tuple | None:
    """Return k G as (x, y) for a secret *k* from 1 to n - 1. *random*: random(n) -> n bytes."""
    return multiply_add(k, 0, 0, 0, random)


def multiply_add(u1: int, u2: int, x: int, y: int, random) -> tuple | None:
    """Return u1 G + u2 (x, y) as (x, y); *random* is for a secret u1, or None.

    The upper bits of u2 go through a window; the lowest 64 join in the comb for u1 G, whose
    doublings serve both. None at infinity, and where an addition meets equal points on the way.
    """
    work = bytearray(_WORK_BYTES)
    point = bytearray(b"".join([n.to_bytes(_SIZE, "little") for n in (x, y, 1)]))
    started = u2 >> _SPACING
    if started:
        _multiply_window(started, point, work)
    else:
        work[_Z:_SUM_END] = random(_SIZE) if random else point[2 * _SIZE :]
    even = 1 - (u1 & 1)
    odd = (u1, P384.n - u1)[even]
    # 384 bits, each the sign of a power of 2; see p384_comb.
    signs = bytearray(((odd >> 1) + (1 << 383)).to_bytes(_SIZE, "little"))
    factor = bytearray((u2 & (1 << _SPACING) - 1).to_bytes(_SPACING // 8, "little"))
    _multiply_comb(signs, -even, bool(started), work, point, factor)
    return _affine(work)


def _affine(work: bytearray) -> tuple | None:
    """Return the sum as (x, y), None when its Z is 0; constant time."""
    z_inverse = invert(_element(work, _Z), P384.p)
    if not z_inverse:
        return None
    work[_Z_INVERSE:_WORK_BYTES] = z_inverse.to_bytes(_SIZE, "little")
    run(TO_AFFINE, work)
    return _element(work, _SUM) % P384.p, _element(work, _SUM + _SIZE) % P384.p


def _element(work: bytearray, start: int) -> int:
    """Return the element at *start*."""
    return int.from_bytes(work[start : start + _SIZE], "little")


@micropython.viper
def _multiply_comb(signs: ptr32, negate: int, started: bool, work, point, factor: ptr32):
    """Double the sum at each of the comb's columns, add its entry, and *point* times *factor*.

    Constant time but for *factor*, of 64 bits. Tooth i's sign is bit *column* of the 64 that begin
    with word 2 i. *negate* is -1 to subtract the entries, or 0. Unless *started*, there is only a
    Z, which is for the first entry.
    """
    column = _SPACING
    while column:
        column -= 1
        word = column >> 5
        bit = column & 31
        index = 0
        for i in range(_TOP_TOOTH):
            index |= ((signs[2 * i + word] >> bit) & 1) << i
        sign = ((signs[2 * _TOP_TOOTH + word] >> bit) & 1) - 1
        select(_table, (index ^ sign) & 31, work, sign ^ negate)
        if started:
            run(DOUBLE, work)
            run(ADD, work)
        else:
            run(SCALE, work)
            started = True
        if (factor[word] >> bit) & 1:
            _set_second(work, point)
            run(ADD, work)


def _set_second(work: bytearray, point: bytearray) -> None:
    """Make *point* the second operand of ADD; viper has no slices."""
    work[:_FIRST] = point


def _multiply_window(k: int, point: bytearray, work: bytearray) -> None:
    """Set the sum to k times *point*; variable time, by the hexadecimal digits of *k*."""
    work[_SUM:_SUM_END] = point
    multiples = [None, _as_second(work)]
    run(DOUBLE, work)
    while len(multiples) < 16:
        multiples.append(_as_second(work))
        work[:_FIRST] = point
        run(ADD, work)
    digits = [int(digit, 16) for digit in hex(k)[2:]]
    work[_SUM:_SUM_END] = multiples[digits[0]][:_FIRST]
    four_doublings = DOUBLE[:-4] * 4 + bytes(4)
    for digit in digits[1:]:
        run(four_doublings, work)
        if digit:
            work[:_SECOND_END] = multiples[digit]
            run(ADD_JACOBIAN, work)


def _as_second(work: bytearray) -> bytearray:
    """Return the sum in the form of a second operand of ADD_JACOBIAN."""
    work[:_FIRST] = work[_SUM:_SUM_END]
    run(POWERS, work)
    return work[:_SECOND_END]
