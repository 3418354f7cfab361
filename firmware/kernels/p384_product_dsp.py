"""Emit multiplication for the P-384 kernel with UMAAL, for the Cortex-M33 of the RP2350, unrolled.

UMAAL adds two words to a product of two, which always fits: a row of products needs no carries.
Rows go in pairs, so that each word of the sum is loaded and stored for two of them. No branch and
no address depends on the values.
"""

from p384_product import BLOCK, HIGH, LOW
from thumb import Writer

_FRAME = 3 * BLOCK  # As p384_product has it, for the reduction.
_ROW_CARRIES = ("r2", "r3")
_WORDS_OF_B = ("r4", "r7")  # The new one and the one before, in turn.
_SUM = "r5"


def multiply(w: Writer) -> None:
    """Emit square (r9) and multiply (r9, r12: addresses of elements); the result goes to r8."""
    w.op("label(square); mov(r12, r9)")
    w.op("label(multiply); push({lr})")
    w.frame(_FRAME)
    w.op("mov(r6, r12)")
    for row in range(0, 12, 2):
        _add_rows(w, row)
    w.op("bl(reduce)")
    w.frame(-_FRAME)
    w.op("pop({pc})")


def _add_rows(w: Writer, row: int) -> None:
    """Emit: add the words *row* (in r0) and *row* + 1 (r1) of A, times B, to the product."""
    w.op(f"mov(r0, r9); ldr(r1, [r0, {4 * row + 4}]); ldr(r0, [r0, {4 * row}])")
    first, second = _ROW_CARRIES
    w.op(f"mov({first}, 0); mov({second}, 0)")
    for column in range(12):
        new, old = _WORDS_OF_B[column % 2], _WORDS_OF_B[1 - column % 2]
        w.op(f"ldr({new}, [r6, {4 * column}])")
        # The rows before have left a sum in all places but the first two rows' own.
        w.load(_SUM, _place(row + column)) if row else w.op(f"mov({_SUM}, 0)")
        w.multiply_accumulate(_SUM, first, "r0", new)
        if column:
            w.multiply_accumulate(_SUM, second, "r1", old)
        w.store(_SUM, _place(row + column))
    w.multiply_accumulate(first, second, "r1", _WORDS_OF_B[1])
    w.store(first, _place(row + 12))
    w.store(second, _place(row + 13))


def _place(word: int) -> int:
    """Return where a word of the product is in the frame."""
    return LOW + 4 * word if word < 12 else HIGH + 4 * (word - 12)
