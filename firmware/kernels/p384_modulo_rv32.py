"""Emit reduction, addition and subtraction modulo p for RV32's P-384 kernel, unrolled.

The element at hand is in registers. No branch and no address depends on the values.
"""

from p384_modulo import FOLD, reduction_matrix
from p384_product_rv32 import ELEMENT, HIGH, LOW, TEMPORARY
from riscv import Writer

# Free after a reduction: a small number to be folded, the words of its vector, and more.
_COUNT, _NEGATIVE, _MASK, _REST, _CARRY, _SPARE, _OTHER, _WORD = HIGH[:8]


def reduce(w: Writer) -> None:
    """Emit the reduction of the 24 words, by columns, to 12 and k * 2**384; `fold` must follow.

    The sum of a column is in two registers, signed, of which the higher is the next one's lower. p
    is added to it at the start, so that k is from 0 to 4.
    """
    w.op("label(reduce)")
    spare, word, last = TEMPORARY[:3]
    sums = [*ELEMENT, last]
    for column, terms in enumerate(reduction_matrix()):
        low, high = sums[column : column + 2]
        first = -FOLD.get(column, 0)
        if column == 0:
            w.op(f"li({low}, {first}); li({high}, {first})")
        else:
            w.op(*[f"addi({low}, {low}, {first})"] * (first != 0), f"srai({high}, {low}, 31)")
        w.op(f"lw({word}, {LOW + 4 * column}(sp))")
        for source, coefficient in ((word, 1), *((HIGH[n - 12], c) for n, c in terms.items())):
            for _ in range(abs(coefficient)):
                _add_to_column(w, low, high, source, spare, coefficient > 0)
    # p's own 2**384.
    w.op(f"addi({last}, {last}, 1); mv({_COUNT}, {last}); jal(zero, fold)")


def _add_to_column(w: Writer, low: str, high: str, word: str, spare: str, is_plus: bool) -> None:
    """Emit: add *word* to the column *high*, *low*, or subtract it."""
    if is_plus:
        w.op(f"add({low}, {low}, {word}); sltu({spare}, {low}, {word})")
        w.op(f"add({high}, {high}, {spare})")
    else:
        w.op(f"sltu({spare}, {low}, {word}); sub({low}, {low}, {word})")
        w.op(f"sub({high}, {high}, {spare})")


def fold(w: Writer, name: str, is_plus: bool) -> None:
    """Emit: add to the element _COUNT * 2**384 modulo p, or subtract that; _COUNT is 0 to 15.

    When that leaves the range of 384 bits, what is left is below 16 * 2**129 (or as near to
    2**384), so that the second correction, by once 2**384 modulo p, ends within five words.
    """
    w.op(f"label({name})")
    w.op(f"sub({_NEGATIVE}, zero, {_COUNT}); sltu({_MASK}, zero, {_COUNT})")
    w.op(f"sub({_MASK}, zero, {_MASK}); add({_REST}, {_MASK}, {_COUNT})")
    vector = [_COUNT, _NEGATIVE, _MASK, _REST, _COUNT]
    for i, total in enumerate(ELEMENT):
        chain(w, total, vector[i] if i < 5 else None, is_plus, is_first=i == 0)
    w.op(f"mv({_COUNT}, {_CARRY}); sub({_NEGATIVE}, zero, {_COUNT})")
    for i, word in enumerate((_COUNT, _NEGATIVE, _NEGATIVE, None, _COUNT)):
        chain(w, ELEMENT[i], word, is_plus, is_first=i == 0)


def chain(w: Writer, total: str, word: str | None, is_plus: bool, is_first: bool) -> None:
    """Emit a link of a chain: add *word*, or 0, and the carry to *total*; or subtract both."""
    link = _add_word if is_plus else _subtract_word
    if word is None:
        w.op(link(total, _CARRY, _OTHER), f"mv({_CARRY}, {_OTHER})")
        return
    w.op(link(total, word, _CARRY if is_first else _SPARE))
    if not is_first:
        w.op(link(total, _CARRY, _OTHER), f"add({_CARRY}, {_SPARE}, {_OTHER})")


def _add_word(total: str, word: str, carry: str) -> str:
    return f"add({total}, {total}, {word}); sltu({carry}, {total}, {word})"


def _subtract_word(total: str, word: str, borrow: str) -> str:
    return f"sltu({borrow}, {total}, {word}); sub({total}, {total}, {word})"


def add_or_subtract(w: Writer, name: str, is_plus: bool) -> None:
    """Emit: the element that a1 points at plus, or minus, that at a2; `fold` must follow."""
    w.op(f"label({name})")
    w.op(*(f"lw({register}, {4 * i}(a1))" for i, register in enumerate(ELEMENT)))
    for i, total in enumerate(ELEMENT):
        w.op(f"lw({_WORD}, {4 * i}(a2))")
        chain(w, total, _WORD, is_plus, is_first=i == 0)
    w.op(f"mv({_COUNT}, {_CARRY})")
