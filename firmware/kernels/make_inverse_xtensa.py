"""Write the modular inversion's steps in MicroPython's inline assembler for Xtensa.

    python firmware/kernels/make_inverse_xtensa.py > firmware/kernels/kernel_inverse_xtensa.py

The same as kernel_inverse.py, which explains them, for kernel_invert.py. How they are called:
xtensa.py. Timing: branches and addresses depend on counters only; mull see make_p384_xtensa.py.
"""

import sys

from make_inverse_rv32 import HEADER as _RV32
from xtensa import Writer

_LIMBS, _ROW = 28, 24
_DELTA, _MATRICES, _FRAME = 0, 4, 16

_HEADER = _RV32.replace("RV32", "Xtensa").replace("rv32", "xtensa")


def divide_steps() -> str:
    """Return the function that does 80 times 14 division steps on rows.

    a3: the rows. On the stack: -delta, and the count of matrices to come.
    """
    w = Writer("_divide_steps")
    w.enter(_FRAME, addresses=1)
    w.op(f"movi(a2, -1); s32i(a2, a1, {_DELTA}); movi(a2, 80); label(matrix)")
    w.op(f"s32i(a2, a1, {_MATRICES})")
    _matrix(w)
    w.op("mov(a14, a3); label(pair)")
    _apply(w)
    w.op(f"movi(a2, {_LIMBS * _ROW}); sub(a2, a14, a2); addi(a14, a3, 12); beq(a2, a3, pair)")
    w.op(f"l32i(a2, a1, {_MATRICES}); addi(a2, a2, -1); beqz(a2, end); j(matrix); label(end)")
    w.leave()
    return w.text()


def _matrix(w: Writer) -> None:
    """Emit 14 division steps on the lowest limbs; u, v, q, r are left in a4 to a7.

    a10, a11: f and g; a12: u + (v << 16), a13: q + (r << 16); a2, a15: masks; a8: -delta.
    """
    w.op(f"l32i(a10, a3, {_ROW}); l32i(a11, a3, {_ROW + 4}); l32i(a8, a1, {_DELTA})")
    w.op("movi(a12, 1); slli(a13, a12, 16); movi(a14, 14)")
    # Is delta > 0? Is g odd? Then g += f, or g -= f when delta > 0.
    w.op("label(divide); srai(a2, a8, 31); extui(a15, a11, 0, 1); neg(a15, a15)")
    for source, target in (("a10", "a11"), ("a12", "a13")):
        w.op(f"xor(a9, {source}, a2); sub(a9, a9, a2); and(a9, a9, a15)")
        w.op(f"add({target}, {target}, a9)")
    # Both: delta = 1 - delta, and f + (g - f) is the old g. Else delta += 1.
    w.op("and(a2, a2, a15); xor(a8, a8, a2); addi(a8, a8, -1); sub(a8, a8, a2)")
    w.op("and(a9, a11, a2); add(a10, a10, a9); and(a9, a13, a2); add(a12, a12, a9)")
    w.op("srai(a11, a11, 1); add(a12, a12, a12); addi(a14, a14, -1); bnez(a14, divide)")
    w.op(f"s32i(a8, a1, {_DELTA})")
    for low, high, both in (("a4", "a5", "a12"), ("a6", "a7", "a13")):
        w.op(f"slli({low}, {both}, 16); srai({low}, {low}, 16)")
        w.op(f"sub({high}, {both}, {low}); srai({high}, {high}, 16)")


def _apply(w: Writer) -> None:
    """Emit: the matrix applied to a pair of numbers, one row below which is a14; it ends behind."""
    w.op(f"l32i(a10, a14, {_ROW}); l32i(a11, a14, {_ROW + 4}); l32i(a12, a14, 8)")
    # How many m make u d + v e divisible; for f and g this is 0.
    for first, second, count in (("a4", "a5", "a8"), ("a6", "a7", "a9")):
        w.op(f"mull(a13, {first}, a10); mull(a15, {second}, a11); add(a13, a13, a15)")
        w.op(f"mull(a13, a13, a12); extui({count}, a13, 0, 14)")
    w.op(f"movi(a15, {_LIMBS * _ROW}); add(a15, a15, a14); movi(a10, 0); movi(a11, 0)")
    w.op("label(limb)")
    for offset, factors in ((0, ("a4", "a6")), (4, ("a5", "a7")), (8, ("a8", "a9"))):
        w.op(f"l32i(a12, a14, {_ROW + offset})")
        for total, factor in zip(("a10", "a11"), factors, strict=True):
            w.op(f"mull(a13, {factor}, a12); add({total}, {total}, a13)")
    # A row lower than it came from: this is the division by 2**14.
    for total, offset in (("a10", 0), ("a11", 4)):
        w.op(f"extui(a13, {total}, 0, 14); s32i(a13, a14, {offset}); srai({total}, {total}, 14)")
    w.op(f"addi(a14, a14, {_ROW}); bne(a14, a15, limb); s32i(a10, a14, 0); s32i(a11, a14, 4)")


def spread() -> str:
    """Return the function that writes the limbs of the positive number at a3 to rows at a4.

    a5: the place in each row. a6: bits that are left over, a7: how many.
    """
    w = Writer("_spread")
    w.enter(_FRAME, addresses=2, numbers=1)
    w.op(f"addx4(a4, a5, a4); movi(a6, 0); movi(a7, 0); movi(a8, {_LIMBS}); movi(a9, 14)")
    w.op("label(limb); bge(a7, a9, enough); l8ui(a10, a3, 0); addi(a3, a3, 1); ssl(a7)")
    w.op("sll(a10, a10); or(a6, a6, a10); addi(a7, a7, 8); j(limb); label(enough)")
    w.op(f"addi(a4, a4, {_ROW}); extui(a10, a6, 0, 14); s32i(a10, a4, 0); srli(a6, a6, 14)")
    w.op("addi(a7, a7, -14); addi(a8, a8, -1); bnez(a8, limb)")
    w.leave()
    return w.text()


def gather() -> str:
    """Return the function that writes to a4 the number at place a5 in each of the rows at a3.

    50 bytes, two's complement. a6: bits that are left over, a7: how many.
    """
    w = Writer("_gather")
    w.enter(_FRAME, addresses=2, numbers=1)
    w.op(f"addx4(a3, a5, a3); movi(a6, 0); movi(a7, 0); movi(a8, {_LIMBS}); movi(a9, 8)")
    w.op(f"label(limb); addi(a3, a3, {_ROW}); l32i(a10, a3, 0); ssl(a7); sll(a10, a10)")
    w.op("or(a6, a6, a10); addi(a7, a7, 14); label(byte); s8i(a6, a4, 0); addi(a4, a4, 1)")
    w.op("srai(a6, a6, 8); addi(a7, a7, -8); bge(a7, a9, byte); addi(a8, a8, -1)")
    w.op("bnez(a8, limb); s8i(a6, a4, 0)")
    w.leave()
    return w.text()


def kernel() -> str:
    """Return the source of kernel_inverse_xtensa.py."""
    return _HEADER + "\n\n".join([divide_steps(), spread(), gather()])


if __name__ == "__main__":
    sys.stdout.write(kernel())
