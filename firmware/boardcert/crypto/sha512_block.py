"""The SHA-384 compression function in viper, for boards without an assembler kernel.

The same source runs on 32-bit boards, on the 64-bit unix build and on CPython: a 64-bit word
is two 32-bit halves, low half first. Low halves are added as two 16-bit quarters, so that the
carry is not lost; a high half's carry is dropped, by the word's width or by a mask that is a
parameter because viper has no literal for it. No branch and no address depends on the data.
"""
# ruff: noqa: F821 (ptr8, ptr16, ptr32 and uint are words of viper)
# pyright: reportUndefinedVariable=false

from array import array
from struct import pack, unpack

import micropython

# The first 64 bits of the fractional parts of the cube roots of the first 80 primes
# (FIPS 180-4 section 4.2.3), each little-endian.
_K = (
    b"\x22\xae(\xd7\x98/\x8aB\xcde\xef#\x91D7q"
    b"/;M\xec\xcf\xfb\xc0\xb5\xbc\xdb\x89\x81\xa5\xdb\xb5\xe9"
    b"8\xb5H\xf3[\xc2V9\x19\xd0\x05\xb6\xf1\x11\xf1Y"
    b"\x9bO\x19\xaf\xa4\x82?\x92\x18\x81m\xda\xd5^\x1c\xab"
    b"B\x02\x03\xa3\x98\xaa\x07\xd8\xbeopE\x01[\x83\x12"
    b"\x8c\xb2\xe4N\xbe\x851$\xe2\xb4\xff\xd5\xc3}\x0cU"
    b"o\x89{\xf2t]\xber\xb1\x96\x16;\xfe\xb1\xde\x80"
    b"5\x12\xc7%\xa7\x06\xdc\x9b\x94&i\xcft\xf1\x9b\xc1"
    b"\xd2J\xf1\x9e\xc1i\x9b\xe4\xe3%O8\x86G\xbe\xef"
    b"\xb5\xd5\x8c\x8b\xc6\x9d\xc1\x0fe\x9c\xacw\xcc\xa1\x0c$"
    b"u\x02+Yo,\xe9-\x83\xe4\xa6n\xaa\x84tJ"
    b"\xd4\xfbA\xbd\xdc\xa9\xb0\x5c\xb5S\x11\x83\xda\x88\xf9v"
    b"\xab\xdff\xeeRQ>\x98\x102\xb4-m\xc61\xa8"
    b"?!\xfb\x98\xc8'\x03\xb0\xe4\x0e\xef\xbe\xc7\x7fY\xbf"
    b"\xc2\x8f\xa8=\xf3\x0b\xe0\xc6%\xa7\x0a\x93G\x91\xa7\xd5"
    b"o\x82\x03\xe0Qc\xca\x06pn\x0e\x0ag))\x14"
    b"\xfc/\xd2F\x85\x0a\xb7'&\xc9&\x5c8!\x1b."
    b"\xed*\xc4Z\xfcm,M\xdf\xb3\x95\x9d\x13\x0d8S"
    b"\xdec\xaf\x8bTs\x0ae\xa8\xb2w<\xbb\x0ajv"
    b"\xe6\xae\xedG.\xc9\xc2\x81;5\x82\x14\x85,r\x92"
    b"d\x03\xf1L\xa1\xe8\xbf\xa2\x010B\xbcKf\x1a\xa8"
    b"\x91\x97\xf8\xd0p\x8bK\xc20\xbeT\x06\xa3Ql\xc7"
    b"\x18R\xef\xd6\x19\xe8\x92\xd1\x10\xa9eU$\x06\x99\xd6"
    b"* qW\x855\x0e\xf4\xb8\xd1\xbb2p\xa0j\x10"
    b"\xc8\xd0\xd2\xb8\x16\xc1\xa4\x19S\xabAQ\x08l7\x1e"
    b"\x99\xeb\x8e\xdfLwH'\xa8H\x9b\xe1\xb5\xbc\xb04"
    b"cZ\xc9\xc5\xb3\x0c\x1c9\xcb\x8aA\xe3J\xaa\xd8N"
    b"s\xe3cwO\xca\x9c[\xa3\xb8\xb2\xd6\xf3o.h"
    b"\xfc\xb2\xef]\xee\x82\x8ft`/\x17Coc\xa5x"
    b"r\xab\xf0\xa1\x14x\xc8\x84\xec9d\x1a\x08\x02\xc7\x8c"
    b"(\x1ec#\xfa\xff\xbe\x90\xe9\xbd\x82\xde\xeblP\xa4"
    b"\x15y\xc6\xb2\xf7\xa3\xf9\xbe+Sr\xe3\xf2xq\xc6"
    b"\x9ca&\xea\xce>'\xca\x07\xc2\xc0!\xc7\xb8\x86\xd1"
    b"\x1e\xeb\xe0\xcd\xd6}\xda\xeax\xd1n\xee\x7fO}\xf5"
    b"\xbao\x17r\xaag\xf0\x06\xa6\x98\xc8\xa2\xc5}c\x0a"
    b"\xae\x0d\xf9\xbe\x04\x98?\x11\x1bG\x1c\x135\x0bq\x1b"
    b"\x84}\x04#\xf5w\xdb(\x93$\xc7@{\xab\xca2"
    b"\xbc\xbe\xc9\x15\x0a\xbe\x9e<L\x0d\x10\x9c\xc4g\x1dC"
    b"\xb6B>\xcb\xbe\xd4\xc5L*~e\xfc\x9c)\x7fY"
    b"\xec\xfa\xd6:\xabo\xcb_\x17XGJ\x8c\x19Dl"
)

_MASK = 0xFFFFFFFF


def compress(
    state: bytearray, blocks: bytes | bytearray | memoryview, work: array, count: int
) -> None:
    """Update *state* with *count* message blocks of 128 bytes (FIPS 180-4 section 6.4.2).

    *state*: 64 bytes, big-endian words; *work*: array("I") of 176, which this writes to: the
    working variables a to h, then the message schedule.
    """
    halves = array("I", pack("<8Q", *unpack(">8Q", state)))
    view = memoryview(blocks)
    for i in range(count):
        _schedule(work, view[128 * i : 128 * i + 128], _MASK)
        work[:16] = halves
        _rounds(work, work, _K, _MASK)
        _add(halves, work, _MASK)
    state[:] = pack(">8Q", *unpack("<8Q", halves))


@micropython.viper
def _schedule(w: ptr32, block: ptr8, mask: uint):
    """Expand *block* to the message schedule (step 1)."""
    for i in range(32):
        j = 4 * i
        w[i + 16 ^ 1] = (block[j] << 24) | (block[j + 1] << 16) | (block[j + 2] << 8) | block[j + 3]
    w16 = ptr16(w)
    for i in range(48, 176, 2):
        low = uint(w[i - 30])
        high = uint(w[i - 29])
        # sigma0: rotate right 1, rotate right 8, shift right 7
        a = ((low >> 1 | high << 31) ^ (low >> 8 | high << 24) ^ (low >> 7 | high << 25)) & mask
        b = (high >> 1 | low << 31) ^ (high >> 8 | low << 24) ^ (high >> 7)
        low = uint(w[i - 4])
        high = uint(w[i - 3])
        # sigma1: rotate right 19, rotate right 61, shift right 6
        c = ((low >> 19 | high << 13) ^ (high >> 29 | low << 3) ^ (low >> 6 | high << 26)) & mask
        d = (high >> 19 | low << 13) ^ (low >> 29 | high << 3) ^ (high >> 6)
        j = 2 * i
        s = (a & 0xFFFF) + (c & 0xFFFF) + w16[j - 28] + w16[j - 64]
        w16[j] = s & 0xFFFF
        s = (s >> 16) + (a >> 16) + (c >> 16) + w16[j - 27] + w16[j - 63]
        w16[j + 1] = s & 0xFFFF
        w[i + 1] = (s >> 16) + b + d + uint(w[i - 13]) + uint(w[i - 31]) & mask


@micropython.viper
def _rounds(w: ptr32, w16: ptr16, k: ptr32, mask: uint):
    """Run the 80 rounds (step 3); *w16* is *w* in 16-bit words."""
    k16 = ptr16(k)
    quarter = 0xFFFF
    for t in range(0, 160, 2):
        low = uint(w[8])
        high = uint(w[9])
        # Sigma1: rotate right 14, 18, 41
        x = ((low >> 14 | high << 18) ^ (low >> 18 | high << 14) ^ (high >> 9 | low << 23)) & mask
        y = (high >> 14 | low << 18) ^ (high >> 18 | low << 14) ^ (low >> 9 | high << 23)
        # Ch(e, f, g)
        low = low & uint(w[10] ^ w[12]) ^ uint(w[12])
        high = high & uint(w[11] ^ w[13]) ^ uint(w[13])
        # T1: its two lower quarters, the second with its carry, and the upper half
        i = 2 * t
        t0 = uint(w16[28] + k16[i] + w16[i + 32]) + (x & quarter) + (low & quarter)
        t1 = uint(w16[29] + k16[i + 1] + w16[i + 33]) + (t0 >> 16) + (x >> 16) + (low >> 16)
        t2 = uint(w[15] + k[t + 1] + w[t + 17]) + (t1 >> 16) + y + high
        t0 = t0 & quarter
        t1 = t1 & quarter
        # h, g, f = g, f, e; e = d + T1
        w[15] = w[13]
        w[14] = w[12]
        w[13] = w[11]
        w[12] = w[10]
        w[11] = w[9]
        w[10] = w[8]
        low = t0 + uint(w16[12])
        high = (low >> 16) + t1 + uint(w16[13])
        w16[16] = low & quarter
        w16[17] = high & quarter
        w[9] = t2 + uint(w[7]) + (high >> 16) & mask
        low = uint(w[0])
        high = uint(w[1])
        # Sigma0: rotate right 28, 34, 39
        x = ((low >> 28 | high << 4) ^ (high >> 2 | low << 30) ^ (high >> 7 | low << 25)) & mask
        y = (high >> 28 | low << 4) ^ (low >> 2 | high << 30) ^ (low >> 7 | high << 25)
        # Maj(a, b, c) = a & (b ^ c) ^ (b & c)
        low = low & uint(w[2] ^ w[4]) ^ uint(w[2] & w[4])
        high = high & uint(w[3] ^ w[5]) ^ uint(w[3] & w[5])
        # d, c, b = c, b, a; a = T1 + Sigma0 + Maj
        w[7] = w[5]
        w[6] = w[4]
        w[5] = w[3]
        w[4] = w[2]
        w[3] = w[1]
        w[2] = w[0]
        t0 += (x & quarter) + (low & quarter)
        t1 += (t0 >> 16) + (x >> 16) + (low >> 16)
        w16[0] = t0 & quarter
        w16[1] = t1 & quarter
        w[1] = t2 + y + high + (t1 >> 16) & mask


@micropython.viper
def _add(state: ptr32, w: ptr32, mask: uint):
    """Add the working variables to *state* (step 4)."""
    state16 = ptr16(state)
    w16 = ptr16(w)
    for i in range(0, 16, 2):
        s = state16[2 * i] + w16[2 * i]
        state16[2 * i] = s & 0xFFFF
        s = (s >> 16) + state16[2 * i + 1] + w16[2 * i + 1]
        state16[2 * i + 1] = s & 0xFFFF
        state[i + 1] = uint(state[i + 1] + w[i + 1]) + uint(s >> 16) & mask
