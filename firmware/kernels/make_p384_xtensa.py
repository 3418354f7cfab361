"""Write P-384 arithmetic in MicroPython's inline assembler for Xtensa: ESP32, ESP32-S2 and S3.

    python firmware/kernels/make_p384_xtensa.py > firmware/kernels/kernel_p384_xtensa.py

The same interpreter and programs as make_p384.py, which says what they do, apart: native code is
in a module of its own on esp32, since its memory is never freed there. How the interpreter is
called: xtensa.py. Stack: about 350 bytes.

Timing: no branch and no address depends on the values of elements, the digit or the signs. Whether
an instruction takes the same time for all operands, no document that we know of promises for the
LX6's and LX7's mull and muluh: it is assumed, as their multiplier is one for whole words and is
pipelined; the others are additions, shifts, logic and conditional moves, which always write.
"""

import sys

import p384_modulo_xtensa as modulo
import p384_product_xtensa as product
from make_p384 import SPACING, TEETH
from make_p384_rv32 import WRAPPER
from xtensa import Writer

# The rest of the stack frame, after what p384_product_xtensa has there.
_PROGRAM, _WORK, _RESULT, _COUNT = range(product.FREE, product.FREE + 16, 4)
_FRAME = product.FREE + 16
_ENTRY, _HALF = 96, 48  # Bytes of an entry of the table, and of x or y.
_TABLE = _ENTRY * 2 ** (TEETH - 1)
_AT_ONCE = 8  # Words of an entry.

_DOCSTRING = '''"""P-384 for Xtensa; make_p384_xtensa.py made it and explains it (do not edit)."""

# ruff: noqa
# fmt: off
'''


def run(w: Writer) -> None:
    """Emit the interpreter: a2 to a4 are the addresses of the operands and of the result."""
    w.enter(_FRAME, addresses=2)
    w.op(f"s32i(a3, a1, {_PROGRAM}); s32i(a4, a1, {_WORK})")
    w.op(f"label(step); l32i(a8, a1, {_PROGRAM}); l32i(a9, a1, {_WORK})")
    w.op("l8ui(a5, a8, 0); l8ui(a4, a8, 1); l8ui(a2, a8, 2); l8ui(a3, a8, 3); addi(a8, a8, 4)")
    w.op(f"s32i(a8, a1, {_PROGRAM}); slli(a2, a2, 4); add(a2, a2, a9); mov(a6, a3)")
    w.op("slli(a3, a3, 4); add(a3, a3, a9); slli(a7, a4, 4); add(a7, a7, a9)")
    w.op(f"s32i(a7, a1, {_RESULT}); movi(a7, 1); s32i(a7, a1, {_COUNT})")
    # Conditional branches reach no further than 2 KB.
    w.op("bnez(a5, some); j(end); label(some); addi(a5, a5, -1)")
    w.op("bnez(a5, other); j(multiply); label(other); addi(a5, a5, -1)")
    w.op(f"bnez(a5, linear); s32i(a6, a1, {_COUNT}); j(square)")
    w.op("label(linear); addi(a5, a5, -1); beqz(a5, plus)")
    w.op("addi(a5, a5, -1); bnez(a5, more); j(minus); label(more); j(select)")
    modulo.add_or_subtract(w, "plus", True, _RESULT)
    w.op("j(step)")
    modulo.add_or_subtract(w, "minus", False, _RESULT)
    w.op("j(step)")


def select(w: Writer) -> None:
    """Emit SELECT: copy the comb's entry for column *destination* to x and y.

    a: the place of the signs, after which the table's address is; b: 1 to negate the entry. Tooth
    i's sign is bit *column* of the 64 that begin with word 2 i. All 32 entries are read, in order,
    three times: some of their words each. The last tooth's sign is the entry's: if it is not set,
    the others are inverted.
    """
    # a2: the word of the first sign; then the table's end. a4: the column; then the digit.
    w.op("label(select); l32i(a3, a2, 48); extui(a5, a4, 5, 1); addx4(a2, a5, a2); ssr(a4)")
    w.op("movi(a4, 0)")
    for tooth in reversed(range(TEETH)):
        w.op(f"l32i(a5, a2, {SPACING // 8 * tooth}); srl(a5, a5); extui(a5, a5, 0, 1)")
        w.op("addx2(a4, a4, a5)")
    # a6: -1 for a negative digit, whose entry is that of the inverted one; then, to negate y.
    w.op(f"extui(a5, a4, {TEETH - 1}, 1); addi(a5, a5, -1); xor(a4, a4, a5); neg(a6, a6)")
    w.op(f"extui(a4, a4, 0, {TEETH - 1}); xor(a6, a6, a5)")
    found = [f"a{i}" for i in range(8, 8 + _AT_ONCE)]
    w.op("mov(a7, a3)")
    for start in range(0, _ENTRY, 4 * _AT_ONCE):
        # a5 counts down to 0 at the entry sought.
        w.op(f"addmi(a2, a7, {_TABLE}); mov(a5, a4); label(entry_{start})")
        for i, register in enumerate(found):
            w.op(f"l32i(a3, a7, {4 * i}); moveqz({register}, a3, a5)")
        w.op(f"addi(a5, a5, -1); addi(a7, a7, {_ENTRY}); bne(a7, a2, entry_{start})")
        w.op(f"addmi(a7, a7, {-_TABLE}); addi(a7, a7, {4 * _AT_ONCE}); l32i(a3, a1, {_WORK})")
        w.op(*(f"s32i({word}, a3, {start + 4 * i})" for i, word in enumerate(found)))
    negate(w)
    w.op("j(step)")


def negate(w: Writer) -> None:
    """Emit: negate the element y when a6 is -1, not 0; a3: the work area.

    It becomes (y ^ a6) - a6 + (p & a6) modulo 2**384, which is p - y for -1 and y for 0.
    """
    w.op("extui(a2, a6, 0, 16); slli(a7, a6, 1); extui(a7, a7, 0, 16); extui(a4, a6, 0, 1)")
    for i, half in enumerate(["a2"] * 2 + [""] * 4 + ["a2"] * 2 + ["a7"] + ["a2"] * 15):
        w.op(f"l16ui(a5, a3, {_HALF + 2 * i}); xor(a5, a5, a2); add(a5, a5, a4)")
        w.op(*[f"add(a5, a5, {half})"] * bool(half))
        w.op(f"s16i(a5, a3, {_HALF + 2 * i}); extui(a4, a5, 16, 16)")


def kernel() -> str:
    """Return the source of kernel_p384_xtensa.py."""
    w = Writer("_run")
    run(w)
    select(w)
    product.multiply(w)
    product.square(w)
    modulo.reduce(w)
    modulo.fold(w, _RESULT)
    w.op(f"l32i(a7, a1, {_COUNT}); addi(a7, a7, -1); s32i(a7, a1, {_COUNT}); mov(a2, a3)")
    w.op("beqz(a7, done); j(square); label(done); j(step); label(end)")
    w.leave()
    return _DOCSTRING + WRAPPER + w.text()


if __name__ == "__main__":
    sys.stdout.write(kernel())
