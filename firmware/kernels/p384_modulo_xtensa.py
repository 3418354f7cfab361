"""Emit reduction, addition and subtraction modulo p for Xtensa's P-384 kernel, unrolled.

By half-words, whose sums are far below 2**31: what is beyond 16 bits of one, signed, is carried to
the next. No branch and no address depends on the values.
"""

from p384_modulo import FOLD, reduction_matrix
from p384_product_xtensa import WORDS
from xtensa import Writer

_SUMS = 0  # In the stack frame, instead of limbs.
_HIGH = [f"a{i}" for i in range(2, 14)]
_CARRY, _TERM = "a14", "a15"


def reduce(w: Writer) -> None:
    """Emit the reduction of the 24 words to 12 and k * 2**384; `fold` must follow.

    Of columns of words: first their low halves, then the high ones with the carries. p is added, so
    that k is from 0 to 4.
    """
    w.op("label(reduce)")
    matrix = reduction_matrix()
    w.op(*(f"l16ui({word}, a1, {WORDS + 48 + 4 * i})" for i, word in enumerate(_HIGH)))
    for column, terms in enumerate(matrix):
        w.op(f"l16ui({_TERM}, a1, {WORDS + 4 * column})")
        _add_terms(w, _TERM, terms)
        if column in FOLD:
            w.op(f"addi({_TERM}, {_TERM}, {-FOLD[column]})")
        w.op(f"s32i({_TERM}, a1, {_SUMS + 4 * column})")
    w.op(*(f"l16ui({word}, a1, {WORDS + 50 + 4 * i})" for i, word in enumerate(_HIGH)))
    for column, terms in enumerate(matrix):
        place = WORDS + 4 * column
        if column:
            w.op(f"l32i({_TERM}, a1, {_SUMS + 4 * column}); add({_CARRY}, {_CARRY}, {_TERM})")
        else:
            w.op(f"l32i({_CARRY}, a1, {_SUMS})")
        w.op(f"s16i({_CARRY}, a1, {place}); srai({_CARRY}, {_CARRY}, 16)")
        w.op(f"l16ui({_TERM}, a1, {place + 2}); add({_CARRY}, {_CARRY}, {_TERM})")
        _add_terms(w, _CARRY, terms)
        w.op(f"s16i({_CARRY}, a1, {place + 2}); srai({_CARRY}, {_CARRY}, 16)")
    # p's own 2**384.
    w.op(f"addi({_CARRY}, {_CARRY}, 1); j(fold)")


def _add_terms(w: Writer, total: str, terms: dict[int, int]) -> None:
    """Emit: add to *total* what a column has of the upper words."""
    for n, coefficient in terms.items():
        word = _HIGH[n - 12]
        if coefficient == 2:
            w.op(f"addx2({total}, {word}, {total})")
        else:
            name = "add" if coefficient > 0 else "sub"
            w.op(*[f"{name}({total}, {total}, {word})"] * abs(coefficient))


def add_or_subtract(w: Writer, name: str, is_plus: bool) -> None:
    """Emit: the element that a2 points at plus, or minus, that at a3; `fold` must follow."""
    w.op(f"label({name})")
    for i in range(24):
        w.op(f"l16ui({_TERM}, a2, {2 * i}); l16ui(a4, a3, {2 * i})")
        w.op(f"{'add' if is_plus else 'sub'}({_TERM}, {_TERM}, a4)")
        w.op(*[f"add({_TERM}, {_TERM}, {_CARRY})"] * (i > 0))
        w.op(f"s16i({_TERM}, a1, {WORDS + 2 * i}); srai({_CARRY}, {_TERM}, 16)")


def fold(w: Writer, result: int) -> None:
    """Emit: store the element with k * 2**384 modulo p added, k being _CARRY, from -1 to 15.

    *result*: where in the stack frame the address for it is. When that leaves the range of 384
    bits, what is left is below 16 * 2**129 (or as near to 2**384), so that the second correction,
    by once 2**384 modulo p, ends within five words.
    """
    w.op(f"label(fold); l32i(a3, a1, {result})")
    for source, place, count in (("a1", WORDS, 24), ("a3", 0, 10)):
        w.op(f"mov(a2, {_CARRY})")
        for i in range(count):
            w.op(f"l16ui({_TERM}, {source}, {place + 2 * i})")
            w.op(f"add({_TERM}, {_TERM}, {_CARRY})")
            if i % 2 == 0 and 0 < i // 2 in FOLD:
                w.op(f"{'add' if FOLD[i // 2] > 0 else 'sub'}({_TERM}, {_TERM}, a2)")
            w.op(f"s16i({_TERM}, a3, {2 * i}); srai({_CARRY}, {_TERM}, 16)")
