"""Emit reduction, addition and subtraction modulo p for the P-384 kernel, unrolled.

No branch and no address depends on the values.
"""

from p384_product import HIGH, LOW
from thumb import Writer

# 2**384 = 2**128 + 2**96 - 2**32 + 1 modulo p: coefficients of powers of 2**32.
FOLD = {0: 1, 1: -1, 3: 1, 4: 1}
# The carry or borrow at the end of a chain, as 0 or 1 in r2.
CARRY = {"add": "mov(r2, 0); adc(r2, r2)", "sub": "sbc(r2, r2); neg(r2, r2)"}


def reduction_matrix() -> list[dict[int, int]]:
    """Return, for each of the 12 words of a result, {upper word: its coefficient}."""
    # x**n modulo p, where x = 2**32.
    powers = [[int(i == j) for j in range(12)] for i in range(12)]
    for n in range(12, 24):
        top, rest = powers[n - 1][11], [0, *powers[n - 1][:11]]
        powers.append([c + top * FOLD.get(i, 0) for i, c in enumerate(rest)])
    return [{n: powers[n][i] for n in range(12, 24) if powers[n][i]} for i in range(12)]


def reduce(w: Writer, carries: dict[int, str]) -> None:
    """Emit the reduction of the 24 words, by columns, to 12 and k * 2**384; `fold` follows.

    *carries*: registers with what is still to be added to words of the product. The sum of a
    column is in two of r0, r1, signed. p is added to it at the start, so that k is from 0 to 4.
    """
    w.op("label(reduce)")
    kept = {20: "r4", 21: "r5", 22: "r6", 23: "r7"}  # The upper words that are used most.
    for n, register in kept.items():
        w.load(register, HIGH + 4 * (n - 12))
    w.op("mov(r2, 0); mov(r0, 0)")
    low, high = "r0", "r1"
    for column, terms in enumerate(reduction_matrix()):
        if column in FOLD:
            w.op(f"{'sub' if FOLD[column] > 0 else 'add'}({low}, 1)")
        for n, carry in carries.items():
            if n in terms:
                w.op(f"mov(r3, {carry}); {'add' if terms[n] > 0 else 'sub'}({low}, {low}, r3)")
        w.op(f"asr({high}, {low}, 31)")
        w.load("r3", LOW + 4 * column)
        w.op(f"add({low}, {low}, r3); adc({high}, r2)")
        for n, coefficient in terms.items():
            if n not in kept:
                w.load("r3", HIGH + 4 * (n - 12))
            word = kept.get(n, "r3")
            first, chained = ("add", "adc") if coefficient > 0 else ("sub", "sbc")
            for _ in range(abs(coefficient)):
                w.op(f"{first}({low}, {low}, {word}); {chained}({high}, r2)")
        w.store(low, LOW + 4 * column)
        low, high = high, low
    # p's own 2**384.
    w.op(f"mov(r2, {low}); add(r2, 1); mov(r1, r8)")
    w.frame_address("r0", LOW)


def fold(w: Writer, name: str, first: str, chained: str) -> None:
    """Emit the subroutine: to r1, what r0 points at plus (minus) r2 * 2**384 modulo p; r2 < 16.

    When that leaves the range of 384 bits, what is left is below 16 * 2**129 (or as near to
    2**384), so that the second correction, by once 2**384 modulo p, ends within five words.
    """
    # r7 = -1 unless r2 = 0.
    w.op(f"label({name}); neg(r6, r2); sbc(r7, r7)")
    # The words to add; for the fourth r7 is made r2 - 1 (or 0), and from the sixth 0.
    vector = ["r2", "r6", "r7", "r7", "r2", *["r7"] * 7]
    for start in range(0, 12, 3):
        w.load_many("r0", "r3", "r4", "r5")
        for i in range(3):
            if start + i == 3:
                w.add_quietly("r7", "r2")
            if start + i == 5:
                w.op("mov(r7, 0)")
            word, constant = f"r{3 + i}", vector[start + i]
            w.op(f"{chained}({word}, {constant})" if start + i else f"{first}(r3, r3, r2)")
        w.store_many("r1", "r3", "r4", "r5")
    w.op(CARRY[first])
    w.op("neg(r6, r2); sub(r1, 48); mov(r0, r1)")
    w.load_many("r0", "r3", "r4", "r5")
    w.op(f"{first}(r3, r3, r2); {chained}(r4, r6); {chained}(r5, r6)")
    w.store_many("r1", "r3", "r4", "r5")
    w.load_many("r0", "r3", "r4")
    w.op(f"{chained}(r3, r7); {chained}(r4, r2)")
    w.store_many("r1", "r3", "r4")
    w.op("bx(lr)")


def add_or_subtract(w: Writer, name: str, first: str, chained: str) -> None:
    """Emit the subroutine: r0 = r1 + r2 or r1 - r2, three addresses."""
    w.op(f"label({name}); mov(r8, r0)")
    for i in range(0, 12, 2):
        w.load_many("r1", "r3", "r4")
        w.load_many("r2", "r5", "r6")
        w.op(f"{chained}(r3, r5)" if i else f"{first}(r3, r3, r5)", f"{chained}(r4, r6)")
        w.store_many("r0", "r3", "r4")
    w.op(CARRY[first])
    w.op(f"mov(r0, r8); mov(r1, r0); b(fold{'' if first == 'add' else '_' + first})")
