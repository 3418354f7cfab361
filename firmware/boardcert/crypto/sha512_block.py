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
    b"\x22\xae\x28\xd7\x98\x2f\x8a\x42\xcd\x65\xef\x23\x91\x44\x37\x71"
    b"\x2f\x3b\x4d\xec\xcf\xfb\xc0\xb5\xbc\xdb\x89\x81\xa5\xdb\xb5\xe9"
    b"\x38\xb5\x48\xf3\x5b\xc2\x56\x39\x19\xd0\x05\xb6\xf1\x11\xf1\x59"
    b"\x9b\x4f\x19\xaf\xa4\x82\x3f\x92\x18\x81\x6d\xda\xd5\x5e\x1c\xab"
    b"\x42\x02\x03\xa3\x98\xaa\x07\xd8\xbe\x6f\x70\x45\x01\x5b\x83\x12"
    b"\x8c\xb2\xe4\x4e\xbe\x85\x31\x24\xe2\xb4\xff\xd5\xc3\x7d\x0c\x55"
    b"\x6f\x89\x7b\xf2\x74\x5d\xbe\x72\xb1\x96\x16\x3b\xfe\xb1\xde\x80"
    b"\x35\x12\xc7\x25\xa7\x06\xdc\x9b\x94\x26\x69\xcf\x74\xf1\x9b\xc1"
    b"\xd2\x4a\xf1\x9e\xc1\x69\x9b\xe4\xe3\x25\x4f\x38\x86\x47\xbe\xef"
    b"\xb5\xd5\x8c\x8b\xc6\x9d\xc1\x0f\x65\x9c\xac\x77\xcc\xa1\x0c\x24"
    b"\x75\x02\x2b\x59\x6f\x2c\xe9\x2d\x83\xe4\xa6\x6e\xaa\x84\x74\x4a"
    b"\xd4\xfb\x41\xbd\xdc\xa9\xb0\x5c\xb5\x53\x11\x83\xda\x88\xf9\x76"
    b"\xab\xdf\x66\xee\x52\x51\x3e\x98\x10\x32\xb4\x2d\x6d\xc6\x31\xa8"
    b"\x3f\x21\xfb\x98\xc8\x27\x03\xb0\xe4\x0e\xef\xbe\xc7\x7f\x59\xbf"
    b"\xc2\x8f\xa8\x3d\xf3\x0b\xe0\xc6\x25\xa7\x0a\x93\x47\x91\xa7\xd5"
    b"\x6f\x82\x03\xe0\x51\x63\xca\x06\x70\x6e\x0e\x0a\x67\x29\x29\x14"
    b"\xfc\x2f\xd2\x46\x85\x0a\xb7\x27\x26\xc9\x26\x5c\x38\x21\x1b\x2e"
    b"\xed\x2a\xc4\x5a\xfc\x6d\x2c\x4d\xdf\xb3\x95\x9d\x13\x0d\x38\x53"
    b"\xde\x63\xaf\x8b\x54\x73\x0a\x65\xa8\xb2\x77\x3c\xbb\x0a\x6a\x76"
    b"\xe6\xae\xed\x47\x2e\xc9\xc2\x81\x3b\x35\x82\x14\x85\x2c\x72\x92"
    b"\x64\x03\xf1\x4c\xa1\xe8\xbf\xa2\x01\x30\x42\xbc\x4b\x66\x1a\xa8"
    b"\x91\x97\xf8\xd0\x70\x8b\x4b\xc2\x30\xbe\x54\x06\xa3\x51\x6c\xc7"
    b"\x18\x52\xef\xd6\x19\xe8\x92\xd1\x10\xa9\x65\x55\x24\x06\x99\xd6"
    b"\x2a\x20\x71\x57\x85\x35\x0e\xf4\xb8\xd1\xbb\x32\x70\xa0\x6a\x10"
    b"\xc8\xd0\xd2\xb8\x16\xc1\xa4\x19\x53\xab\x41\x51\x08\x6c\x37\x1e"
    b"\x99\xeb\x8e\xdf\x4c\x77\x48\x27\xa8\x48\x9b\xe1\xb5\xbc\xb0\x34"
    b"\x63\x5a\xc9\xc5\xb3\x0c\x1c\x39\xcb\x8a\x41\xe3\x4a\xaa\xd8\x4e"
    b"\x73\xe3\x63\x77\x4f\xca\x9c\x5b\xa3\xb8\xb2\xd6\xf3\x6f\x2e\x68"
    b"\xfc\xb2\xef\x5d\xee\x82\x8f\x74\x60\x2f\x17\x43\x6f\x63\xa5\x78"
    b"\x72\xab\xf0\xa1\x14\x78\xc8\x84\xec\x39\x64\x1a\x08\x02\xc7\x8c"
    b"\x28\x1e\x63\x23\xfa\xff\xbe\x90\xe9\xbd\x82\xde\xeb\x6c\x50\xa4"
    b"\x15\x79\xc6\xb2\xf7\xa3\xf9\xbe\x2b\x53\x72\xe3\xf2\x78\x71\xc6"
    b"\x9c\x61\x26\xea\xce\x3e\x27\xca\x07\xc2\xc0\x21\xc7\xb8\x86\xd1"
    b"\x1e\xeb\xe0\xcd\xd6\x7d\xda\xea\x78\xd1\x6e\xee\x7f\x4f\x7d\xf5"
    b"\xba\x6f\x17\x72\xaa\x67\xf0\x06\xa6\x98\xc8\xa2\xc5\x7d\x63\x0a"
    b"\xae\x0d\xf9\xbe\x04\x98\x3f\x11\x1b\x47\x1c\x13\x35\x0b\x71\x1b"
    b"\x84\x7d\x04\x23\xf5\x77\xdb\x28\x93\x24\xc7\x40\x7b\xab\xca\x32"
    b"\xbc\xbe\xc9\x15\x0a\xbe\x9e\x3c\x4c\x0d\x10\x9c\xc4\x67\x1d\x43"
    b"\xb6\x42\x3e\xcb\xbe\xd4\xc5\x4c\x2a\x7e\x65\xfc\x9c\x29\x7f\x59"
    b"\xec\xfa\xd6\x3a\xab\x6f\xcb\x5f\x17\x58\x47\x4a\x8c\x19\x44\x6c"
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
