"""Emit multiplication and squaring for the P-384 kernel: 12 words by 12 words, unrolled.

One level of subtractive Karatsuba over a 6 x 6 word product by columns; a 32 x 32 bit product is
four multiplications of halves, since ARMv6-M has no longer one, and a subroutine: inline it would
save a tenth of the time and cost 2 KB. No branch and no address depends on the values.
"""

from thumb import Writer

# A multiplication's stack frame is three blocks, lowest first: |A1-A0|*|B1-B0|, A0*B0, A1*B1. In
# each: the two factors of 6 words, and the product of 12. A squaring leaves the second factor
# unused.
BLOCK = 96
FACTOR_B, PRODUCT = 24, 48
CROSS, LOW, HIGH = (i * BLOCK + PRODUCT for i in range(3))
# What the subroutines for 6 words push below the block.
SAVED = 4


def multiply_words(w: Writer) -> None:
    """Emit the subroutine: add the product of r0 and r1 to the sum r5, r6, r7; destroys r0-r4."""
    w.op("label(multiply_words)")
    w.low_half("r2", "r0")
    w.low_half("r3", "r1")
    w.op("lsr(r0, r0, 16); lsr(r1, r1, 16); mov(r4, r2)")
    w.op("mul(r4, r3); mul(r2, r1); mul(r3, r0); mul(r0, r1)")
    for middle in ("r2", "r3"):
        w.op(f"lsl(r1, {middle}, 16); lsr({middle}, {middle}, 16)")
        w.op(f"add(r4, r4, r1); adc(r0, {middle})")
    w.op("mov(r1, 0); add(r5, r5, r4); adc(r6, r0); adc(r7, r1); bx(lr)")


def columns(w: Writer, pairs: list[tuple[int, int]], second: int) -> None:
    """Sum A[i] * B[j] over *pairs* by columns i + j, which have no gaps; store the words.

    *second* is the offset of factor B (that of A when squaring).
    """
    first, last = pairs[0][0] + pairs[0][1], pairs[-1][0] + pairs[-1][1]
    w.op("push({lr}); mov(r5, 0); mov(r6, 0); mov(r7, 0)")
    for column in range(first, last + 1):
        for i, j in (pair for pair in pairs if sum(pair) == column):
            w.load("r0", SAVED + 4 * i)
            w.load("r1", SAVED + second + 4 * j)
            w.op("bl(multiply_words)")
        w.store("r5", SAVED + PRODUCT + 4 * column)
        w.op("mov(r5, r6); mov(r6, r7); mov(r7, 0)")
    w.store("r5", SAVED + PRODUCT + 4 * last + 4)


def multiply_6(w: Writer) -> None:
    """Emit the subroutine: product of the factors A and B of the block at sp. Destroys r0-r7."""
    w.op("label(multiply_6)")
    pairs = [(i, j) for i in range(6) for j in range(6)]
    columns(w, sorted(pairs, key=sum), FACTOR_B)
    w.op("pop({pc})")


def square_6(w: Writer) -> None:
    """Emit the subroutine: square of the factor A of the block at sp. Destroys r0-r7."""
    w.op("label(square_6)")
    columns(w, sorted([(i, j) for j in range(6) for i in range(j)], key=sum), 0)
    # Double the mixed products and add the squares. multiply_words leaves 0 in r1; what is carried
    # on, in r7, is at most 2.
    w.op("mov(r5, 0); mov(r6, 0); mov(r7, 0)")
    for i in range(6):
        w.load("r0", SAVED + 4 * i)
        w.op("mov(r1, r0); bl(multiply_words)")
        w.load("r3", SAVED + PRODUCT + 8 * i) if i > 0 else w.op("mov(r3, 0)")
        w.load("r4", SAVED + PRODUCT + 8 * i + 4) if i < 5 else w.op("mov(r4, 0)")
        w.op("add(r3, r3, r3); adc(r4, r4); adc(r7, r1); add(r5, r5, r3); adc(r6, r4); adc(r7, r1)")
        w.store("r5", SAVED + PRODUCT + 8 * i)
        w.store("r6", SAVED + PRODUCT + 8 * i + 4)
        w.op("mov(r5, r7); mov(r6, 0); mov(r7, 0)")
    w.op("pop({pc})")


def copy_half(w: Writer, source: str, half: int, to: int) -> None:
    """Copy the low (0) or high (1) *half* of the element that *source* points at to the frame."""
    words = ("r2", "r3", "r4", "r5", "r6", "r7")
    w.op(f"mov(r0, {source})" + ("; add(r0, 24)" if half else ""))
    w.frame_address("r1", to)
    w.load_many("r0", *words)
    w.store_many("r1", *words)


def difference(w: Writer, factor: int) -> None:
    """Put |A1 - A0| into the lowest block, at offset *factor*; r7 = -1 when A1 < A0, else 0."""
    w.frame_address("r7", 2 * BLOCK + factor)
    w.load_many("r7", *(f"r{i}" for i in range(6)))
    for i in range(6):
        w.load("r6", BLOCK + factor + 4 * i)
        w.op(f"sbc(r{i}, r6)" if i else "sub(r0, r0, r6)")
    w.op("sbc(r7, r7)")
    w.op(*(f"eor(r{i}, r7)" for i in range(6)))
    w.op("sub(r0, r0, r7)", *(f"sbc(r{i}, r7)" for i in range(1, 6)))
    w.frame_address("r6", factor)
    w.store_many("r6", *(f"r{i}" for i in range(6)))


def product(w: Writer, name: str, factors: list[tuple[str, int]], leaf: str) -> None:
    """Emit multiply or square, of the elements that *factors* (registers, frame offsets) point at.

    The product of the halves' differences is subtracted from the sum of the others unless r9 = 0
    says that it is negative; then it is added.
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
    w.op("mov(r0, r9); eor(r0, r7)" if len(factors) == 2 else "mov(r0, 0)")
    w.op(f"mvn(r0, r0); mov(r9, r0); bl({leaf}); bl(combine)")
    w.frame(-3 * BLOCK)
    w.op("pop({pc})")


def combine(w: Writer) -> None:
    """Emit the subroutine that makes the 24-word product in LOW and HIGH; goes on with `reduce`.

    With X = 2**192, L, H and M the three products: L + X*(L + H - M) + X*X*H. With U = H[0:6] +
    L[6:12] the words of the sum are L[0:6], U + L[0:6], U + H[6:12], H[6:12] (refined Karatsuba),
    minus M * X. Carries into words 12 and 18 are not added but left in r12 (0 or 1) and r9 (-1 to
    3).
    """
    w.op("label(combine)")
    w.frame_address("r7", HIGH)
    w.load_many("r7", *(f"r{i}" for i in range(6)))
    for i in range(6):
        w.load("r6", LOW + 24 + 4 * i)
        w.op(f"adc(r{i}, r6)" if i else "add(r0, r0, r6)")
    w.op("mov(r7, 0); adc(r7, r7); mov(r12, r7)")
    for i in range(12):
        w.load("r6", LOW + 4 * i if i < 6 else HIGH + 4 * i)
        w.op(f"adc(r6, r{i % 6})" if i else "add(r6, r6, r0)")
        w.store("r6", (LOW + 24 if i < 6 else HIGH - 24) + 4 * i)
    w.op("mov(r6, 0); adc(r7, r6)")
    # The carry flag becomes 1 to subtract M, 0 to add it.
    w.op("mov(r5, r9); lsr(r0, r5, 1)")
    for i in range(12):
        place = (LOW + 24 if i < 6 else HIGH - 24) + 4 * i
        w.load("r0", CROSS + 4 * i)
        w.load("r1", place)
        w.op("eor(r0, r5); adc(r1, r0)")
        w.store("r1", place)
    w.op("adc(r7, r5); mov(r9, r7)")
