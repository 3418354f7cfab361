"""Write SHA-512 compression (FIPS 180-4, section 6.4.2) in MicroPython's assembler for Xtensa.

    python firmware/kernels/make_sha512_xtensa.py > firmware/kernels/kernel_sha512_xtensa.py

As make_sha512_rv32.py, which has what is around it. Of the working variables a and e are in
registers, all are in the stack frame; they have other names in each of eight rounds. How it is
called: xtensa.py.

A 64-bit word is two halves of 32 bits, the high one first in memory. A carry is looked for by minu:
a sum is less than what was added, or not; a conditional move adds it.

Timing: branches and addresses depend on counters only; no instruction is used but additions, minu,
logic, shifts, conditional moves, loads and stores.
"""

import sys

import make_sha512_rv32 as rv32
from xtensa import Writer

# The stack frame: the variables first.
_STATE, _BLOCKS, _WORK, _CONSTANTS, _COUNT = range(64, 84, 4)
_FRAME = 84
_WORDS = 640  # In the work area: the state as words, after the schedule.
_ROUNDS_A_LOOP, _WORDS_A_LOOP = 8, 2
_PLACE, _CONSTANT = "a8", "a9"

# Rotations to the right, and a shift: its last number, where there is one.
_SIGMAS = {"S0": (28, 34, 39), "S1": (14, 18, 41), "s0": (1, 8), "s1": (19, 61)}
_SHIFTED = {"s0": 7, "s1": 6}


def _sigma(w: Writer, name: str, word: list[str], result: list[str], spare: str) -> None:
    """Emit a sigma of *word*; words are registers, the high half first."""
    for i, count in enumerate(_SIGMAS[name]):
        high, low = word if count < 32 else word[::-1]
        w.op(f"ssai({count % 32})")
        for half, first, second in ((1, high, low), (0, low, high)):
            w.op(f"src({spare if i else result[half]}, {first}, {second})")
            w.op(*[f"xor({result[half]}, {result[half]}, {spare})"] * (i > 0))
    if name in _SHIFTED:
        high, low = word
        w.op(f"ssai({_SHIFTED[name]}); src({spare}, {high}, {low})")
        w.op(f"xor({result[1]}, {result[1]}, {spare}); srli({spare}, {high}, {_SHIFTED[name]})")
        w.op(f"xor({result[0]}, {result[0]}, {spare})")


def _add(w: Writer, total: list[str], word: list[str], spares: list[str]) -> None:
    """Emit: add *word* to *total*."""
    (high, low), (is_carried, more) = total, spares
    w.op(f"add({low}, {low}, {word[1]}); minu({is_carried}, {low}, {word[1]})")
    w.op(f"sub({is_carried}, {is_carried}, {word[1]}); add({high}, {high}, {word[0]})")
    w.op(f"addi({more}, {high}, 1); movnez({high}, {more}, {is_carried})")


def _load(w: Writer, registers: list[str], base: str, offset: int) -> None:
    w.op(f"l32i({registers[0]}, {base}, {offset}); l32i({registers[1]}, {base}, {offset + 4})")


def _store(w: Writer, registers: list[str], base: str, offset: int) -> None:
    w.op(f"s32i({registers[0]}, {base}, {offset}); s32i({registers[1]}, {base}, {offset + 4})")


def _schedule(w: Writer) -> None:
    """Emit: W[t+16] = W[t] + s0(W[t+1]) + W[t+9] + s1(W[t+14]) for all t."""
    old, new, other = ["a2", "a3"], ["a4", "a5"], ["a6", "a7"]
    term, spares = ["a10", "a11"], ["a12", "a13"]
    w.op(f"l32i({_PLACE}, a1, {_WORK}); addmi(a14, {_PLACE}, 512)")
    _load(w, old, _PLACE, 0)
    w.op("label(schedule)")
    for i in range(_WORDS_A_LOOP):
        _load(w, new, _PLACE, 8 * i + 8)
        _sigma(w, "s0", new, term, spares[0])
        _add(w, old, term, spares)
        _load(w, other, _PLACE, 8 * i + 72)
        _add(w, old, other, spares)
        _load(w, other, _PLACE, 8 * i + 112)
        _sigma(w, "s1", other, term, spares[0])
        _add(w, old, term, spares)
        _store(w, old, _PLACE, 8 * i + 128)
        old, new = new, old
    w.op(f"addi({_PLACE}, {_PLACE}, {8 * _WORDS_A_LOOP}); beq({_PLACE}, a14, scheduled)")
    w.op("j(schedule); label(scheduled)")


class _Round:
    """Emit rounds; registers have other names in each, and the first ones again after two."""

    def __init__(self, w: Writer) -> None:
        self._w = w
        self._a, self._e, self._sum = ["a2", "a3"], ["a4", "a5"], ["a10", "a11"]
        self._xors = ["a6", "a7"]  # a ^ b of the round before.
        self._word, self._spares = ["a12", "a13"], ["a14", "a15"]

    def begin(self, v: list[int]) -> None:
        """Load what is in registers; *v*: the places of the variables in the stack frame."""
        _load(self._w, self._a, "a1", v[0])
        _load(self._w, self._e, "a1", v[4])
        _load(self._w, self._xors, "a1", v[1])
        _load(self._w, self._word, "a1", v[2])
        for half in range(2):
            self._w.op(f"xor({self._xors[half]}, {self._xors[half]}, {self._word[half]})")

    def emit(self, number: int, v: list[int]) -> None:
        """Emit a round, of which h will be the next one's a, and d its e."""
        w, word, total = self._w, self._word, self._sum
        _, b, _, d, _, f, g, h = v
        _load(w, total, "a1", h)
        _load(w, word, _PLACE, 8 * number)
        _add(w, total, word, self._spares)
        _load(w, word[::-1], _CONSTANT, 8 * number)
        _add(w, total, word, self._spares)
        _sigma(w, "S1", self._e, word, self._spares[0])
        _add(w, total, word, self._spares)
        for half in range(2):  # Ch = ((f ^ g) & e) ^ g
            w.op(f"l32i({word[half]}, a1, {f + 4 * half})")
            w.op(f"l32i({self._spares[0]}, a1, {g + 4 * half})")
            for name, other in (("xor", 0), ("and", 1), ("xor", 0)):
                with_ = (self._spares[0], self._e[half])[other]
                w.op(f"{name}({word[half]}, {word[half]}, {with_})")
        _add(w, total, word, self._spares)
        _load(w, self._e, "a1", d)
        _add(w, self._e, total, self._spares)
        _store(w, self._e, "a1", d)
        _sigma(w, "S0", self._a, word, self._spares[0])
        _add(w, total, word, self._spares)
        self._majority(b)
        _add(w, total, word, self._spares)
        _store(w, total, "a1", h)
        self._a, self._sum = total, self._a

    def _majority(self, b: int) -> None:
        """Emit: ((a ^ b) & (b ^ c)) ^ b."""
        for half in range(2):
            word, old, new = self._word[half], self._xors[half], self._spares[half]
            self._w.op(f"l32i({word}, a1, {b + 4 * half}); xor({new}, {self._a[half]}, {word})")
            self._w.op(f"and({old}, {old}, {new}); xor({word}, {word}, {old})")
        self._xors, self._spares = self._spares, self._xors


def _rounds(w: Writer) -> None:
    """Emit: the state into the variables, all rounds, and their sum with the state."""
    v = list(range(0, 64, 8))
    w.op(f"l32i({_PLACE}, a1, {_WORK}); l32i({_CONSTANT}, a1, {_CONSTANTS})")
    w.op(f"movi(a10, {_WORDS}); add(a10, {_PLACE}, a10)")
    for place in v:
        _load(w, ["a11", "a12"], "a10", place)
        _store(w, ["a11", "a12"], "a1", place)
    rounds = _Round(w)
    rounds.begin(v)
    w.op("label(rounds)")
    for number in range(_ROUNDS_A_LOOP):
        rounds.emit(number, v[-number:] + v[:-number] if number else v)
    step = 8 * _ROUNDS_A_LOOP
    w.op(f"addi({_PLACE}, {_PLACE}, {step}); addi({_CONSTANT}, {_CONSTANT}, {step})")
    # The schedule ends where the state begins.
    w.op(f"l32i(a10, a1, {_WORK}); movi(a11, {_WORDS}); add(a10, a10, a11)")
    w.op(f"beq(a10, {_PLACE}, rounded); j(rounds); label(rounded)")
    for place in v:
        _load(w, ["a2", "a3"], _PLACE, place)
        _load(w, ["a4", "a5"], "a1", place)
        _add(w, ["a2", "a3"], ["a4", "a5"], ["a6", "a7"])
        _store(w, ["a2", "a3"], _PLACE, place)


def _copy(w: Writer, label: str) -> None:
    """Emit: copy big-endian words from a2 to a3 until that is a4, as words; or the reverse."""
    w.op(f"ssai(8); label({label}); l32i(a5, a2, 0); srli(a6, a5, 15); srli(a6, a6, 1)")
    w.op("src(a6, a6, a5); src(a6, a6, a6); src(a6, a5, a6); s32i(a6, a3, 0)")
    w.op(f"addi(a2, a2, 4); addi(a3, a3, 4); bne(a3, a4, {label})")


def kernel() -> str:
    """Return the source of kernel_sha512_xtensa.py."""
    w = Writer("_compress")
    w.enter(_FRAME, addresses=4, numbers=1)
    for i, place in enumerate((_STATE, _BLOCKS, _WORK, _CONSTANTS, _COUNT)):
        w.op(f"s32i(a{3 + i}, a1, {place})")
    w.op(f"mov(a2, a3); movi(a3, {_WORDS}); add(a3, a5, a3); addi(a4, a3, 64)")
    _copy(w, "state")
    w.op(f"label(block); l32i(a2, a1, {_BLOCKS}); l32i(a3, a1, {_WORK})")
    w.op("addi(a4, a3, 64); addi(a4, a4, 64)")
    _copy(w, "words")
    w.op(f"s32i(a2, a1, {_BLOCKS})")
    _schedule(w)
    _rounds(w)
    w.op(f"l32i(a2, a1, {_COUNT}); addi(a2, a2, -1); s32i(a2, a1, {_COUNT})")
    w.op("beqz(a2, hashed); j(block); label(hashed)")
    w.op(f"mov(a2, {_PLACE}); l32i(a3, a1, {_STATE}); addi(a4, a3, 64)")
    _copy(w, "result")
    w.leave()
    return rv32.module(w.text(), "Xtensa", 10)


if __name__ == "__main__":
    sys.stdout.write(kernel())
