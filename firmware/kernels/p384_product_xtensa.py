"""Emit multiplication and squaring for Xtensa's P-384 kernel, unrolled.

Xtensa has no carry flag, and the LX6 no comparison into a register. So the factors are cut into 14
limbs of 28 bits. Of a product of two limbs, muluh gives what is above 28 bits, one of them being
shifted left by 4, and mull the product modulo 2**32. A column has the sum of each: H, which is
exact, and S. S - H 2**28 modulo 2**32 is the sum of the lower 28 bits of each product, which is
below 14 * 2**28: no carry is lost, and none is looked for. Columns become words again when four of
them are finished. No branch and no address depends on the values.
"""

from xtensa import Writer

LIMBS, BITS = 14, 28
# The stack frame: limbs of the factors, the 24 words of the product; the rest is the interpreter's.
_A, _B, WORDS = 0, 56, 112
_CARRIED, _LAST, FREE = 208, 212, 216
_WIDTH = 4  # Columns at a time.
_LOW, _HIGH = ["a2", "a3", "a4", "a5"], ["a6", "a7", "a8", "a9"]
_LIMB, _SHIFTED, _OTHERS = "a10", "a11", ["a12", "a13", "a14", "a15"]
_MOST = [2**28 - 1] * 13 + [2**20 - 1]


def multiply(w: Writer) -> None:
    """Emit multiply, of the elements that a2 and a3 point at; `reduce` must follow it."""
    w.op("label(multiply); movi(a7, -1); srli(a7, a7, 4)")
    _unpack(w, "a2", [_A])
    _unpack(w, "a3", [_B])
    _columns(w, is_square=False)
    w.op("j(reduce)")


def square(w: Writer) -> None:
    """Emit square, of the element that a2 points at; goes on with `reduce`."""
    w.op("label(square); movi(a7, -1); srli(a7, a7, 4)")
    _unpack(w, "a2", [_A, _B])
    _columns(w, is_square=True)


def _unpack(w: Writer, source: str, places: list[int]) -> None:
    """Emit: store the limbs of what *source* points at, and twice each at a second place.

    a7: the mask of a limb.
    """
    word, following, limb = "a4", "a5", "a6"
    w.op(f"l32i({word}, {source}, 0)")
    for k in range(LIMBS):
        i, shift = divmod(BITS * k, 32)
        is_within = shift + BITS <= 32 or i == 11
        if not is_within:
            w.op(f"l32i({following}, {source}, {4 * i + 4})")
        if shift == 0:
            w.op(f"and({limb}, {word}, a7)")
        elif is_within:
            w.op(f"srli({limb}, {word}, {shift})")
            if i < 11:
                w.op(f"l32i({word}, {source}, {4 * i + 4})")
        else:
            w.op(f"ssai({shift}); src({limb}, {following}, {word}); and({limb}, {limb}, a7)")
            word, following = following, word
        w.op(f"s32i({limb}, a1, {places[0] + 4 * k})")
        if len(places) > 1:
            w.op(f"add({limb}, {limb}, {limb}); s32i({limb}, a1, {places[1] + 4 * k})")


def _columns(w: Writer, is_square: bool) -> None:
    """Emit: the columns of the product, some at a time, and their words."""
    most_carried = 0
    for start in range(0, 2 * LIMBS - 1, _WIDTH):
        columns = range(start, min(start + _WIDTH, 2 * LIMBS - 1))
        _sum(w, columns, is_square)
        most_carried = _finish(w, columns, most_carried, is_square)


def _terms(column: int, is_square: bool) -> list[tuple[int, int]]:
    """Return the limbs that are multiplied for a column; those of a square are in order."""
    pairs = [(i, column - i) for i in range(LIMBS) if 0 <= column - i < LIMBS]
    return [(i, j) for i, j in pairs if i <= j] if is_square else pairs


def _sum(w: Writer, columns: range, is_square: bool) -> None:
    """Emit: the sums of *columns* into _LOW and _HIGH.

    A limb of one factor after the other, with those of the other that meet it there; each of them
    is loaded once. In a square, the others are doubled, but not where a limb meets itself.
    """
    held: dict[int, str] = {}
    free = list(_OTHERS)
    new = set(columns)
    every = [pair for column in columns for pair in _terms(column, is_square)]
    for i in sorted({i for i, _ in every}):
        w.op(f"l32i({_LIMB}, a1, {_A + 4 * i}); slli({_SHIFTED}, {_LIMB}, 4)")
        for j in sorted((j for a, j in every if a == i), reverse=True):
            at = i + j - columns[0]
            other = _LIMB if is_square and i == j else held.get(j)
            if other is None:
                other = held[j] = free.pop()
                w.op(f"l32i({other}, a1, {_B + 4 * j})")
            for name, limb, total in (
                ("mull", _LIMB, _LOW[at]),
                ("muluh", _SHIFTED, _HIGH[at]),
            ):
                if i + j in new:
                    w.op(f"{name}({total}, {limb}, {other})")
                else:
                    w.op(f"{name}({free[-1]}, {limb}, {other})")
                    w.op(f"add({total}, {total}, {free[-1]})")
            new.discard(i + j)
            if j in held and i + 1 + j > columns[-1]:
                free.append(held.pop(j))


def _finish(w: Writer, columns: range, most_carried: int, is_square: bool) -> int:
    """Emit: make words of the sums; return the most that is carried to the next column.

    *most_carried*: the same of the column before. Carried is what its muluh has given, and the bits
    of its sum beyond 28.
    """
    carried, last, spare, mask = _OTHERS
    if columns[0]:
        w.op(f"l32i({carried}, a1, {_CARRIED})")
    if columns[0] % 8:
        w.op(f"l32i({last}, a1, {_LAST})")
    has_mask = False
    for column, low, high in zip(columns, _LOW, _HIGH, strict=False):
        terms = _terms(column, is_square)
        most_low = len(terms) * (2**28 - 1)
        most_high = sum(_MOST[i] * _MOST[j] * (1 + (is_square and i != j)) >> 28 for i, j in terms)
        w.op(f"slli({spare}, {high}, 28); sub({low}, {low}, {spare})")
        if most_low + most_carried >= 2**32:
            if not has_mask:
                w.op(f"movi({mask}, -1); srli({mask}, {mask}, 4)")
                has_mask = True
            w.op(f"extui({spare}, {low}, 28, 4); and({low}, {low}, {mask})")
            w.op(f"add({high}, {high}, {spare})")
            most_high, most_low = most_high + (most_low >> 28), 2**28 - 1
        if column:
            w.op(f"add({low}, {low}, {carried})")
        if most_low + most_carried >= 2**32:
            raise ValueError(f"column {column} may be beyond a word")
        w.op(f"extui({spare}, {low}, 28, 4); add({carried}, {high}, {spare})")
        most_carried = most_high + (most_low + most_carried >> 28)
        _pack(w, column, low, last, spare)
    if columns[-1] == 2 * LIMBS - 2:
        _pack(w, 2 * LIMBS - 1, carried, last, spare)
        return most_carried
    w.op(f"s32i({carried}, a1, {_CARRIED})")
    if columns[-1] % 8 != 7:
        w.op(f"s32i({last}, a1, {_LAST})")
    return most_carried


def _pack(w: Writer, k: int, limb: str, last: str, spare: str) -> None:
    """Emit: store the word that ends in limb *k*, if one does; the limb is kept as *last*.

    Beyond its 28 bits there may be others. *last* is the one before, to the left by 4.
    """
    rows, place = divmod(k, 8)
    if place:
        w.op(f"ssai({4 * place}); src({spare}, {limb}, {last})")
        w.op(f"s32i({spare}, a1, {WORDS + 4 * (7 * rows + place - 1)})")
    if place < 7:
        w.op(f"slli({last}, {limb}, 4)")
