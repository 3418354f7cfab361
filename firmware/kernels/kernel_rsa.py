"""Arithmetic for RSA in ARMv6-M assembler, for the RP2040 and RP2350.

Montgomery multiplication (Montgomery, "Modular multiplication without trial division", 1985) by
separate product and reduction, each a loop over rows "a number times a word". Numbers are words,
least significant first, 4-byte aligned, as many as the modulus has.

Timing: in `montgomery` and `select`, branches and addresses depend on counts and addresses only,
never on the words; on the Cortex-M0+ every instruction used takes the same time for all operands.
`small_factor` ends at the first factor that it finds: it is for candidates, which are dropped then.
"""
# ruff: noqa: F821 (the names of the assembler)

import micropython


@micropython.asm_thumb
def montgomery(r0, r1, r2, r3):
    """Set the number at r1 to a b / R modulo m: a at r2, b at r3; to the square when r2 = r3.

    r0: the modulus: its bytes, -1/m modulo 2**32, m, and room for twice as many words. R is the
    power of 2 just above the range of numbers, and m is odd and at least R/2. Numbers may be any
    below R, reduced or not, and so is the result. The result may take the place of an operand.
    When r3 is 0 or 1 instead of an address, the result is a 2**r3 modulo m.
    """
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    push({r0, r1, r2, r3})
    ldr(r5, [r0, 0])
    mov(r11, r5)  # The bytes of a number.
    mov(r4, r0)
    add(r4, 8)
    add(r4, r4, r5)
    mov(r9, r4)  # t, of twice as many words.
    cmp(r3, 1)
    bls(TO_SHIFT)
    add(r5, r5, r4)
    mov(r6, 0)
    label(CLEAR)
    data(2, 0xC440)  # stmia r4!, {r6}
    cmp(r4, r5)
    bne(CLEAR)
    cmp(r2, r3)
    beq(SQUARE)

    # t = a b.
    mov(r4, r11)
    add(r2, r2, r4)
    mov(r8, r2)
    mov(r10, r3)
    label(MULTIPLY)
    mov(r4, r10)
    data(2, 0xCC04)  # ldmia r4!, {r2}
    mov(r10, r4)
    data(2, 0x9802)  # ldr r0, [sp, 8]
    mov(r1, r9)
    bl(ROW)
    str(r4, [r1, 0])
    mov(r4, r9)
    add(r4, 4)
    mov(r9, r4)
    data(2, 0x9C03)  # ldr r4, [sp, 12]
    data(2, 0x445C)  # add r4, r11
    data(2, 0x4554)  # cmp r4, r10
    bne(MULTIPLY)
    b(REDUCE)
    label(TO_SHIFT)
    b(SHIFT)

    # t = the products of different words of a,
    label(SQUARE)
    data(2, 0x445C)  # add r4, r11
    sub(r4, 4)
    str(r6, [r4, 0])  # The last word, which no row writes.
    mov(r4, r11)
    add(r2, r2, r4)
    mov(r8, r2)
    data(2, 0x9802)  # ldr r0, [sp, 8]
    mov(r1, r9)
    label(SQUARES)
    data(2, 0xC804)  # ldmia r0!, {r2}
    mov(r10, r0)
    data(2, 0x4540)  # cmp r0, r8
    beq(DIAGONAL)
    add(r1, 4)
    bl(ROW)
    str(r4, [r1, 0])
    mov(r1, r9)
    add(r1, 8)
    mov(r9, r1)
    mov(r0, r10)
    b(SQUARES)

    # then twice that, and the squares. r2: the bit that doubling carries; r3: what adding carries.
    label(DIAGONAL)
    data(2, 0x9802)  # ldr r0, [sp, 8]
    data(2, 0x9900)  # ldr r1, [sp, 0]
    add(r1, 8)
    data(2, 0x4459)  # add r1, r11
    mov(r2, 0)
    mov(r3, 0)
    label(DOUBLE)
    data(2, 0xC820)  # ldmia r0!, {r5}
    data(2, 0xB2AC)  # uxth r4, r5
    lsr(r5, r5, 16)
    mov(r6, r4)
    mul(r6, r5)
    mul(r4, r4)
    mul(r5, r5)
    lsl(r7, r6, 17)
    lsr(r6, r6, 15)
    add(r4, r4, r7)
    adc(r5, r6)
    ldr(r6, [r1, 0])
    lsl(r7, r6, 1)
    orr(r7, r2)
    mov(r12, r7)
    lsr(r2, r6, 31)
    ldr(r6, [r1, 4])
    lsl(r7, r6, 1)
    orr(r7, r2)
    lsr(r2, r6, 31)
    mov(r6, r12)
    lsr(r3, r3, 1)  # To the carry flag.
    adc(r4, r6)
    adc(r5, r7)
    adc(r3, r3)  # From it: r3 is 0 here.
    data(2, 0xC130)  # stmia r1!, {r4, r5}
    data(2, 0x4540)  # cmp r0, r8
    bne(DOUBLE)

    # t += m times what makes the lower half vanish; r10: what goes on to the next row's end.
    label(REDUCE)
    data(2, 0x9800)  # ldr r0, [sp, 0]
    add(r0, 8)
    data(2, 0x4458)  # add r0, r11
    mov(r8, r0)  # Where m ends and t begins.
    mov(r9, r0)
    data(2, 0x4458)  # add r0, r11
    mov(r11, r0)  # The upper half of t.
    mov(r1, 0)
    mov(r10, r1)
    label(ROWS)
    mov(r1, r9)
    ldr(r2, [r1, 0])
    data(2, 0x9800)  # ldr r0, [sp, 0]
    ldr(r3, [r0, 4])
    mul(r2, r3)
    add(r0, 8)
    bl(ROW)
    ldr(r2, [r1, 0])
    mov(r3, r10)
    lsr(r3, r3, 1)  # To the carry flag.
    adc(r2, r4)
    adc(r3, r3)  # As above. The sum has no more carry: it is below R + m.
    mov(r10, r3)
    str(r2, [r1, 0])
    mov(r1, r9)
    add(r1, 4)
    mov(r9, r1)
    data(2, 0x4559)  # cmp r1, r11
    bne(ROWS)

    # The result is the upper half, less m if there is a carry.
    mov(r3, r10)
    neg(r3, r3)
    mov(r1, r11)
    data(2, 0x9A01)  # ldr r2, [sp, 4]
    bl(SUBTRACT)
    b(END)

    # r4 += (r0 ... r8) times r2, to the words from r1 on; r4: the word that is carried. A row has
    # one word at least. r0 and r1 end where the words end; destroys r2, r3, r5-r7, r12.
    label(ROW)
    lsr(r3, r2, 16)
    data(2, 0xB292)  # uxth r2, r2
    mov(r4, 0)
    label(WORD)
    data(2, 0xC820)  # ldmia r0!, {r5}
    data(2, 0xB2AE)  # uxth r6, r5
    lsr(r5, r5, 16)
    mov(r7, r6)
    mul(r7, r2)
    mul(r6, r3)
    mov(r12, r6)
    mov(r6, r5)
    mul(r6, r2)
    mul(r5, r3)
    add(r7, r7, r4)
    mov(r4, 0)
    adc(r5, r4)
    lsl(r4, r6, 16)
    lsr(r6, r6, 16)
    add(r7, r7, r4)
    adc(r5, r6)
    mov(r6, r12)
    lsl(r4, r6, 16)
    lsr(r6, r6, 16)
    add(r7, r7, r4)
    adc(r5, r6)
    ldr(r6, [r1, 0])
    mov(r4, 0)
    add(r7, r7, r6)
    adc(r4, r5)
    data(2, 0xC180)  # stmia r1!, {r7}
    data(2, 0x4540)  # cmp r0, r8
    bne(WORD)
    bx(lr)

    # To r2: the words at r1, less those of m where r3 is -1. r7: -1 when that borrows, or 0.
    label(SUBTRACT)
    data(2, 0x9800)  # ldr r0, [sp, 0]
    add(r0, 8)
    mov(r7, 0)
    label(DIFFERENCE)
    data(2, 0xC810)  # ldmia r0!, {r4}
    data(2, 0xC920)  # ldmia r1!, {r5}
    and_(r4, r3)
    neg(r6, r7)  # Sets the carry flag, "no borrow", when r7 is 0.
    sbc(r5, r4)
    sbc(r7, r7)
    data(2, 0xC220)  # stmia r2!, {r5}
    data(2, 0x4540)  # cmp r0, r8
    bne(DIFFERENCE)
    bx(lr)

    # Bits to the left by r3; then less m for the bit that leaves, and again if one is left.
    label(SHIFT)
    mov(r8, r4)
    add(r5, r5, r2)
    mov(r12, r5)
    mov(r7, 32)
    sub(r7, r7, r3)
    mov(r6, 0)
    label(BITS)
    data(2, 0xCA10)  # ldmia r2!, {r4}
    mov(r5, r4)
    lsl(r5, r3)
    orr(r5, r6)
    lsr(r4, r7)
    mov(r6, r4)
    data(2, 0xC120)  # stmia r1!, {r5}
    data(2, 0x4562)  # cmp r2, r12
    bne(BITS)
    mov(r4, 2)
    mov(r10, r4)
    neg(r3, r6)
    label(AGAIN)
    data(2, 0x9901)  # ldr r1, [sp, 4]
    mov(r2, r1)
    bl(SUBTRACT)
    sub(r3, r3, r7)
    mov(r4, r10)
    sub(r4, 1)
    mov(r10, r4)
    bne(AGAIN)

    label(END)
    pop({r0, r1, r2, r3})
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)


@micropython.asm_thumb
def select(r0, r1, r2, r3):
    """Copy to r1 number r3 of the 16 numbers at r0, each of r2 bytes. All of them are read."""
    mov(r4, r8)
    push({r4})
    mov(r4, 31)
    sub(r4, r4, r3)
    mov(r3, 1)
    lsl(r3, r4)
    mov(r12, r3)  # This bit moves left, and out at the number sought.
    add(r4, r0, r2)
    mov(lr, r4)
    lsl(r4, r2, 4)
    add(r4, r4, r0)
    mov(r8, r4)
    label(WORD)
    mov(r3, r12)
    mov(r4, r0)
    mov(r5, 0)
    label(NUMBER)
    lsl(r3, r3, 1)
    sbc(r6, r6)  # 0 for the number sought, else -1.
    ldr(r7, [r4, 0])
    bic(r7, r6)
    orr(r5, r7)
    add(r4, r4, r2)
    data(2, 0x4544)  # cmp r4, r8
    bne(NUMBER)
    data(2, 0xC120)  # stmia r1!, {r5}
    add(r4, 4)
    mov(r8, r4)
    add(r0, 4)
    data(2, 0x4570)  # cmp r0, lr
    bne(WORD)
    pop({r4})
    mov(r8, r4)


@micropython.asm_thumb
def small_factor(r0, r1, r2, r3):
    """Return the smallest prime that divides the number at r0, of r1 bytes; 0 when none does.

    The byte at r2 + i, of r3 bytes, is 0 where 2 i + 1 is one of the primes to try; they are below
    2**15. By Montgomery reduction, 16 bits at a time: p or 0 remains of a multiple of p.
    """
    mov(r4, r8)
    mov(r5, r9)
    push({r4, r5})
    add(r1, r1, r0)
    mov(r8, r1)
    add(r3, r3, r2)
    mov(r9, r3)
    mov(r12, r0)
    mov(r4, 0)
    sub(r4, 1)
    label(NEXT)
    data(2, 0x454A)  # cmp r2, r9
    beq(NONE)
    add(r4, 2)
    ldrb(r5, [r2, 0])
    add(r2, 1)
    cmp(r5, 0)
    bne(NEXT)
    mov(r7, r4)  # 1/p to 3 bits; each round doubles that.
    mov(r6, 3)
    label(INVERT)
    mov(r5, r7)
    mul(r5, r4)
    mov(r3, 2)
    sub(r3, r3, r5)
    mul(r7, r3)
    sub(r6, 1)
    bne(INVERT)
    neg(r7, r7)
    mov(r0, r12)
    mov(r6, 0)
    label(HALF)
    ldrh(r5, [r0, 0])
    add(r0, 2)
    add(r6, r6, r5)
    mov(r5, r6)
    mul(r5, r7)
    data(2, 0xB2AD)  # uxth r5, r5
    mul(r5, r4)
    add(r6, r6, r5)
    lsr(r6, r6, 16)
    data(2, 0x4540)  # cmp r0, r8
    bne(HALF)
    cmp(r6, 0)
    beq(FOUND)
    cmp(r6, r4)
    bne(NEXT)
    b(FOUND)
    label(NONE)
    mov(r4, 0)
    label(FOUND)
    mov(r0, r4)
    pop({r4, r5})
    mov(r8, r4)
    mov(r9, r5)
