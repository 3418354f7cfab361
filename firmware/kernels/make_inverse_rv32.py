"""Write the modular inversion's steps in MicroPython's inline assembler for RV32IMC.

    python firmware/kernels/make_inverse_rv32.py > firmware/kernels/kernel_inverse_rv32.py

The same as kernel_inverse.py, which explains them, for kernel_invert.py. How they are called:
riscv.py. Timing: branches and addresses depend on counters only; mul see make_p384_rv32.py.
"""

import sys

from riscv import Writer

_LIMBS, _ROW = 28, 24
_SAVED, _FRAME = 4, 64

HEADER = '''"""Inversion for RV32; make_inverse_rv32.py made it and explains it (do not edit)."""

# ruff: noqa
# fmt: off
import micropython


@micropython.viper
def divide_steps(rows: ptr8):
    _divide_steps(int(rows) >> 2)


@micropython.viper
def spread(number: ptr8, rows: ptr8, place: int):
    _spread(int(number) >> 2, int(rows) >> 2, place)


@micropython.viper
def gather(rows: ptr8, place: int, number: ptr8):
    _gather(int(rows) >> 2, int(number) >> 2, place)


'''


def _limb_bits(register: str) -> str:
    """Return what puts the mask of a limb's 14 bits into *register*."""
    return f"li({register}, 1); slli({register}, {register}, 14); addi({register}, {register}, -1)"


def divide_steps() -> str:
    """Return the function that does 80 times 14 division steps on rows.

    s0: the rows, s1: the count of matrices to come, s2: -delta, s9: a limb's bits.
    """
    w = Writer("_divide_steps")
    w.enter(_FRAME, _SAVED, addresses=1)
    w.op("mv(s0, a0); li(s1, 80); li(s2, -1)", _limb_bits("s9"), "label(matrix)")
    _matrix(w)
    w.op("mv(a7, s0); label(pair)")
    _apply(w)
    w.op(f"addi(a0, a7, {-_LIMBS * _ROW}); addi(a7, s0, 12); beq(a0, s0, pair)")
    w.op("addi(s1, s1, -1); beq(s1, zero, end); jal(zero, matrix); label(end)")
    w.leave()
    return w.text()


def _matrix(w: Writer) -> None:
    """Emit 14 division steps on the lowest limbs; u, v, q, r are left in s3 to s6.

    t0, t1: f and g; t2: u + (v << 16), t3: q + (r << 16); a0, a1: masks.
    """
    w.op(f"lw(t0, {_ROW}(s0)); lw(t1, {_ROW + 4}(s0)); li(t2, 1); slli(t3, t2, 16); li(t4, 14)")
    # Is delta > 0? Is g odd? Then g += f, or g -= f when delta > 0.
    w.op("label(divide); srai(a0, s2, 31); slli(a1, t1, 31); srai(a1, a1, 31)")
    for source, target in (("t0", "t1"), ("t2", "t3")):
        w.op(
            f"xor(a2, {source}, a0); sub(a2, a2, a0); and_(a2, a2, a1); add({target}, {target}, a2)"
        )
    # Both: delta = 1 - delta, and f + (g - f) is the old g. Else delta += 1.
    w.op("and_(a0, a0, a1); xor(s2, s2, a0); addi(s2, s2, -1); sub(s2, s2, a0)")
    w.op("and_(a2, t1, a0); add(t0, t0, a2); and_(a2, t3, a0); add(t2, t2, a2)")
    w.op("srai(t1, t1, 1); add(t2, t2, t2); addi(t4, t4, -1); bne(t4, zero, divide)")
    for low, high, both in (("s3", "s4", "t2"), ("s5", "s6", "t3")):
        w.op(f"slli({low}, {both}, 16); srai({low}, {low}, 16)")
        w.op(f"sub({high}, {both}, {low}); srai({high}, {high}, 16)")


def _apply(w: Writer) -> None:
    """Emit: the matrix applied to a pair of numbers, one row below which is a7; it ends behind."""
    w.op(f"lw(a0, {_ROW}(a7)); lw(a1, {_ROW + 4}(a7)); lw(a2, 8(a7))")
    # How many m make u d + v e divisible; for f and g this is 0.
    for first, second, count in (("s3", "s4", "s7"), ("s5", "s6", "s8")):
        w.op(f"mul(a3, {first}, a0); mul(a4, {second}, a1); add(a3, a3, a4); mul(a3, a3, a2)")
        w.op(f"and_({count}, a3, s9)")
    w.op(f"addi(t6, a7, {_LIMBS * _ROW}); li(t4, 0); li(t5, 0); label(limb)")
    w.op(f"lw(a0, {_ROW}(a7)); lw(a1, {_ROW + 4}(a7)); lw(a2, {_ROW + 8}(a7))")
    for total, factors in (("t4", ("s3", "s4", "s7")), ("t5", ("s5", "s6", "s8"))):
        for factor, limb in zip(factors, ("a0", "a1", "a2"), strict=True):
            w.op(f"mul(a3, {factor}, {limb}); add({total}, {total}, a3)")
    # A row lower than it came from: this is the division by 2**14.
    for total, offset in (("t4", 0), ("t5", 4)):
        w.op(f"and_(a3, {total}, s9); sw(a3, {offset}(a7)); srai({total}, {total}, 14)")
    w.op(f"addi(a7, a7, {_ROW}); bne(a7, t6, limb); sw(t4, 0(a7)); sw(t5, 4(a7))")


def spread() -> str:
    """Return the function that writes the limbs of the positive number at a0 to rows at a1.

    a2: the place in each row. Then: bits that are left over, and a3: how many.
    """
    w = Writer("_spread")
    w.enter(_FRAME, _SAVED, addresses=2, numbers=1)
    w.op(f"slli(a2, a2, 2); add(a1, a1, a2); li(a2, 0); li(a3, 0); li(a4, {_LIMBS}); li(a5, 14)")
    w.op(
        _limb_bits("a7"),
        "label(limb); bge(a3, a5, enough); lbu(t0, 0(a0)); addi(a0, a0, 1)",
    )
    w.op("sll(t0, t0, a3); or_(a2, a2, t0); addi(a3, a3, 8); jal(zero, limb); label(enough)")
    w.op(f"addi(a1, a1, {_ROW}); and_(t0, a2, a7); sw(t0, 0(a1)); srli(a2, a2, 14)")
    w.op("addi(a3, a3, -14); addi(a4, a4, -1); bne(a4, zero, limb)")
    w.leave()
    return w.text()


def gather() -> str:
    """Return the function that writes to a1 the number at place a2 in each of the rows at a0.

    50 bytes, two's complement. a3: bits that are left over, a4: how many.
    """
    w = Writer("_gather")
    w.enter(_FRAME, _SAVED, addresses=2, numbers=1)
    w.op(f"slli(a2, a2, 2); add(a0, a0, a2); li(a3, 0); li(a4, 0); li(a5, {_LIMBS}); li(a6, 8)")
    w.op(f"label(limb); addi(a0, a0, {_ROW}); lw(t0, 0(a0)); sll(t0, t0, a4); or_(a3, a3, t0)")
    w.op("addi(a4, a4, 14); label(byte); sb(a3, 0(a1)); addi(a1, a1, 1); srai(a3, a3, 8)")
    w.op("addi(a4, a4, -8); bge(a4, a6, byte); addi(a5, a5, -1); bne(a5, zero, limb)")
    w.op("sb(a3, 0(a1))")
    w.leave()
    return w.text()


def kernel() -> str:
    """Return the source of kernel_inverse_rv32.py."""
    return HEADER + "\n\n".join([divide_steps(), spread(), gather()])


if __name__ == "__main__":
    sys.stdout.write(kernel())
