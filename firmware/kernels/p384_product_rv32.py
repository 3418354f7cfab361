"""Emit multiplication and squaring for RV32's P-384 kernel: 12 words by 12 words, unrolled.

Row by row, with one factor and the sum in registers. RV32 has no carry flag: a carry is whether a
sum is less than what was added. No branch and no address depends on the values.
"""

from riscv import Writer

# The stack frame: a copy of a factor, the low words of the product; the rest is the interpreter's.
FACTOR, LOW = 0, 48
ELEMENT = [f"s{i}" for i in range(12)]
"""A factor, and later the result."""
_A, _X, _Y = "a1", "a0", "a2"  # a word of the other factor, and for whatever
_SUM = [*(f"t{i}" for i in range(7)), *(f"a{i}" for i in range(3, 8))]
_CARRY = "ra"
# After 12 rows the words 12 to 23 of a product are in these, since what one row has finished is the
# next one's carry; and one is left over.
HIGH = [_CARRY, *_SUM[:11]]
TEMPORARY = [_X, _Y, _A, _SUM[11]]


def multiply(w: Writer) -> None:
    """Emit multiply, of the elements that a1 and a2 point at; `reduce` must follow it."""
    w.op("label(multiply)")
    for i, register in enumerate(ELEMENT):
        w.op(f"lw({register}, {4 * i}(a1))")
    for i, register in enumerate(ELEMENT):
        w.op(f"sw({register}, {FACTOR + 4 * i}(sp)); lw({register}, {4 * i}(a2))")
    total, carry = _SUM, _CARRY
    for row in range(12):
        w.op(f"lw({_A}, {FACTOR + 4 * row}(sp))")
        for i, b in enumerate(ELEMENT):
            _add_product(w, _A, b, total[i], carry, is_first=i == 0, is_new=row == 0)
        w.op(f"sw({total[0]}, {LOW + 4 * row}(sp))")
        total, carry = [*total[1:], carry], total[0]
    w.op("jal(zero, reduce)")


def _add_product(
    w: Writer, a: str, b: str, total: str, carry: str, is_first: bool, is_new: bool
) -> None:
    """Emit: *total* += *a* *b* + *carry*, with the high word in *carry*.

    *is_first*: there is no carry yet; *is_new*: nor a total.
    """
    low, high = total if is_new else _X, carry if is_first else _Y
    w.op(f"mul({low}, {a}, {b}); mulhu({high}, {a}, {b})")
    if not is_first:
        w.op(f"add({low}, {low}, {carry}); sltu({carry}, {low}, {carry})")
        w.op(f"add({carry}, {carry}, {high})")
    if not is_new:
        w.op(f"add({total}, {total}, {low}); sltu({low}, {total}, {low})")
        w.op(f"add({carry}, {carry}, {low})")


def square(w: Writer) -> None:
    """Emit square, of the element that a1 points at; goes on with `reduce`.

    The products of different words once, by rows; then those doubled, and the squares added. Word
    n is in the register where multiply leaves word n + 12, until it is stored.
    """
    w.op("label(square)")
    for i, register in enumerate(ELEMENT):
        w.op(f"lw({register}, {4 * i}(a1))")
    for row in range(11):
        for i in range(row + 1, 12):
            word, carry = HIGH[(row + i) % 12], HIGH[row]
            is_first = i == row + 1
            _add_product(w, ELEMENT[row], ELEMENT[i], word, carry, is_first, is_new=row == 0)
        for n in (2 * row + 1, 2 * row + 2):
            if n < 12:
                w.op(f"sw({HIGH[n]}, {LOW + 4 * n}(sp))")
    _double_and_add_squares(w)


def _double_and_add_squares(w: Writer) -> None:
    """Emit: twice what is there, and the square of word n at word 2 n."""
    low, high, carry, bit = TEMPORARY
    # The first two words are free when their squares have been made.
    scratch, next_bit = ELEMENT[:2]
    for i, a in enumerate(ELEMENT):
        w.op(f"mul({low}, {a}, {a}); mulhu({high}, {a}, {a})")
        if i == 0:
            w.op(f"sw({low}, {LOW}(sp)); lw({scratch}, {LOW + 4}(sp))")
            w.op(f"srli({bit}, {scratch}, 31); slli({scratch}, {scratch}, 1)")
            w.op(f"add({scratch}, {scratch}, {high}); sltu({carry}, {scratch}, {high})")
            w.op(f"sw({scratch}, {LOW + 4}(sp))")
            continue
        for n, part in ((2 * i, low), (2 * i + 1, high)):
            if n == 23:
                w.op(f"add({HIGH[11]}, {part}, {carry}); add({HIGH[11]}, {HIGH[11]}, {bit})")
                continue
            word = HIGH[n - 12] if n >= 12 else scratch
            w.op(*[f"lw({word}, {LOW + 4 * n}(sp))"] * (n < 12))
            w.op(f"srli({next_bit}, {word}, 31); slli({word}, {word}, 1)")
            w.op(f"or_({word}, {word}, {bit})")
            bit, next_bit = next_bit, bit
            w.op(f"add({word}, {word}, {part}); sltu({part}, {word}, {part})")
            w.op(f"add({word}, {word}, {carry}); sltu({carry}, {word}, {carry})")
            w.op(f"add({carry}, {carry}, {part})")
            w.op(*[f"sw({word}, {LOW + 4 * n}(sp))"] * (n < 12))
