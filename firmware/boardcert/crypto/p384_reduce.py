"""Reduction modulo the P-384 prime in viper: half the time that the big integers' own takes.

Since 2**384 = 2**128 + 2**96 - 2**32 + 1 modulo p, each 32-bit word from the 13th upwards is
added to and taken from lower ones (FIPS 186-4 section D.2.4, here with a 25th word on top).
The words are taken in 16-bit halves, so that sums fit machine words of any size.
"""
# ruff: noqa: F821 (ptr16 is a word of viper)
# pyright: reportUndefinedVariable=false

import micropython

_SOURCE_BYTES = 100
# A multiple of p that makes any number positive that reduce takes.
_MULTIPLE = (2**384 - 2**128 - 2**96 + 2**32 - 1) << 415

_reduced = bytearray(48)


def reduce(value: int) -> int:
    """Return a number from 0 to 2**384 - 1 that equals *value* modulo p.

    *value*: between -2**798 and 2**799. Not always the least: p itself may come out for 0.
    Its time depends on the sign of *value*, on the length of a carry, and on what the
    conversion of a big integer to bytes and back takes.
    """
    if value < 0:
        value += _MULTIPLE
    source = value.to_bytes(_SOURCE_BYTES, "little")
    carry = _fold(_reduced, source)
    while carry:
        carry = _fold_carry(_reduced, carry)
    return int.from_bytes(_reduced, "little")


@micropython.viper
def _fold(r: ptr16, c: ptr16) -> int:
    """Set *r* to the folded *c*; return the multiple of 2**384 left over.

    Straight code, one line for each half of a word, because that is what makes it fast.
    """
    s = c[0] + c[24] + c[40] + c[42] + c[48] - c[46]
    r[0] = s & 0xFFFF
    s = (s >> 16) + c[1] + c[25] + c[41] + c[43] + c[49] - c[47]
    r[1] = s & 0xFFFF
    s = (s >> 16) + c[2] + c[26] + c[44] + c[46] - c[24] - c[40] - 2 * c[48]
    r[2] = s & 0xFFFF
    s = (s >> 16) + c[3] + c[27] + c[45] + c[47] - c[25] - c[41] - 2 * c[49]
    r[3] = s & 0xFFFF
    s = (s >> 16) + c[4] + c[28] + c[46] + c[48] - c[26] - c[42]
    r[4] = s & 0xFFFF
    s = (s >> 16) + c[5] + c[29] + c[47] + c[49] - c[27] - c[43]
    r[5] = s & 0xFFFF
    s = (s >> 16) + c[6] + c[24] + c[30] + c[40] + c[42] + 2 * c[48] - c[28] - c[44] - c[46]
    r[6] = s & 0xFFFF
    s = (s >> 16) + c[7] + c[25] + c[31] + c[41] + c[43] + 2 * c[49] - c[29] - c[45] - c[47]
    r[7] = s & 0xFFFF
    s = (s >> 16) + c[8] + c[24] + c[26] + c[32] + c[40] + 2 * c[42] + c[44] - c[30] - 2 * c[46]
    r[8] = s & 0xFFFF
    s = (s >> 16) + c[9] + c[25] + c[27] + c[33] + c[41] + 2 * c[43] + c[45] - c[31] - 2 * c[47]
    r[9] = s & 0xFFFF
    s = (s >> 16) + c[10] + c[26] + c[28] + c[34] + c[42] + 2 * c[44] + c[46] - c[32] - 2 * c[48]
    r[10] = s & 0xFFFF
    s = (s >> 16) + c[11] + c[27] + c[29] + c[35] + c[43] + 2 * c[45] + c[47] - c[33] - 2 * c[49]
    r[11] = s & 0xFFFF
    s = (s >> 16) + c[12] + c[28] + c[30] + c[36] + c[44] + 2 * c[46] + c[48] - c[34]
    r[12] = s & 0xFFFF
    s = (s >> 16) + c[13] + c[29] + c[31] + c[37] + c[45] + 2 * c[47] + c[49] - c[35]
    r[13] = s & 0xFFFF
    s = (s >> 16) + c[14] + c[30] + c[32] + c[38] + c[46] + 2 * c[48] - c[36]
    r[14] = s & 0xFFFF
    s = (s >> 16) + c[15] + c[31] + c[33] + c[39] + c[47] + 2 * c[49] - c[37]
    r[15] = s & 0xFFFF
    s = (s >> 16) + c[16] + c[32] + c[34] + c[40] + c[48] - c[38]
    r[16] = s & 0xFFFF
    s = (s >> 16) + c[17] + c[33] + c[35] + c[41] + c[49] - c[39]
    r[17] = s & 0xFFFF
    s = (s >> 16) + c[18] + c[34] + c[36] + c[42] - c[40]
    r[18] = s & 0xFFFF
    s = (s >> 16) + c[19] + c[35] + c[37] + c[43] - c[41]
    r[19] = s & 0xFFFF
    s = (s >> 16) + c[20] + c[36] + c[38] + c[44] - c[42]
    r[20] = s & 0xFFFF
    s = (s >> 16) + c[21] + c[37] + c[39] + c[45] - c[43]
    r[21] = s & 0xFFFF
    s = (s >> 16) + c[22] + c[38] + c[40] + c[46] - c[44]
    r[22] = s & 0xFFFF
    s = (s >> 16) + c[23] + c[39] + c[41] + c[47] - c[45]
    r[23] = s & 0xFFFF
    return s >> 16


@micropython.viper
def _fold_carry(r: ptr16, carry: int) -> int:
    """Add *carry* times 2**384 to *r*; return the multiple of 2**384 left over.

    It goes beyond the ninth half of a word with a probability of 2**-16 only.
    """
    s = r[0] + carry
    r[0] = s & 0xFFFF
    s = (s >> 16) + r[1]
    r[1] = s & 0xFFFF
    s = (s >> 16) + r[2] - carry
    r[2] = s & 0xFFFF
    for i in range(3, 6):
        s = (s >> 16) + r[i]
        r[i] = s & 0xFFFF
    s = (s >> 16) + r[6] + carry
    r[6] = s & 0xFFFF
    s = (s >> 16) + r[7]
    r[7] = s & 0xFFFF
    s = (s >> 16) + r[8] + carry
    r[8] = s & 0xFFFF
    s >>= 16
    i = 9
    while s and i < 24:
        s += r[i]
        r[i] = s & 0xFFFF
        s >>= 16
        i += 1
    return s
