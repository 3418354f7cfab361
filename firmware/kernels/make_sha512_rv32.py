"""Write SHA-512 compression (FIPS 180-4, section 6.4.2) in MicroPython's assembler for RV32IMC.

    python firmware/kernels/make_sha512_rv32.py > firmware/kernels/kernel_sha512_rv32.py

As kernel_sha512.py, but for blocks at addresses of words only, and with the constants in memory of
Python's, since firmware may protect that of code against reading. The working variables are in
registers, and have other names in each of eight rounds. How it is called: riscv.py.

A 64-bit word is two halves of 32 bits, the high one first in memory. RV32 does not rotate: terms of
a sigma that shift in one direction are nested, x>>8 ^ x>>7 ^ x>>1 = ((x>>1 ^ x)>>6 ^ x)>>1.

Timing: branches and addresses depend on counters only; no instruction is used but additions,
comparisons, logic, shifts, loads and stores. The schedule and the state of the last block stay in
the work area, on a heap that MicroPython does not wipe either.
"""

import functools
import operator
import sys

from riscv import Writer

# The stack frame.
_STATE, _BLOCKS, _WORK, _CONSTANTS, _COUNT = range(0, 20, 4)
_SAVED, _FRAME = 20, 80
_W, _WORDS = 0, 640  # In the work area: the schedule, and the state as words.
_ROUNDS_A_LOOP, _WORDS_A_LOOP = 8, 2

_VARIABLES = [*(f"s{i}" for i in range(12)), *(f"a{i}" for i in range(4, 8))]
_PLACE, _CONSTANT = "a0", "a1"
_T = ["t0", "t1", "t2"]
# a ^ b, and that of the round before, in turn; where the schedule ends.
_XORS = (["a2", "a3"], ["t3", "t4"])
_END = "t6"

HEADER = '''"""SHA-512 for {name}; make_sha512_{file}.py made it and explains it (do not edit)."""

# ruff: noqa
# fmt: off
import sys

import micropython

_K = (
{constants})


@micropython.viper
def _compress_blocks(state: ptr8, blocks: ptr8, work: ptr8, count: int):
    constants = ptr8(_K)
    _compress(int(state) >> 2, int(blocks) >> 2, int(work) >> 2, int(constants) >> 2, count)


'''

# The known answer, before any secret is touched; only then there is a `compress`. See
# kernel_guard_esp32.py about the firmware.
CHECK = """

def _works() -> bool:
    if getattr(sys.implementation, "_mpy", 0) & 0x3FFF != 6 | 3 << 8 | {processor} << 10:
        return False
    state = bytearray(_K[:64])
    _compress_blocks(state, bytearray(_K[:128]), bytearray(704), 1)
    return state == (
{answer}    )


if not _works():
    print("boardcert: our assembler does not work on this firmware, so hashing is slow")
    raise ImportError("no kernel")
compress = _compress_blocks
"""

# What is shifted and how far, from within, "h" or "l" half: to the right, and to the left; for the
# low half of a result, and the high one.
_SIGMAS = {
    "S0": ("l21 h5 h2", "l5 l21 h4", "h21 l5 l2", "h5 h21 l4"),
    "S1": ("l4 l5 h9", "l5 h4 h14", "h4 h5 l9", "h5 l4 l14"),
    "s0": ("l1 l6 l1", "h6 h1 h24", "h1 h6 h1", "l7 l24"),
    "s1": ("h10 l13 l6", "h13 h10 l3", "l10 h13 h6", "l10 h3"),
}


def _sigma(w: Writer, name: str, high: str, low: str, result: list[str], spare: str) -> None:
    """Emit a sigma of *high*, *low*; *result*: the registers for its high and low half."""
    halves = {"h": high, "l": low}
    right_low, left_low, right_high, left_high = _SIGMAS[name]
    for target, right, left in (
        (result[1], right_low, left_low),
        (result[0], right_high, left_high),
    ):
        for shift, terms, total in (("srli", right, target), ("slli", left, spare)):
            first, *others = terms.split()
            w.op(f"{shift}({total}, {halves[first[0]]}, {first[1:]})")
            for term in others:
                w.op(f"xor({total}, {total}, {halves[term[0]]})")
                w.op(f"{shift}({total}, {total}, {term[1:]})")
        w.op(f"xor({target}, {target}, {spare})")


def _add(w: Writer, total: list[str], word: list[str], spare: str) -> None:
    """Emit: add *word* to *total*, each high and low."""
    w.op(f"add({total[1]}, {total[1]}, {word[1]}); sltu({spare}, {total[1]}, {word[1]})")
    w.op(f"add({total[0]}, {total[0]}, {word[0]}); add({total[0]}, {total[0]}, {spare})")


def _load(w: Writer, registers: list[str], offset: int, base: str) -> None:
    w.op(f"lw({registers[0]}, {offset}({base})); lw({registers[1]}, {offset + 4}({base}))")


def _schedule(w: Writer) -> None:
    """Emit: W[t+16] = W[t] + s0(W[t+1]) + W[t+9] + s1(W[t+14]) for all t."""
    old, new, other, term, spare = ["s0", "s1"], ["s2", "s3"], ["s4", "s5"], _T[:2], _T[2]
    w.op(f"lw({_PLACE}, {_WORK}(sp)); addi(a1, {_PLACE}, 512)")
    _load(w, old, 0, _PLACE)
    w.op("label(schedule)")
    for i in range(_WORDS_A_LOOP):
        _load(w, new, 8 * i + 8, _PLACE)
        _load(w, other, 8 * i + 72, _PLACE)
        _sigma(w, "s0", *new, term, spare)
        _add(w, old, term, spare)
        _add(w, old, other, spare)
        _load(w, other, 8 * i + 112, _PLACE)
        _sigma(w, "s1", *other, term, spare)
        _add(w, old, term, spare)
        w.op(f"sw({old[0]}, {8 * i + 128}({_PLACE})); sw({old[1]}, {8 * i + 132}({_PLACE}))")
        old, new = new, old
    w.op(f"addi({_PLACE}, {_PLACE}, {8 * _WORDS_A_LOOP}); bne({_PLACE}, a1, schedule)")


def _round(w: Writer, number: int, v: list[list[str]]) -> None:
    """Emit a round, of which h will be the next one's a."""
    a, b, _, d, e, f, g, h = v
    term, spare = _T[:2], _T[2]
    _load(w, term, 8 * number, _PLACE)
    _add(w, h, term, spare)
    w.op(f"lw({term[1]}, {8 * number}({_CONSTANT})); lw({term[0]}, {8 * number + 4}({_CONSTANT}))")
    _add(w, h, term, spare)
    _sigma(w, "S1", *e, term, spare)
    _add(w, h, term, spare)
    for half in range(2):  # Ch = ((f ^ g) & e) ^ g
        w.op(
            f"xor({term[half]}, {f[half]}, {g[half]}); and_({term[half]}, {term[half]}, {e[half]})"
        )
        w.op(f"xor({term[half]}, {term[half]}, {g[half]})")
    _add(w, h, term, spare)
    _add(w, d, h, spare)
    _sigma(w, "S0", *a, term, spare)
    _add(w, h, term, spare)
    new, old = _XORS[1 - number % 2], _XORS[number % 2]
    for half in range(2):  # Maj = ((a ^ b) & (b ^ c)) ^ b
        w.op(
            f"xor({new[half]}, {a[half]}, {b[half]}); and_({term[half]}, {new[half]}, {old[half]})"
        )
        w.op(f"xor({term[half]}, {term[half]}, {b[half]})")
    _add(w, h, term, spare)


def _rounds(w: Writer) -> None:
    """Emit: the state into the variables, all rounds, and their sum with the state."""
    v = [_VARIABLES[i : i + 2] for i in range(0, 16, 2)]
    w.op(f"lw({_PLACE}, {_WORK}(sp)); lw({_CONSTANT}, {_CONSTANTS}(sp))")
    w.op(f"addi({_END}, {_PLACE}, {_WORDS})")  # The schedule ends where the state begins.
    for i, variable in enumerate(v):
        _load(w, variable, 8 * i, _END)
    for half in range(2):
        w.op(f"xor({_XORS[0][half]}, {v[1][half]}, {v[2][half]})")
    w.op("label(rounds)")
    for number in range(_ROUNDS_A_LOOP):
        _round(w, number, v[-number:] + v[:-number] if number else v)
    step = 8 * _ROUNDS_A_LOOP
    w.op(f"addi({_PLACE}, {_PLACE}, {step}); addi({_CONSTANT}, {_CONSTANT}, {step})")
    w.op(f"beq({_PLACE}, {_END}, rounded); jal(zero, rounds); label(rounded)")
    for i, variable in enumerate(v):
        _load(w, _T[:2], 8 * i, _END)
        _add(w, variable, _T[:2], _T[2])
        w.op(f"sw({variable[0]}, {8 * i}({_END})); sw({variable[1]}, {8 * i + 4}({_END}))")


def _copy(w: Writer) -> None:
    """Emit the subroutine: copy big-endian words from t0 to t1 until that is t2, as words.

    Or words as big-endian ones: it is the same.
    """
    w.op("label(copy); lbu(t3, 0(t0)); lbu(t4, 1(t0)); lbu(t5, 2(t0)); lbu(t6, 3(t0))")
    w.op("slli(t3, t3, 24); slli(t4, t4, 16); slli(t5, t5, 8); or_(t3, t3, t4); or_(t5, t5, t6)")
    w.op("or_(t3, t3, t5); sw(t3, 0(t1)); addi(t0, t0, 4); addi(t1, t1, 4); bne(t1, t2, copy)")
    w.op("c_jr(ra)")


def constants() -> list[int]:
    """Return K: 64 bits of the fractions of the primes' cube roots (FIPS 180-4 section 4.2.3)."""
    primes = [n for n in range(2, 410) if all(n % m for m in range(2, n))]
    return [_cube_root(n << 192) & 2**64 - 1 for n in primes]


def _cube_root(n: int) -> int:
    """Return the integer cube root of *n* by Newton's method."""
    x = 1 << (n.bit_length() + 2) // 3
    while (y := (2 * x + n // (x * x)) // 3) < x:
        x = y
    return x


def compressed(state: bytes, block: bytes) -> bytes:
    """Return the *state* after a *block*, as FIPS 180-4 has it, in Python's integers."""
    mask = 2**64 - 1

    def rotated(x: int, *counts: int) -> int:
        return functools.reduce(operator.xor, ((x >> n | x << 64 - n) & mask for n in counts))

    w = [int.from_bytes(block[i : i + 8], "big") for i in range(0, 128, 8)]
    for t in range(16, 80):
        s0, s1 = (
            (rotated(w[t - 15], 1, 8) ^ w[t - 15] >> 7),
            (rotated(w[t - 2], 19, 61) ^ w[t - 2] >> 6),
        )
        w.append(w[t - 16] + s0 + w[t - 7] + s1 & mask)
    start = [int.from_bytes(state[i : i + 8], "big") for i in range(0, 64, 8)]
    a, b, c, d, e, f, g, h = start
    for k, word in zip(constants(), w, strict=True):
        first = h + rotated(e, 14, 18, 41) + ((f ^ g) & e ^ g) + k + word
        second = rotated(a, 28, 34, 39) + ((a ^ b) & (b ^ c) ^ b)
        a, b, c, d, e, f, g, h = first + second & mask, a, b, c, d + first & mask, e, f, g
    end = zip(start, (a, b, c, d, e, f, g, h), strict=True)
    return b"".join([(x + y & mask).to_bytes(8, "big") for x, y in end])


def kernel() -> str:
    """Return the source of kernel_sha512_rv32.py."""
    w = Writer("_compress")
    w.enter(_FRAME, _SAVED, addresses=4, numbers=1)
    for i, place in enumerate((_STATE, _BLOCKS, _WORK, _CONSTANTS, _COUNT)):
        w.op(f"sw(a{i}, {place}(sp))")
    w.op(f"mv(t0, a0); addi(t1, a2, {_WORDS}); addi(t2, t1, 64); jal(ra, copy)")
    w.op(f"label(block); lw(t0, {_BLOCKS}(sp)); lw(t1, {_WORK}(sp)); addi(t2, t1, 128)")
    w.op(f"jal(ra, copy); sw(t0, {_BLOCKS}(sp))")
    _schedule(w)
    _rounds(w)
    w.op(f"lw(t0, {_COUNT}(sp)); addi(t0, t0, -1); sw(t0, {_COUNT}(sp))")
    w.op("beq(t0, zero, hashed); jal(zero, block)")
    _copy(w)
    w.op(f"label(hashed); mv(t0, {_END}); lw(t1, {_STATE}(sp)); addi(t2, t1, 64); jal(ra, copy)")
    w.leave()
    return module(w.text(), "RV32", 11)


def module(code: str, name: str, processor: int) -> str:
    """Return the source of a kernel of this kind: what is around the assembler function *code*.

    *processor*: the number of the one called *name* in .mpy files.
    """
    data = b"".join([constant.to_bytes(8, "little") for constant in constants()])
    answer = _text(compressed(data[:64], data[:128]), "        ")
    header = HEADER.format(name=name, file=name.lower(), constants=_text(data))
    return header + code + CHECK.format(answer=answer, processor=processor)


def _text(data: bytes, indent: str = "    ") -> str:
    """Return the source of a constant, in lines."""
    lines = [data[i : i + 16] for i in range(0, len(data), 16)]
    texts = ["".join([f"\\x{byte:02x}" for byte in line]) for line in lines]
    return "".join([f'{indent}b"{text}"\n' for text in texts])


if __name__ == "__main__":
    sys.stdout.write(kernel())
