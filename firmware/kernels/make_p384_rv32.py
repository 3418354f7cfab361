"""Write P-384 arithmetic in MicroPython's inline assembler for RV32IMC: ESP32-C3, C5 and C6.

    python firmware/kernels/make_p384_rv32.py > firmware/kernels/kernel_p384_rv32.py

The same interpreter and programs as make_p384.py, which says what they do, apart: native code is
in a module of its own on esp32, since its memory is never freed there. How the interpreter is
called: riscv.py. Stack: about 200 bytes.

Timing: no branch and no address depends on the values of elements, the digit or the signs. Whether
an instruction takes the same time for all operands, no document that we know of promises for these
chips' mul and mulhu: it is assumed, as their multiplier is one for whole words; the others are
additions, shifts and logic.
"""

import sys

import p384_modulo_rv32 as modulo
import p384_product_rv32 as product
from make_p384 import SPACING, TEETH
from p384_product_rv32 import ELEMENT
from riscv import Writer

# The rest of the stack frame, after what p384_product_rv32 has there.
_PROGRAM, _WORK, _RESULT, _COUNT, _TABLE, _SIGN = range(96, 120, 4)
_SAVED, _FRAME = 120, 176
_ENTRY, _HALF = 96, 48  # Bytes of an entry of the table, and of x or y.

_DOCSTRING = '''"""P-384 for RV32; make_p384_rv32.py, which made it, explains it (do not edit)."""

# ruff: noqa
# fmt: off
'''
WRAPPER = """import micropython


@micropython.viper
def run(program: ptr8, work: ptr8):
    _run(int(program) >> 2, int(work) >> 2)


"""


def run(w: Writer) -> None:
    """Emit the interpreter."""
    w.enter(_FRAME, _SAVED, addresses=2)
    w.op(f"sw(a0, {_PROGRAM}(sp)); sw(a1, {_WORK}(sp))")
    w.op(f"label(step); lw(a3, {_PROGRAM}(sp)); lw(a4, {_WORK}(sp))")
    w.op("lbu(t0, 0(a3)); lbu(a0, 1(a3)); lbu(a1, 2(a3)); lbu(a2, 3(a3)); addi(a3, a3, 4)")
    w.op(f"sw(a3, {_PROGRAM}(sp)); mv(a5, a2)")
    w.op(*(f"slli(a{i}, a{i}, 4); add(a{i}, a{i}, a4)" for i in range(3)))
    w.op(f"sw(a0, {_RESULT}(sp)); li(t1, 1); sw(t1, {_COUNT}(sp))")
    # Conditional branches reach no further than 4 KB.
    w.op("bne(t0, zero, some); jal(zero, end); label(some); addi(t0, t0, -1)")
    w.op("bne(t0, zero, other); jal(zero, multiply); label(other); addi(t0, t0, -1)")
    w.op(f"bne(t0, zero, linear); sw(a5, {_COUNT}(sp)); jal(zero, square)")
    w.op("label(linear); addi(t0, t0, -1); beq(t0, zero, plus)")
    w.op("addi(t0, t0, -1); beq(t0, zero, minus); jal(zero, select)")
    modulo.add_or_subtract(w, "minus", is_plus=False)
    modulo.fold(w, "fold_minus", is_plus=False)
    w.op("jal(zero, store)")
    modulo.add_or_subtract(w, "plus", is_plus=True)
    modulo.fold(w, "fold", is_plus=True)
    w.op(f"label(store); lw(a1, {_RESULT}(sp))")
    w.op(*(f"sw({register}, {4 * i}(a1))" for i, register in enumerate(ELEMENT)))
    w.op(f"lw(t0, {_COUNT}(sp)); addi(t0, t0, -1); sw(t0, {_COUNT}(sp))")
    w.op("beq(t0, zero, next); jal(zero, square); label(next); jal(zero, step)")


def select(w: Writer) -> None:
    """Emit SELECT: copy the comb's entry for column *destination* to x and y.

    a: the place of the signs, after which the table's address is; b: 1 to negate the entry. Tooth
    i's sign is bit *column* of the 64 that begin with word 2 i. All 32 entries are read, in order,
    once for x and once for y. The last tooth's sign is the entry's: if it is not set, the others
    are inverted.
    """
    w.op(f"label(select); lw(t1, 48(a1)); sw(t1, {_TABLE}(sp))")
    # a0: the column, a1: the word of the first sign, t2: the digit.
    w.op("sub(a0, a0, a4); srli(a0, a0, 4); srli(t0, a0, 5); slli(t0, t0, 2); add(a1, a1, t0)")
    w.op("li(t2, 0)")
    for tooth in reversed(range(TEETH)):
        w.op(f"lw(t0, {SPACING // 8 * tooth}(a1)); srl(t0, t0, a0); andi(t0, t0, 1)")
        w.op("slli(t2, t2, 1); or_(t2, t2, t0)")
    # t3: -1 for a negative digit, whose entry is that of the inverted one; then, to negate y.
    w.op(f"srli(t3, t2, {TEETH - 1}); addi(t3, t3, -1); xor(t2, t2, t3)")
    w.op(f"andi(t2, t2, {2 ** (TEETH - 1) - 1}); sub(a5, zero, a5); xor(t3, t3, a5)")
    w.op("mv(a0, a4); li(a2, 0)")
    w.op(f"label(half); li(a3, {2 ** (TEETH - 1)}); lw(a1, {_TABLE}(sp)); add(a1, a1, a2)")
    w.op("mv(t4, t2)", *(f"li({register}, 0)" for register in ELEMENT))
    # t0: -1 at the entry sought, else 0; t4 counts down to it.
    w.op("label(entry); addi(t0, t4, -1); xor(t1, t0, t4); and_(t0, t0, t1)")
    w.op("srai(t0, t0, 31); addi(t4, t4, -1)")
    for i, register in enumerate(ELEMENT):
        w.op(f"lw(t1, {4 * i}(a1)); and_(t1, t1, t0); or_({register}, {register}, t1)")
    w.op(f"addi(a1, a1, {_ENTRY}); addi(a3, a3, -1); bne(a3, zero, entry)")
    w.op("bne(a2, zero, y)")
    w.op(*(f"sw({register}, {4 * i}(a0))" for i, register in enumerate(ELEMENT)))
    w.op(f"li(a2, {_HALF}); jal(zero, half); label(y)")
    negate(w)
    w.op(*(f"sw({register}, {_HALF + 4 * i}(a0))" for i, register in enumerate(ELEMENT)))
    w.op("jal(zero, step)")


def negate(w: Writer) -> None:
    """Emit: negate the element when t3 is -1, not 0.

    It becomes (y ^ t3) - t3 + (p & t3) modulo 2**384, which is p - y for -1 and y for 0.
    """
    w.op("sub(t0, zero, t3); slli(t1, t3, 1)")
    for i, word in enumerate(["t3", None, None, "t3", "t1"] + ["t3"] * 7):
        y = ELEMENT[i]
        w.op(f"xor({y}, {y}, t3); add({y}, {y}, t0); sltu(t0, {y}, t0)")
        if word:
            w.op(f"add({y}, {y}, {word}); sltu(t4, {y}, {word}); add(t0, t0, t4)")


def kernel() -> str:
    """Return the source of kernel_p384_rv32.py."""
    w = Writer("_run")
    run(w)
    select(w)
    product.multiply(w)
    product.square(w)
    modulo.reduce(w)
    w.op("label(end)")
    w.leave()
    return _DOCSTRING + WRAPPER + w.text()


if __name__ == "__main__":
    sys.stdout.write(kernel())
