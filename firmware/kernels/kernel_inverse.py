"""Modular inversion in constant time, in ARMv6-M assembler, for the RP2040 and RP2350.

Bernstein and Yang, "Fast constant-time gcd computation and modular inversion" (2019), section 11:
division steps on (delta, f, g), of which 14 at a time look at the lowest 14 bits only and give a
matrix (u v; q r). That is applied to f and g, and to d and e, for which f = d a and g = e a modulo
m. After 1120 steps g = 0 and f = 1 or -1: theorem 11.2 asks for 1113 when 0 <= a < m < 2**384.

Numbers are 28 limbs of 14 bits, of which the last has the sign and what else there is: so the
products of a limb and a matrix element, both below 2**14, can be summed in one word. The limbs
with the same index stand together: f g m, d e m. To d and e a multiple of m is added that makes
them divisible by 2**14; that lets them grow by m each time, to at most 81 m.

Rows are of 24 bytes, f g m d e m. One row more comes first: in the place of m it has -1/m. What
calls these functions is kernel_invert.py.

Timing: branches and addresses depend on counters only.
"""
# ruff: noqa: F821 (the names of the assembler)

import micropython


@micropython.asm_thumb
def divide_steps(r0):
    """Do 80 times 14 division steps on the rows at r0."""
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    mov(r2, 80)
    mov(r1, 0)
    mvn(r1, r1)
    push({r0, r1, r2})  # The rows, -delta, the count of matrices to come.

    # f and g in r0, r1; u + (v << 16) in r2, q + (r << 16) in r3; -delta in r4; masks in r5, r6.
    label(MATRIX)
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    data(2, 0x9C01)  # ldr r4, [sp, 4]
    ldr(r0, [r7, 24])
    ldr(r1, [r7, 28])
    mov(r2, 1)
    lsl(r3, r2, 16)
    mov(r7, 14)
    mov(r8, r7)
    label(STEP)
    asr(r5, r4, 31)  # Is delta > 0?
    lsl(r6, r1, 31)
    asr(r6, r6, 31)  # Is g odd? Then g += f, or g -= f when delta > 0.
    mov(r7, r0)
    eor(r7, r5)
    sub(r7, r7, r5)
    and_(r7, r6)
    add(r1, r1, r7)
    mov(r7, r2)
    eor(r7, r5)
    sub(r7, r7, r5)
    and_(r7, r6)
    add(r3, r3, r7)
    and_(r5, r6)  # Both: delta = 1 - delta, and f + (g - f) is the old g. Else delta += 1.
    eor(r4, r5)
    sub(r4, 1)
    sub(r4, r4, r5)
    mov(r7, r1)
    and_(r7, r5)
    add(r0, r0, r7)
    mov(r7, r3)
    and_(r7, r5)
    add(r2, r2, r7)
    asr(r1, r1, 1)
    add(r2, r2, r2)
    mov(r7, r8)
    sub(r7, 1)
    mov(r8, r7)
    bne(STEP)
    data(2, 0x9401)  # str r4, [sp, 4]
    data(2, 0xB210)  # sxth r0, r2
    mov(r8, r0)
    sub(r2, r2, r0)
    asr(r2, r2, 16)
    mov(r9, r2)
    data(2, 0xB218)  # sxth r0, r3
    mov(r10, r0)
    sub(r3, r3, r0)
    asr(r3, r3, 16)
    mov(r11, r3)

    # u v q r in r8-r11. r7: one row below the two numbers to combine, first f and g, then d and e.
    data(2, 0x9F00)  # ldr r7, [sp, 0]
    label(PAIR)
    ldr(r0, [r7, 24])
    ldr(r1, [r7, 28])
    ldr(r2, [r7, 8])
    mov(r3, r8)
    mul(r3, r0)
    mov(r4, r9)
    mul(r4, r1)
    add(r3, r3, r4)
    mul(r3, r2)
    lsl(r3, r3, 18)
    lsr(r3, r3, 18)
    mov(r12, r3)  # How many m make u d + v e divisible; for f and g this is 0.
    mov(r3, r10)
    mul(r3, r0)
    mov(r4, r11)
    mul(r4, r1)
    add(r3, r3, r4)
    mul(r3, r2)
    lsl(r3, r3, 18)
    lsr(r3, r3, 18)
    mov(lr, r3)
    mov(r4, 168)
    lsl(r4, r4, 2)
    add(r4, r4, r7)  # The last row: 28 * 24 bytes on.
    mov(r5, 0)
    mov(r6, 0)
    label(LIMB)
    ldr(r0, [r7, 24])
    ldr(r1, [r7, 28])
    ldr(r2, [r7, 32])
    mov(r3, r8)
    mul(r3, r0)
    add(r5, r5, r3)
    mov(r3, r9)
    mul(r3, r1)
    add(r5, r5, r3)
    mov(r3, r12)
    mul(r3, r2)
    add(r5, r5, r3)
    mov(r3, r10)
    mul(r0, r3)
    add(r6, r6, r0)
    mov(r3, r11)
    mul(r1, r3)
    add(r6, r6, r1)
    mov(r3, lr)
    mul(r2, r3)
    add(r6, r6, r2)
    lsl(r3, r5, 18)
    lsr(r3, r3, 18)
    str(r3, [r7, 0])  # A row lower than it came from: this is the division by 2**14.
    asr(r5, r5, 14)
    lsl(r3, r6, 18)
    lsr(r3, r3, 18)
    str(r3, [r7, 4])
    asr(r6, r6, 14)
    add(r7, 24)
    cmp(r7, r4)
    bne(LIMB)
    str(r5, [r7, 0])
    str(r6, [r7, 4])
    data(2, 0x9800)  # ldr r0, [sp, 0]
    mov(r1, 168)
    lsl(r1, r1, 2)
    sub(r1, r7, r1)
    mov(r7, r0)
    add(r7, 12)
    cmp(r1, r0)
    beq(PAIR)

    data(2, 0x9802)  # ldr r0, [sp, 8]
    sub(r0, 1)
    data(2, 0x9002)  # str r0, [sp, 8]
    beq(END)
    b(MATRIX)
    label(END)
    pop({r0, r1, r2})
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)


@micropython.asm_thumb
def spread(r0, r1, r2):
    """Write the limbs of the positive number at r0 to the rows at r1, at place r2 in each."""
    lsl(r2, r2, 2)
    add(r1, r1, r2)
    mov(r2, 0)  # Bits that are left over,
    mov(r3, 0)  # and how many.
    mov(r4, 28)
    label(LIMB)
    cmp(r3, 14)
    bge(ENOUGH)
    ldrb(r5, [r0, 0])
    add(r0, 1)
    lsl(r5, r3)
    orr(r2, r5)
    add(r3, 8)
    b(LIMB)
    label(ENOUGH)
    add(r1, 24)
    lsl(r5, r2, 18)
    lsr(r5, r5, 18)
    str(r5, [r1, 0])
    lsr(r2, r2, 14)
    sub(r3, 14)
    sub(r4, 1)
    bne(LIMB)


@micropython.asm_thumb
def gather(r0, r1, r2):
    """Write to r2 the number at place r1 in each of the rows at r0, 50 bytes, two's complement."""
    lsl(r1, r1, 2)
    add(r0, r0, r1)
    mov(r1, 0)  # Bits that are left over,
    mov(r3, 0)  # and how many.
    mov(r4, 28)
    label(LIMB)
    add(r0, 24)
    ldr(r5, [r0, 0])
    lsl(r5, r3)
    orr(r1, r5)
    add(r3, 14)
    label(BYTE)
    strb(r1, [r2, 0])
    add(r2, 1)
    asr(r1, r1, 8)
    sub(r3, 8)
    cmp(r3, 8)
    bge(BYTE)
    sub(r4, 1)
    bne(LIMB)
    strb(r1, [r2, 0])  # The sign.
