"""Emit reduction, addition and subtraction modulo p for Xtensa's P-384 kernel, unrolled.

The reduction is by half-words, whose sums are far below 2**31: what is beyond 16 bits of one,
signed, is carried to the next. Where a carry is 0 or 1, it is by words. No branch and no address
depends on the values.
"""

from p384_modulo import FOLD, reduction_matrix
from p384_product_xtensa import WORDS
from xtensa import Writer

_SUMS = 0  # In the stack frame, instead of limbs.
_HIGH = [f"a{i}" for i in range(2, 14)]
_CARRY, _TERM = "a14", "a15"
_ZERO = "a4"


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
    w.op(f"addi({_CARRY}, {_CARRY}, 1)")


def _add_terms(w: Writer, total: str, terms: dict[int, int]) -> None:
    """Emit: add to *total* what a column has of the upper words."""
    for n, coefficient in terms.items():
        word = _HIGH[n - 12]
        if coefficient == 2:
            w.op(f"addx2({total}, {word}, {total})")
        else:
            name = "add" if coefficient > 0 else "sub"
            w.op(*[f"{name}({total}, {total}, {word})"] * abs(coefficient))


def add_or_subtract(w: Writer, name: str, is_plus: bool, result: int) -> None:
    """Emit: the element that a2 points at plus, or minus, that at a3, to the *result*.

    By words: whether one is less than another is whether minu gives the other.
    """
    w.op(f"label({name}); movi({_CARRY}, 0); movi({_ZERO}, 0)")
    for i in range(12):
        w.op(f"l32i(a5, a2, {4 * i}); l32i(a6, a3, {4 * i})")
        if is_plus:
            w.op("add(a5, a5, a6); minu(a7, a5, a6); sub(a7, a7, a6)")
            w.op(f"add(a5, a5, {_CARRY}); movnez({_CARRY}, {_ZERO}, a5)")
            w.op(f"s32i(a5, a1, {WORDS + 4 * i})")
        else:
            w.op("minu(a7, a5, a6); sub(a7, a7, a6); sub(a5, a5, a6)")
            w.op(f"sub(a6, a5, {_CARRY}); movnez({_CARRY}, {_ZERO}, a5)")
            w.op(f"s32i(a6, a1, {WORDS + 4 * i})")
        w.op(f"addi(a6, {_CARRY}, 1); movnez({_CARRY}, a6, a7)")
    w.op(f"l32i(a3, a1, {result}); mov(a2, {_CARRY})")
    _correct(w, "a1", WORDS, is_plus)
    _carry_on(w, is_plus)
    w.op(f"mov(a2, {_CARRY})")
    _correct(w, "a3", 0, is_plus, is_last=True)


def _correct(w: Writer, source: str, place: int, is_plus: bool, is_last: bool = False) -> None:
    """Emit: to a3 the first five words at *place*, with a2 * 2**384 modulo p added or subtracted.

    a2 is 0 or 1. It leaves the carry, except where it *is_last*: then there is none.
    """
    w.op(f"mov({_CARRY}, a2)")
    for i in range(4):
        if i in (1, 3):
            w.op(f"sub({_CARRY}, a2, {_CARRY})")
        _link(w, source, place, i, is_plus ^ (i in (1, 2)))
    if is_last:
        name = "add" if is_plus else "sub"
        w.op(f"l32i(a5, {source}, {place + 16}); {name}(a5, a5, {_CARRY})")
        w.op(f"{name}(a5, a5, a2); s32i(a5, a3, 16)")
        return
    _link(w, source, place, 4, is_plus)
    w.op("mov(a6, a2)")
    _link(w, "a3", 0, 4, is_plus, carry="a6")
    w.op(f"add({_CARRY}, {_CARRY}, a6)")


def _carry_on(w: Writer, is_plus: bool) -> None:
    """Emit: to a3 the other words, with the carry."""
    for i in range(5, 12):
        _link(w, "a1", WORDS, i, is_plus)


def _link(w: Writer, source: str, place: int, i: int, is_plus: bool, carry: str = _CARRY) -> None:
    """Emit: to a3 the word *i* at *place* with the carry, 0 or 1, added or subtracted.

    It is carried on where the sum is 0, or what it is subtracted from.
    """
    w.op(f"l32i(a5, {source}, {place + 4 * i})")
    if is_plus:
        w.op(f"add(a5, a5, {carry}); s32i(a5, a3, {4 * i}); movnez({carry}, {_ZERO}, a5)")
    else:
        w.op(f"sub(a7, a5, {carry}); s32i(a7, a3, {4 * i}); movnez({carry}, {_ZERO}, a5)")


def fold(w: Writer, result: int) -> None:
    """Emit: store the element with k * 2**384 modulo p added, k being _CARRY, from 0 to 15.

    *result*: where in the stack frame the address for it is. When that leaves the range of 384
    bits, what is left is below 16 * 2**129, so that the second correction, by once 2**384 modulo p,
    ends within five words. (After a difference, it is as near to 2**384.)
    """
    w.op(f"l32i(a3, a1, {result}); movi({_ZERO}, 0); mov(a2, {_CARRY})")
    for i in range(10):
        w.op(f"l16ui({_TERM}, a1, {WORDS + 2 * i}); add({_TERM}, {_TERM}, {_CARRY})")
        if i % 2 == 0 and 0 < i // 2 in FOLD:
            w.op(f"{'add' if FOLD[i // 2] > 0 else 'sub'}({_TERM}, {_TERM}, a2)")
        w.op(f"s16i({_TERM}, a3, {2 * i}); srai({_CARRY}, {_TERM}, 16)")
    _carry_on(w, is_plus=True)
    w.op(f"mov(a2, {_CARRY})")
    _correct(w, "a3", 0, is_plus=True, is_last=True)
