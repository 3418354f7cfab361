"""Emit multiplication and squaring for the P-384 kernel: 12 words by 12 words, unrolled.

Subtractive Karatsuba: once for a squaring, over squares of 6 words by columns; twice for a
multiplication, over products of 3 words. A 32 x 32 bit product is four multiplications of halves,
since ARMv6-M has no longer one; for squares, where less is gained, it is a subroutine. No branch
and no address depends on the values.
"""

from thumb import Writer

# The stack frame is three blocks, lowest first: |A1-A0|*|B1-B0|, A0*B0, A1*B1. In each: the two
# factors of 6 words, and the product of 12. A squaring leaves the second factor unused.
BLOCK = 96
FACTOR_B, PRODUCT = 24, 48
CROSS, LOW, HIGH = (i * BLOCK + PRODUCT for i in range(3))
# What the subroutines for 6 words push below the block.
SAVED = 4
# And the same once more, for 3 words, in multiply_6's own frame; a sign is kept above the lowest.
SMALL_BLOCK = 48
SMALL_FACTOR_B, SMALL_PRODUCT = 12, 24
SIGN = SMALL_BLOCK
# What `combine` leaves to be added to words of the product: small signed numbers, in registers.
CARRIES = {12: "r12", 18: "r9"}
SMALL_CROSS, SMALL_LOW, SMALL_HIGH = (
    start + SMALL_PRODUCT for start in (0, SIGN + 4, SIGN + 4 + SMALL_BLOCK)
)


def multiply_halves(w: Writer) -> None:
    """Emit: the product of r0 and r1 in r4 (low) and r0; destroys r1-r3."""
    w.low_half("r2", "r0")
    w.low_half("r3", "r1")
    w.op("lsr(r0, r0, 16); lsr(r1, r1, 16); mov(r4, r2)")
    w.op("mul(r4, r3); mul(r2, r1); mul(r3, r0); mul(r0, r1)")
    for middle in ("r2", "r3"):
        w.op(f"lsl(r1, {middle}, 16); lsr({middle}, {middle}, 16)")
        w.op(f"add(r4, r4, r1); adc(r0, {middle})")


def multiply_words(w: Writer) -> None:
    """Emit the subroutine: add r0 r1 to the sum r5, r6, r7; destroys r0-r4, leaves 0 in r1."""
    w.op("label(multiply_words)")
    multiply_halves(w)
    w.op("mov(r1, 0); add(r5, r5, r4); adc(r6, r0); adc(r7, r1); bx(lr)")


def multiply_3(w: Writer) -> None:
    """Emit the subroutine: product of the factors of the small block at sp. Destroys r0-r7."""
    w.op("label(multiply_3)")
    low, middle, high = "r5", "r6", "r7"
    for column in range(5):
        for i in range(max(0, column - 2), min(3, column + 1)):
            w.load("r0", 4 * i)
            w.load("r1", SMALL_FACTOR_B + 4 * (column - i))
            multiply_halves(w)
            if column == 0:
                w.op(f"mov({low}, r4); mov({middle}, r0); mov({high}, 0)")
            else:
                w.op(f"mov(r1, 0); add({low}, {low}, r4); adc({middle}, r0); adc({high}, r1)")
        w.store(low, SMALL_PRODUCT + 4 * column)
        w.op(f"mov({low}, 0)")
        low, middle, high = middle, high, low
    w.store(low, SMALL_PRODUCT + 20)
    w.op("bx(lr)")


def multiply_6(w: Writer) -> None:
    """Emit the subroutine: product of the factors A and B of the block at sp. Destroys r0-r7."""
    w.op("label(multiply_6); push({lr})")
    for half, block in ((12, SAVED), (0, SAVED + SMALL_BLOCK)):
        w.frame(SMALL_BLOCK)
        w.frame_address("r0", block + SMALL_BLOCK + half)
        w.load_many("r0", "r2", "r3", "r4")
        w.op("add(r0, 12)")
        w.load_many("r0", "r5", "r6", "r7")
        w.frame_address("r1", 0)
        w.store_many("r1", *(f"r{i}" for i in range(2, 8)))
        w.op("bl(multiply_3)")
    w.frame(SIGN + 4)
    for factor in (0, SMALL_FACTOR_B):
        w.op("mov(r5, r7)")
        small_difference(w, factor)
    w.op("eor(r7, r5); mvn(r7, r7)")
    w.store("r7", SIGN)
    w.op("bl(multiply_3)")
    combine_6(w)


def small_difference(w: Writer, factor: int) -> None:
    """Put the difference of a factor's halves into the lowest small block; see difference."""
    w.frame_address("r6", SMALL_HIGH - SMALL_PRODUCT + factor)
    w.load_many("r6", "r0", "r1", "r2")
    for i in range(3):
        w.load("r3", SMALL_LOW - SMALL_PRODUCT + factor + 4 * i)
        w.op(f"sbc(r{i}, r3)" if i else "sub(r0, r0, r3)")
    w.op("sbc(r7, r7); eor(r0, r7); eor(r1, r7); eor(r2, r7)")
    w.op("sub(r0, r0, r7); sbc(r1, r7); sbc(r2, r7)")
    w.frame_address("r6", factor)
    w.store_many("r6", "r0", "r1", "r2")


def combine_6(w: Writer) -> None:
    """Emit the end of multiply_6: make the block's product of the three small ones; see combine.

    Words 3 to 8 are summed in r4, r5, r6, r0, r1, r2, the carry from them in r3, then lr.
    """
    product = SMALL_HIGH + SMALL_PRODUCT + SAVED + PRODUCT
    w.frame_address("r3", SMALL_HIGH)
    w.load_many("r3", "r0", "r1", "r2")
    for i in range(3):
        w.load("r4", SMALL_LOW + 12 + 4 * i)
        w.op(f"adc(r{i}, r4)" if i else "add(r0, r0, r4)")
    w.op("mov(r3, 0); adc(r3, r3)")
    for copy, place in ((w.load_many, SMALL_LOW), (w.store_many, product)):
        w.frame_address("r7", place)
        copy("r7", "r4", "r5", "r6")
    w.op("add(r4, r4, r0); adc(r5, r1); adc(r6, r2); mov(r7, 0); adc(r7, r3)")
    w.op("add(r0, r0, r7); mov(r7, 0); adc(r1, r7); adc(r2, r7); adc(r3, r7)")
    for i in range(3):
        w.load("r7", SMALL_HIGH + 12 + 4 * i)
        w.op(f"adc(r{i}, r7)" if i else "add(r0, r0, r7)")
    w.op("mov(r7, 0); adc(r3, r7); mov(lr, r3)")
    w.load("r7", SIGN)
    w.op("lsr(r3, r7, 1)")
    for i, register in enumerate(("r4", "r5", "r6", "r0", "r1", "r2")):
        w.load("r3", SMALL_CROSS + 4 * i)
        w.op(f"eor(r3, r7); adc({register}, r3)")
    w.op("mov(r3, lr); adc(r3, r7)")
    w.frame_address("r7", product + 12)
    w.store_many("r7", "r4", "r5", "r6")
    w.store_many("r7", "r0", "r1", "r2")
    w.op("asr(r6, r3, 31)")
    for i in range(3):
        w.load(f"r{i}", SMALL_HIGH + 12 + 4 * i)
    w.op("add(r0, r0, r3); adc(r1, r6); adc(r2, r6)")
    w.store_many("r7", "r0", "r1", "r2")
    w.frame(-(3 * SMALL_BLOCK + 4))
    w.op("pop({pc})")


def mixed_products(w: Writer) -> None:
    """Sum A[i] * A[j], i < j, by columns i + j; store the words in the product's place."""
    w.op("mov(r5, 0); mov(r6, 0); mov(r7, 0)")
    for column in range(1, 10):
        for j in range(column // 2 + 1, min(6, column + 1)):
            w.load("r0", SAVED + 4 * (column - j))
            w.load("r1", SAVED + 4 * j)
            w.op("bl(multiply_words)")
        w.store("r5", SAVED + PRODUCT + 4 * column)
        w.op("mov(r5, r6); mov(r6, r7); mov(r7, 0)")
    w.store("r5", SAVED + PRODUCT + 40)


def square_6(w: Writer) -> None:
    """Emit the subroutine: square of the factor A of the block at sp. Destroys r0-r7."""
    w.op("label(square_6); push({lr})")
    mixed_products(w)
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
