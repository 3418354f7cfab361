"""SHA-512 compression (FIPS 180-4, section 6.4.2) in ARMv6-M assembler, for the RP2040 and RP2350.

The 80 words of the message schedule lie in one row behind the eight working variables. Round t
reads the window h g f e d c b a W[t] and writes the new a over W[t]: then the window moves up by
one word, and no variable is ever copied.

A 64-bit word is two 32-bit halves, the low one first. The terms of a sigma that shift to the right
are nested, x>>8 ^ x>>7 ^ x>>1 = ((x>>1 ^ x)>>6 ^ x)>>1, and so are those that shift to the left.

Timing: branches and addresses depend on counters only. The working variables of the last block
stay in the work area, on a heap that MicroPython does not wipe either.
"""
# ruff: noqa: F821 (the names of the assembler)

import micropython


@micropython.asm_thumb
def compress(r0, r1, r2, r3):
    """Update the state at r0 with blocks of 128 bytes, at any address r1; r3 >= 1 is their number.

    The state is 64 bytes, big-endian words, 4-byte aligned. r2: work area of 704 bytes, 8-byte
    aligned: h g f e d c b a, then W[0] to W[79].
    """
    # bl leaves the address of the constants K[t] in lr; the nop aligns them to 4 bytes.
    nop()
    bl(START)
    # fmt: off
    data(4,
    0xD728AE22, 0x428A2F98, 0x23EF65CD, 0x71374491, 0xEC4D3B2F, 0xB5C0FBCF, 0x8189DBBC, 0xE9B5DBA5,
    0xF348B538, 0x3956C25B, 0xB605D019, 0x59F111F1, 0xAF194F9B, 0x923F82A4, 0xDA6D8118, 0xAB1C5ED5,
    0xA3030242, 0xD807AA98, 0x45706FBE, 0x12835B01, 0x4EE4B28C, 0x243185BE, 0xD5FFB4E2, 0x550C7DC3,
    0xF27B896F, 0x72BE5D74, 0x3B1696B1, 0x80DEB1FE, 0x25C71235, 0x9BDC06A7, 0xCF692694, 0xC19BF174,
    0x9EF14AD2, 0xE49B69C1, 0x384F25E3, 0xEFBE4786, 0x8B8CD5B5, 0x0FC19DC6, 0x77AC9C65, 0x240CA1CC,
    0x592B0275, 0x2DE92C6F, 0x6EA6E483, 0x4A7484AA, 0xBD41FBD4, 0x5CB0A9DC, 0x831153B5, 0x76F988DA,
    0xEE66DFAB, 0x983E5152, 0x2DB43210, 0xA831C66D, 0x98FB213F, 0xB00327C8, 0xBEEF0EE4, 0xBF597FC7,
    0x3DA88FC2, 0xC6E00BF3, 0x930AA725, 0xD5A79147, 0xE003826F, 0x06CA6351, 0x0A0E6E70, 0x14292967,
    0x46D22FFC, 0x27B70A85, 0x5C26C926, 0x2E1B2138, 0x5AC42AED, 0x4D2C6DFC, 0x9D95B3DF, 0x53380D13,
    0x8BAF63DE, 0x650A7354, 0x3C77B2A8, 0x766A0ABB, 0x47EDAEE6, 0x81C2C92E, 0x1482353B, 0x92722C85,
    0x4CF10364, 0xA2BFE8A1, 0xBC423001, 0xA81A664B, 0xD0F89791, 0xC24B8B70, 0x0654BE30, 0xC76C51A3,
    0xD6EF5218, 0xD192E819, 0x5565A910, 0xD6990624, 0x5771202A, 0xF40E3585, 0x32BBD1B8, 0x106AA070,
    0xB8D2D0C8, 0x19A4C116, 0x5141AB53, 0x1E376C08, 0xDF8EEB99, 0x2748774C, 0xE19B48A8, 0x34B0BCB5,
    0xC5C95A63, 0x391C0CB3, 0xE3418ACB, 0x4ED8AA4A, 0x7763E373, 0x5B9CCA4F, 0xD6B2B8A3, 0x682E6FF3,
    0x5DEFB2FC, 0x748F82EE, 0x43172F60, 0x78A5636F, 0xA1F0AB72, 0x84C87814, 0x1A6439EC, 0x8CC70208,
    0x23631E28, 0x90BEFFFA, 0xDE82BDE9, 0xA4506CEB, 0xB2C67915, 0xBEF9A3F7, 0xE372532B, 0xC67178F2,
    0xEA26619C, 0xCA273ECE, 0x21C0C207, 0xD186B8C7, 0xCDE0EB1E, 0xEADA7DD6, 0xEE6ED178, 0xF57D4F7F,
    0x72176FBA, 0x06F067AA, 0xA2C898A6, 0x0A637DC5, 0xBEF90DAE, 0x113F9804, 0x131C471B, 0x1B710B35,
    0x23047D84, 0x28DB77F5, 0x40C72493, 0x32CAAB7B, 0x15C9BEBC, 0x3C9EBE0A, 0x9C100D4C, 0x431D67C4,
    0xCB3E42B6, 0x4CC5D4BE, 0xFC657E2A, 0x597F299C, 0x3AD6FAEC, 0x5FCB6FAB, 0x4A475817, 0x6C44198C)
    # fmt: on
    label(START)
    mov(r4, r8)  # r8 belongs to the caller.
    mov(r5, lr)
    sub(r5, 1)  # The Thumb bit.
    mov(r7, r2)
    add(r7, 64)  # r7 = W[0]
    push({r0, r1, r3, r4, r5, r7})

    # Work area: h g f e d c b a, the state words in reverse.
    label(BLOCK)
    mov(r3, r7)
    mov(r2, r7)
    sub(r2, 64)
    label(LOAD_STATE)
    sub(r3, 8)
    data(2, 0xC830)  # ldm r0!, {r4, r5}
    data(2, 0xBA24)  # rev r4, r4
    data(2, 0xBA2D)  # rev r5, r5
    str(r5, [r3, 0])
    str(r4, [r3, 4])
    cmp(r3, r2)
    bne(LOAD_STATE)

    # W[0] to W[15]: big-endian words, high half first, from any address (so byte by byte).
    mov(r2, 4)
    mov(r3, r7)
    mov(r6, r7)
    add(r6, 128)
    label(LOAD_BLOCK)
    ldrb(r4, [r1, 0])
    lsl(r4, r4, 8)
    ldrb(r5, [r1, 1])
    orr(r4, r5)
    lsl(r4, r4, 8)
    ldrb(r5, [r1, 2])
    orr(r4, r5)
    lsl(r4, r4, 8)
    ldrb(r5, [r1, 3])
    orr(r4, r5)
    eor(r3, r2)  # The high half belongs at the higher address.
    str(r4, [r3, 0])
    eor(r3, r2)
    add(r3, 4)
    add(r1, 4)
    cmp(r3, r6)
    bne(LOAD_BLOCK)

    # r12 = W[64], where the schedule is complete; r8 = W[80], the end; lr = K[t]; the next block.
    data(2, 0x9101)  # str r1, [sp, 4]
    data(2, 0x9804)  # ldr r0, [sp, 16]
    mov(lr, r0)
    mov(r0, 128)
    lsl(r0, r0, 2)
    add(r0, r0, r7)
    mov(r12, r0)
    add(r0, 128)
    mov(r8, r0)

    # W[t+16] = W[t] + s0(W[t+1]) + W[t+9] + s1(W[t+14]); r7 = W[t].
    label(SCHEDULE)
    data(2, 0xCF03)  # ldm r7!, {r0, r1}: W[t]
    data(2, 0xCF0C)  # ldm r7!, {r2, r3}: W[t+1]; r7 = W[t+2]
    # s0 = rotr 1 ^ rotr 8 ^ shr 7. Low half: r4.
    lsr(r4, r2, 1)
    eor(r4, r2)
    lsr(r4, r4, 6)
    eor(r4, r2)
    lsr(r4, r4, 1)
    lsl(r5, r3, 6)
    eor(r5, r3)
    lsl(r5, r5, 1)
    eor(r5, r3)
    lsl(r5, r5, 24)
    eor(r4, r5)
    # High half: r5.
    lsr(r5, r3, 1)
    eor(r5, r3)
    lsr(r5, r5, 6)
    eor(r5, r3)
    lsr(r5, r5, 1)
    lsl(r6, r2, 7)
    eor(r6, r2)
    lsl(r6, r6, 24)
    eor(r5, r6)
    add(r0, r0, r4)
    adc(r1, r5)
    ldr(r2, [r7, 56])  # W[t+9]
    ldr(r3, [r7, 60])
    add(r0, r0, r2)
    adc(r1, r3)
    ldr(r2, [r7, 96])  # W[t+14]
    ldr(r3, [r7, 100])
    # s1 = rotr 19 ^ rotr 61 ^ shr 6. Low half: r4.
    lsr(r4, r3, 10)
    eor(r4, r2)
    lsr(r4, r4, 13)
    eor(r4, r2)
    lsr(r4, r4, 6)
    lsl(r5, r3, 13)
    eor(r5, r3)
    lsl(r5, r5, 10)
    eor(r5, r2)
    lsl(r5, r5, 3)
    eor(r4, r5)
    # High half: r5.
    lsr(r5, r2, 10)
    eor(r5, r3)
    lsr(r5, r5, 13)
    eor(r5, r3)
    lsr(r5, r5, 6)
    lsl(r6, r2, 10)
    eor(r6, r3)
    lsl(r6, r6, 3)
    eor(r5, r6)
    add(r0, r0, r4)
    adc(r1, r5)
    str(r0, [r7, 112])  # W[t+16]
    str(r1, [r7, 116])
    sub(r7, 16)

    # T1 = h + Ch(e, f, g) + S1(e) + K[t] + W[t] in r0, r1; r7 = W[t], and h is 64 bytes below.
    label(ROUND)
    sub(r7, 64)
    data(2, 0xCF03)  # ldm r7!, {r0, r1}: h
    data(2, 0xCF3C)  # ldm r7!, {r2, r3, r4, r5}: g, f
    # Ch = ((f ^ g) & e) ^ g in r4, r5
    eor(r4, r2)
    eor(r5, r3)
    data(2, 0xCF40)  # ldm r7!, {r6}: e, low half
    and_(r4, r6)
    eor(r4, r2)
    data(2, 0xCF04)  # ldm r7!, {r2}: e, high half
    and_(r5, r2)
    eor(r5, r3)
    add(r0, r0, r4)
    adc(r1, r5)
    # S1 = rotr 14 ^ rotr 18 ^ rotr 41. Low half: r3.
    lsr(r3, r6, 4)
    eor(r3, r6)
    lsr(r3, r3, 5)
    eor(r3, r2)
    lsr(r3, r3, 9)
    lsl(r4, r6, 5)
    eor(r4, r2)
    lsl(r4, r4, 4)
    eor(r4, r2)
    lsl(r4, r4, 14)
    eor(r3, r4)
    # High half: r4.
    lsr(r4, r2, 4)
    eor(r4, r2)
    lsr(r4, r4, 5)
    eor(r4, r6)
    lsr(r4, r4, 9)
    lsl(r5, r2, 5)
    eor(r5, r6)
    lsl(r5, r5, 4)
    eor(r5, r6)
    lsl(r5, r5, 14)
    eor(r4, r5)
    add(r0, r0, r3)
    adc(r1, r4)
    mov(r6, lr)
    data(2, 0xCE0C)  # ldm r6!, {r2, r3}: K[t]
    mov(lr, r6)
    add(r0, r0, r2)
    adc(r1, r3)
    ldr(r2, [r7, 32])  # W[t]; r7 = d
    ldr(r3, [r7, 36])
    add(r0, r0, r2)
    adc(r1, r3)
    # d += T1: the e of the next round
    ldr(r2, [r7, 0])
    ldr(r3, [r7, 4])
    add(r2, r2, r0)
    adc(r3, r1)
    data(2, 0xC70C)  # stm r7!, {r2, r3}
    # T1 + Maj(a, b, c) + S0(a); Maj = ((a ^ b) & (a ^ c)) ^ a in r2, r3
    data(2, 0xCF3C)  # ldm r7!, {r2, r3, r4, r5}: c, b
    data(2, 0xCF40)  # ldm r7!, {r6}: a, low half
    eor(r2, r6)
    eor(r4, r6)
    and_(r2, r4)
    eor(r2, r6)
    data(2, 0xCF10)  # ldm r7!, {r4}: a, high half
    eor(r3, r4)
    eor(r5, r4)
    and_(r3, r5)
    eor(r3, r4)
    add(r0, r0, r2)
    adc(r1, r3)
    # S0 = rotr 28 ^ rotr 34 ^ rotr 39. Low half: r2.
    lsr(r2, r6, 21)
    eor(r2, r4)
    lsr(r2, r2, 5)
    eor(r2, r4)
    lsr(r2, r2, 2)
    lsl(r3, r6, 5)
    eor(r3, r6)
    lsl(r3, r3, 21)
    eor(r3, r4)
    lsl(r3, r3, 4)
    eor(r2, r3)
    # High half: r3.
    lsr(r3, r4, 21)
    eor(r3, r6)
    lsr(r3, r3, 5)
    eor(r3, r6)
    lsr(r3, r3, 2)
    lsl(r5, r4, 5)
    eor(r5, r4)
    lsl(r5, r5, 21)
    eor(r5, r6)
    lsl(r5, r5, 4)
    eor(r3, r5)
    add(r0, r0, r2)
    adc(r1, r3)
    data(2, 0xC703)  # stm r7!, {r0, r1}: the new a, over W[t]; r7 = W[t+1]
    data(2, 0x4567)  # cmp r7, r12
    bcs(SCHEDULED)
    b(SCHEDULE)
    label(SCHEDULED)
    data(2, 0x4547)  # cmp r7, r8
    beq(ADD_STATE)
    b(ROUND)

    # State += a b c d e f g h, which lie in reverse below r7.
    label(ADD_STATE)
    data(2, 0x9800)  # ldr r0, [sp, 0]
    mov(r6, r7)
    sub(r6, 64)
    label(NEXT)
    sub(r7, 8)
    ldr(r2, [r0, 0])
    ldr(r3, [r0, 4])
    data(2, 0xBA12)  # rev r2, r2
    data(2, 0xBA1B)  # rev r3, r3
    ldr(r4, [r7, 0])
    ldr(r5, [r7, 4])
    add(r3, r3, r4)
    adc(r2, r5)
    data(2, 0xBA12)  # rev r2, r2
    data(2, 0xBA1B)  # rev r3, r3
    data(2, 0xC00C)  # stm r0!, {r2, r3}
    cmp(r7, r6)
    bne(NEXT)

    pop({r0, r1, r3, r4, r5, r7})
    sub(r3, 1)
    beq(END)
    push({r0, r1, r3, r4, r5, r7})
    b(BLOCK)
    label(END)
    mov(r8, r4)
