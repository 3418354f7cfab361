"""Emit the field arithmetic of the P-384 kernel: subroutines over 12 words of 32 bits, unrolled.

One level of subtractive Karatsuba over a 6 x 6 word product by columns; a 32 x 32 bit product is four
multiplications of halves, since ARMv6-M has no longer one. No branch and no address depends on the values.
"""

from thumb import Writer

# A multiplication's stack frame is three blocks, lowest first: |A1-A0|*|B1-B0|, A0*B0, A1*B1. In each: the two
# factors of 6 words, and the product of 12. A squaring leaves the second factor unused.
BLOCK = 96
FACTOR_B, PRODUCT = 24, 48
CROSS, LOW, HIGH = (i * BLOCK + PRODUCT for i in range(3))

# 2**384 = 2**128 + 2**96 - 2**32 + 1 modulo p: coefficients of powers of 2**32.
FOLD = {0: 1, 1: -1, 3: 1, 4: 1}


def multiply_words(w: Writer, i: int, j: int) -> None:
    """Put A[i] * B[j] into r0 (high), r4 (low); destroys r1-r3."""
    w.load("r0", 4 * i)
    w.load("r1", FACTOR_B + 4 * j)
    w.low_half("r2", "r0")
    w.low_half("r3", "r1")
    w.op("lsr(r0, r0, 16)", "lsr(r1, r1, 16)", "mov(r4, r2)")
    w.op("mul(r4, r3)", "mul(r2, r1)", "mul(r3, r0)", "mul(r0, r1)")
    for middle in ("r2", "r3"):
        w.op(f"lsl(r1, {middle}, 16)", f"lsr({middle}, {middle}, 16)")
        w.op("add(r4, r4, r1)", f"adc(r0, {middle})")


def columns(w: Writer, pairs: list[tuple[int, int]], second: int) -> None:
    """Sum A[i] * B[j] over *pairs* by columns i + j, of which there are no gaps, and store the words.

    *second* is the offset of factor B (that of A when squaring). The sum is in three of r5-r7, which take turns.
    """
    first, last = pairs[0][0] + pairs[0][1], pairs[-1][0] + pairs[-1][1]
    low, middle, high = "r5", "r6", "r7"
    w.op(f"mov({low}, 0)", f"mov({middle}, 0)")
    for column in range(first, last + 1):
        fresh = True
        for i, j in (pair for pair in pairs if sum(pair) == column):
            multiply_words(w, i, j + (second - FACTOR_B) // 4)
            w.op(f"add({low}, {low}, r4)", f"adc({middle}, r0)")
            w.op(
                *(
                    [f"mov({high}, 0)", f"adc({high}, {high})"]
                    if fresh
                    else ["mov(r1, 0)", f"adc({high}, r1)"]
                )
            )
            fresh = False
        w.store(low, PRODUCT + 4 * column)
        low, middle, high = middle, high, low
    w.store(low, PRODUCT + 4 * last + 4)


def multiply_6(w: Writer) -> None:
    """Emit the subroutine: product of the 6-word factors A and B of the block at sp. Destroys r0-r7."""
    w.op("label(multiply_6)")
    pairs = [(i, j) for i in range(6) for j in range(6)]
    columns(w, sorted(pairs, key=sum), FACTOR_B)
    w.op("bx(lr)")


def square_6(w: Writer) -> None:
    """Emit the subroutine: square of the 6-word factor A of the block at sp. Destroys r0-r7."""
    w.op("label(square_6)")
    columns(w, sorted([(i, j) for j in range(6) for i in range(j)], key=sum), 0)
    w.op(
        "mov(r5, 0)", "mov(r6, 0)"
    )  # r5: carry, at most 2. Double the mixed products and add the squares.
    for i in range(6):
        w.load("r0", 4 * i)
        w.low_half("r1", "r0")
        w.op("lsr(r0, r0, 16)", "mov(r2, r1)", "mul(r2, r2)", "mul(r1, r0)", "mul(r0, r0)")
        w.op("lsl(r3, r1, 17)", "lsr(r1, r1, 15)", "add(r2, r2, r3)", "adc(r0, r1)")
        w.op("add(r2, r2, r5)", "mov(r5, 0)", "adc(r0, r5)")
        w.load("r3", PRODUCT + 8 * i) if i > 0 else w.op("mov(r3, 0)")
        w.load("r4", PRODUCT + 8 * i + 4) if i < 5 else w.op("mov(r4, 0)")
        w.op(
            "add(r3, r3, r3)",
            "adc(r4, r4)",
            "adc(r5, r5)",
            "add(r3, r3, r2)",
            "adc(r4, r0)",
            "adc(r5, r6)",
        )
        w.store("r3", PRODUCT + 8 * i)
        w.store("r4", PRODUCT + 8 * i + 4)
    w.op("bx(lr)")


def copy_half(w: Writer, source: str, half: int, to: int) -> None:
    """Copy the low (0) or high (1) *half* of the element at *source*, a high register, to the frame."""
    words = ("r2", "r3", "r4", "r5", "r6", "r7")
    w.op(f"mov(r0, {source})", *(["add(r0, 24)"] if half else []))
    w.frame_address("r1", to)
    w.load_many("r0", *words)
    w.store_many("r1", *words)


def difference(w: Writer, factor: int) -> None:
    """Put |A1 - A0| into the lowest block, for the factor at offset *factor*; r7 = -1 when A1 < A0, else 0."""
    for i in range(6):
        w.load(f"r{i}", 2 * BLOCK + factor + 4 * i)
        w.load("r6", BLOCK + factor + 4 * i)
        w.op(f"sbc(r{i}, r6)" if i else "sub(r0, r0, r6)")
    w.op("sbc(r7, r7)")
    w.op(*(f"eor(r{i}, r7)" for i in range(6)))
    w.op("sub(r0, r0, r7)", *(f"sbc(r{i}, r7)" for i in range(1, 6)))
    w.frame_address("r6", factor)
    w.store_many("r6", *(f"r{i}" for i in range(6)))


def product(w: Writer, name: str, factors: list[tuple[str, int]], leaf: str) -> None:
    """Emit multiply or square: elements at the addresses in *factors* (high registers, their frame offsets).

    The product of the halves' differences is subtracted from the sum of the others unless r9 = 0 says that it is
    negative; then it is added.
    """
    w.op(f"label({name})", "push({lr})")
    for half in (1, 0):
        w.frame(BLOCK)
        for source, offset in factors:
            copy_half(w, source, half, offset)
        w.op(f"bl({leaf})")
    w.frame(BLOCK)
    w.op("mov(r7, 0)")
    for _, offset in factors:
        w.op("mov(r9, r7)")
        difference(w, offset)
    w.op(*(["mov(r0, r9)", "eor(r0, r7)"] if len(factors) == 2 else ["mov(r0, 0)"]))
    w.op("mvn(r0, r0)", "mov(r9, r0)", f"bl({leaf})", "bl(combine)")
    w.frame(-3 * BLOCK)
    w.op("pop({pc})")


def combine(w: Writer) -> None:
    """Emit the subroutine that makes the 24-word product in the LOW and HIGH places and reduces it to r8.

    With X = 2**192, L, H and M the three products: L + X*(L + H - M) + X*X*H. First H += L // X, then the words of
    the sum are L[0:6], H[0:6] + L[0:6], H[0:6] + H[6:12], H[6:12] (refined Karatsuba), minus M * X.
    """
    w.op("label(combine)")
    for i in range(12):
        if i == 6:
            w.op("mov(r7, 0)")
        word, other = (f"r{i}", "r6") if i < 6 else ("r6", "r7")
        w.load(word, HIGH + 4 * i)
        if i < 6:
            w.load(other, LOW + 24 + 4 * i)
        w.op(f"adc({word}, {other})" if i else "add(r0, r0, r6)")
        if i >= 6:
            w.store(word, HIGH + 4 * i)
    for i in range(12):
        w.load("r6", LOW + 4 * i if i < 6 else HIGH + 4 * i)
        w.op(f"adc(r6, r{i % 6})" if i else "add(r6, r6, r0)")
        w.store("r6", (LOW + 24 if i < 6 else HIGH - 24) + 4 * i)
    w.op(
        "adc(r7, r7)", "mov(r5, r9)", "lsr(r0, r5, 1)"
    )  # The carry flag is now 1 to subtract, 0 to add.
    for i in range(12):
        place = (LOW + 24 if i < 6 else HIGH - 24) + 4 * i
        w.load("r0", CROSS + 4 * i)
        w.load("r1", place)
        w.op("eor(r0, r5)", "adc(r1, r0)")
        w.store("r1", place)
    w.op("adc(r7, r5)", "asr(r6, r7, 31)")
    for i in range(6, 12):
        w.load("r0", HIGH + 4 * i)
        w.op("adc(r0, r6)" if i > 6 else "add(r0, r0, r7)")
        w.store("r0", HIGH + 4 * i)
    reduce(w)


def reduction_matrix() -> list[dict[int, int]]:
    """Return for each of the 12 result words the upper words that count towards it: {word: coefficient}."""
    powers = [
        [int(i == j) for j in range(12)] for i in range(12)
    ]  # x**n modulo the prime, x = 2**32.
    for n in range(12, 24):
        top, rest = powers[n - 1][11], [0, *powers[n - 1][:11]]
        powers.append([c + top * FOLD.get(i, 0) for i, c in enumerate(rest)])
    return [{n: powers[n][i] for n in range(12, 24) if powers[n][i]} for i in range(12)]


def reduce(w: Writer) -> None:
    """Emit the reduction of the 24 words to 12 and a small multiple of 2**384, by columns; falls into `fold`.

    The sum of a column is in two of r0, r1, signed. p is added to it at the start, so that the total is positive.
    """
    kept = {20: "r4", 21: "r5", 22: "r6", 23: "r7"}  # The upper words that are used most.
    for n, register in kept.items():
        w.load(register, HIGH + 4 * (n - 12))
    w.op("mov(r2, 0)", "mov(r0, 0)")
    low, high = "r0", "r1"
    for column, terms in enumerate(reduction_matrix()):
        bias = -FOLD.get(column, 0)
        w.op(
            *{1: [f"add({low}, 1)"], -1: [f"sub({low}, 1)"], 0: []}[bias], f"asr({high}, {low}, 31)"
        )
        w.load("r3", LOW + 4 * column)
        w.op(f"add({low}, {low}, r3)", f"adc({high}, r2)")
        for n, coefficient in terms.items():
            if n not in kept:
                w.load("r3", HIGH + 4 * (n - 12))
            word, (first, second) = (
                kept.get(n, "r3"),
                ("add", "adc") if coefficient > 0 else ("sub", "sbc"),
            )
            w.op(*[f"{first}({low}, {low}, {word})", f"{second}({high}, r2)"] * abs(coefficient))
        w.store(low, LOW + 4 * column)
        low, high = high, low
    w.op(f"mov(r2, {low})", "add(r2, 1)", "mov(r1, r8)")  # p's own 2**384.
    w.frame_address("r0", LOW)
    fold(w, "fold", "add", "adc")


def fold(w: Writer, name: str, first: str, chained: str) -> None:
    """Emit the subroutine: the element at r0, plus (minus) r2 times 2**384 modulo p, to r1; 0 <= r2 < 16.

    When that leaves the range of 384 bits, what is left is below 16 * 2**129 (or as near to 2**384), so that the
    second correction, by once 2**384 modulo p, ends within five words.
    """
    w.op(f"label({name})", "neg(r6, r2)", "sbc(r7, r7)")  # r7 = -1 unless r2 = 0.
    vector = ["r2", "r6", "r7", "r7", "r2"] + [
        "r7"
    ] * 7  # r7 is r2 - 1 or 0 for the fourth word, 0 from the sixth.
    for start in range(0, 12, 3):
        w.load_many("r0", "r3", "r4", "r5")
        for i in range(3):
            if start + i == 3:
                w.add_quietly("r7", "r2")
            if start + i == 5:
                w.op("mov(r7, 0)")
            word, constant = f"r{3 + i}", vector[start + i]
            w.op(
                f"{chained}({word}, {constant})"
                if start + i
                else f"{first}({word}, {word}, {constant})"
            )
        w.store_many("r1", "r3", "r4", "r5")
    w.op(*(["mov(r2, 0)", "adc(r2, r2)"] if first == "add" else ["sbc(r2, r2)", "neg(r2, r2)"]))
    w.op("neg(r6, r2)", "sub(r1, 48)", "mov(r0, r1)")
    w.load_many("r0", "r3", "r4", "r5")
    w.op(f"{first}(r3, r3, r2)", f"{chained}(r4, r6)", f"{chained}(r5, r6)")
    w.store_many("r1", "r3", "r4", "r5")
    w.load_many("r0", "r3", "r4")
    w.op(f"{chained}(r3, r7)", f"{chained}(r4, r2)")
    w.store_many("r1", "r3", "r4")
    w.op("bx(lr)")


def add_or_subtract(w: Writer, name: str, first: str, chained: str) -> None:
    """Emit the subroutine: r0 = r1 + r2 or r1 - r2, three addresses."""
    w.op(f"label({name})", "mov(r8, r0)")
    for i in range(0, 12, 2):
        w.load_many("r1", "r3", "r4")
        w.load_many("r2", "r5", "r6")
        w.op(f"{chained}(r3, r5)" if i else f"{first}(r3, r3, r5)", f"{chained}(r4, r6)")
        w.store_many("r0", "r3", "r4")
    w.op(*(["mov(r2, 0)", "adc(r2, r2)"] if first == "add" else ["sbc(r2, r2)", "neg(r2, r2)"]))
    w.op("mov(r0, r8)", "mov(r1, r0)", f"b(fold{'' if first == 'add' else '_' + first})")
