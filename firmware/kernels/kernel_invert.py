"""Modular inversion in constant time, by the assembler functions of kernel_inverse.py or RV32's.

Timing: around the assembler, a few big-integer operations on a, and on the result, vary with
leading zeros.
"""
# ruff: noqa: F821 (the functions are in another part of the same module)
# pyright: reportUndefinedVariable=false

from micropython import const

_LIMBS = const(28)
_ROW = const(24)
_BYTES = const(50)  # 28 limbs and a sign.


def invert(a: int, m: int) -> int:
    """Return 1/a modulo the odd prime *m* below 2**384; 0 when *m* divides *a*. Constant time."""
    rows = bytearray(_ROW * (_LIMBS + 1))
    modulus = m.to_bytes(_BYTES, "little")
    for place in (0, 2, 5):
        spread(modulus, rows, place)
    spread((a % m).to_bytes(_BYTES, "little"), rows, 1)
    rows[_ROW + 16] = 1
    lowest = m & 0x3FFF
    x = lowest  # Inverse to 3 bits; each round doubles that.
    for _ in range(3):
        x = x * (2 - lowest * x) & 0x3FFF
    for place in (8, 20):
        rows[place] = -x & 0xFF
        rows[place + 1] = (-x & 0x3FFF) >> 8
    divide_steps(rows)
    result = bytearray(_BYTES)
    gather(rows, 3, result)
    d = int.from_bytes(result, "little")
    sign = 1 - (rows[_ROW] & 2)  # f is 1 or -1.
    return sign * (d - (result[-1] >> 7 << 400)) % m
