"""Translate the machine code of kernels for Xtensa to Python: Unicorn knows no such processor.

A table has the instructions that kernels use; any other is refused. test_xtensa_machine.py compares
each of them except muluh with QEMU. Source: Xtensa Instruction Set Architecture, Summary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_RETURN = 4  # The return address for calls from outside; there is no code.
_REGISTERS = [f"a{i}" for i in range(16)]
_HALVES = ", ".join(_REGISTERS[:8]), ", ".join(_REGISTERS[8:])

# Patterns of instruction words, and the same in Python. In the texts, r, s and t are registers, i
# is a number: see _number. M: the mask of a word, m8, m16, m32: the memory.
SIMPLE: dict[str, tuple[int, int, str]] = {
    "sub": (0xFF000F, 0xC00000, "r = s - t & M"),
    "addx2": (0xFF000F, 0x900000, "r = (s << 1) + t & M"),
    "addx4": (0xFF000F, 0xA00000, "r = (s << 2) + t & M"),
    "and": (0xFF000F, 0x100000, "r = s & t"),
    "or": (0xFF000F, 0x200000, "r = s | t"),
    "xor": (0xFF000F, 0x300000, "r = s ^ t"),
    "neg": (0xFF0F0F, 0x600000, "r = -t & M"),
    "mull": (0xFF000F, 0x820000, "r = s * t & M"),
    "muluh": (0xFF000F, 0xA20000, "r = s * t >> 32"),
    "minu": (0xFF000F, 0x630000, "r = s if s < t else t"),
    "moveqz": (0xFF000F, 0x830000, "r = r if t else s"),
    "movnez": (0xFF000F, 0x930000, "r = s if t else r"),
    "src": (0xFF000F, 0x810000, "r = (s << 32 | t) >> sar & M"),
    "ssr": (0xFFF0FF, 0x400000, "sar = s & 31"),
    "ssl": (0xFFF0FF, 0x401000, "sar = 32 - (s & 31)"),
    "ssai": (0xFFF0EF, 0x404000, "sar = i"),
    "srl": (0xFF0F0F, 0x910000, "r = t >> sar"),
    "sll": (0xFF00FF, 0xA10000, "r = s << 32 - sar & M"),
    "slli": (0xEF000F, 0x010000, "r = s << i & M"),
    "srai": (0xEF000F, 0x210000, "r = (t ^ 0x80000000) - 0x80000000 >> i & M"),
    "srli": (0xFF000F, 0x410000, "r = t >> i"),
    "extui": (0x0E000F, 0x040000, "r = t >> i & w"),
    "addi": (0x00F00F, 0x00C002, "t = s + i & M"),
    "addmi": (0x00F00F, 0x00D002, "t = s + i & M"),
    "movi": (0x00F00F, 0x00A002, "t = i & M"),
    "l8ui": (0x00F00F, 0x000002, "t = m8[s + i - B]"),
    "l16ui": (0x00F00F, 0x001002, "t = m16[s + i - B >> 1]"),
    "l32i": (0x00F00F, 0x002002, "t = m32[s + i - B >> 2]"),
    "s8i": (0x00F00F, 0x004002, "m8[s + i - B] = t & 255"),
    "s16i": (0x00F00F, 0x005002, "m16[s + i - B >> 1] = t & 0xFFFF"),
    "s32i": (0x00F00F, 0x006002, "m32[s + i - B >> 2] = t"),
    "l32i.n": (0x000F, 0x0008, "t = m32[s + i - B >> 2]"),
    "s32i.n": (0x000F, 0x0009, "m32[s + i - B >> 2] = t"),
    "add.n": (0x000F, 0x000A, "r = s + t & M"),
    "addi.n": (0x000F, 0x000B, "r = s + i & M"),
    "movi.n": (0x008F, 0x000C, "s = i & M"),
    "mov.n": (0xF00F, 0x000D, "t = s"),
}
# Instructions that end a block, with their condition, "" for always.
JUMPS: dict[str, tuple[int, int, str]] = {
    "j": (0x00003F, 0x000006, ""),
    "beqz": (0x0000FF, 0x000016, "not s"),
    "bnez": (0x0000FF, 0x000056, "s"),
    "beq": (0x00F00F, 0x001007, "s == t"),
    "bne": (0x00F00F, 0x009007, "s != t"),
    "bge": (0x00F00F, 0x00A007, "s ^ 0x80000000 >= t ^ 0x80000000"),
}
CALLS = {"call8": (0x00003F, 0x000025), "entry": (0x0000FF, 0x000036)}
_RETURN_WORD = 0xF01D  # retw.n
_ACCESS = re.compile(r"m(8|16|32)\[(s \+ i)")


@dataclass(frozen=True)
class Instruction:
    """One instruction; *target*: the address of a jump, or 0."""

    name: str
    word: int
    size: int
    target: int = 0


def decode(code: bytes, offset: int, address: int) -> Instruction:
    """Return the instruction at *offset* of *code*, which is at *address*."""
    size = 2 if code[offset] & 15 >= 8 else 3
    word = int.from_bytes(code[offset : offset + size], "little")
    if size == 2 and word == _RETURN_WORD:
        return Instruction("retw.n", word, 2)
    for name, (mask, match, *_) in (SIMPLE | JUMPS | CALLS).items():
        if word & mask == match and (size == 2) == name.endswith(".n"):
            return Instruction(name, word, size, _target(name, word, address + offset))
    raise ValueError(f"unknown instruction {word:#x} at {offset:#x}")


def _signed(value: int, bits: int) -> int:
    return (value ^ 1 << bits - 1) - (1 << bits - 1)


def _target(name: str, word: int, place: int) -> int:
    if name == "j":
        return place + 4 + _signed(word >> 6, 18)
    if name == "call8":
        return (place & ~3) + 4 + 4 * _signed(word >> 6, 18)
    if name in ("beqz", "bnez"):
        return place + 4 + _signed(word >> 12, 12)
    return place + 4 + _signed(word >> 16, 8) if name in JUMPS else 0


def _number(name: str, word: int) -> int:
    """Return the number in an instruction's word, "i" in its text."""
    r, s, t, byte = word >> 12 & 15, word >> 8 & 15, word >> 4 & 15, word >> 16
    special = {
        "ssai": s | (t & 1) << 4,
        "slli": 32 - (t | (word >> 20 & 1) << 4),
        "srai": s | (word >> 20 & 1) << 4,
        "srli": s,
        "extui": s | (word >> 16 & 1) << 4,
        "addi": _signed(byte, 8),
        "addmi": _signed(byte, 8) << 8,
        "movi": _signed(byte | s << 8, 12),
        "l32i.n": 4 * r,
        "s32i.n": 4 * r,
        "addi.n": t or -1,
        # -32 to 95.
        "movi.n": (word >> 12 | word & 0x70) - 128 * (word >> 5 & 3 == 3),
        "entry": 8 * (word >> 12),
    }
    if name in special:
        return special[name]
    return byte * {"16": 2, "32": 4}.get(re.sub(r"\D", "", name), 1)


def python(instruction: Instruction, observe: bool = False) -> str:
    """Return a simple instruction in Python; *observe*: with a record of accesses."""
    name, word = instruction.name, instruction.word
    text = SIMPLE[name][2]
    if observe and (access := _ACCESS.search(text)):
        text = f"see({text.startswith('m')}, {access[2]}, {int(access[1]) // 8}); {text}"
    return _filled(text, word, _number(name, word))


def _filled(text: str, word: int, number: int) -> str:
    """Insert the registers and numbers of a *word* into *text*."""
    values = {letter: f"a{word >> at & 15}" for letter, at in (("r", 12), ("s", 8), ("t", 4))}
    values |= {"i": str(number), "w": str((2 << (word >> 20)) - 1)}
    return re.sub(r"\b[rstiw]\b", lambda match: values[match[0]], text)


def blocks(code: bytes, address: int) -> dict[int, list[Instruction]]:
    """Return the reachable basic blocks of *code*, by address."""
    found: dict[int, list[Instruction]] = {}
    starts = [address]
    while starts:
        start = place = starts.pop()
        if start in found:
            continue
        block = found[start] = []
        while True:
            instruction = decode(code, place - address, address)
            block.append(instruction)
            place += instruction.size
            if instruction.target:
                starts += [instruction.target] + [place] * (instruction.name != "j")
            if instruction.target or instruction.name == "retw.n":
                break
    leaders = set(found)
    return {start: _cut(start, block, leaders) for start, block in sorted(found.items())}


def _cut(start: int, block: list[Instruction], leaders: set[int]) -> list[Instruction]:
    """Return *block* up to where another one begins."""
    kept, place = [], start
    for instruction in block:
        if place in leaders and place != start:
            break
        kept.append(instruction)
        place += instruction.size
    return kept


def _lines(start: int, block: list[Instruction], observe: bool) -> list[str]:
    """Return a block in Python; it sets pc."""
    lines, place = [f"count += {len(block)}"], start
    if observe:
        lines.append(f"path({start})")
    for instruction in block:
        name, word = instruction.name, instruction.word
        place += instruction.size
        if name in SIMPLE:
            lines.append(python(instruction, observe))
        elif name == "entry":
            low, high = _HALVES
            lines.append(f"frames.append(({low})); below = a1 - {_number(name, word)}")
            lines.append(f"enter(below, a1); {low} = {high}; a1 = below")
        elif name == "call8":
            lines.append(f"a8 = {place & 0x3FFFFFFF | 2 << 30}; pc = {instruction.target}")
        elif name == "retw.n":
            low, high = _HALVES
            lines.append(f"leave(a1); pc = a0 & 0x3FFFFFFF; {high} = {low}; {low} = frames.pop()")
            lines.append("if not frames: return a10, count")
        else:
            condition = _filled(JUMPS[name][2], word, 0) or "True"
            lines.append(f"pc = {instruction.target} if {condition} else {place}")
    if block[-1].name in SIMPLE or block[-1].name == "entry":
        lines.append(f"pc = {place}")
    return lines


def translate(code: bytes, address: int, names: dict[str, object], observe: bool) -> Callable:
    """Return *code* as a function of the caller's a10 to a13, and the stack.

    It returns the result and the number of instructions executed. *names*: its global names.
    """
    text = ["def run(a1, a10, a11, a12, a13):"]
    text.append(f" a8 = {_RETURN | 2 << 30}; frames = []; count = 0; pc = {address}; sar = 0")
    text.append(" a0 = a2 = a3 = a4 = a5 = a6 = a7 = a9 = a14 = a15 = 0x5A5A5A5A")
    text.append(" while True:")
    for i, (start, block) in enumerate(blocks(code, address).items()):
        text.append(f"  {'el' * (i > 0)}if pc == {start}:")
        text += [f"   {line}" for line in _lines(start, block, observe)]
    text.append("  else: raise RuntimeError(f'no code at {pc:#x}')")
    space = dict(names)
    exec(compile("\n".join(text), "<Xtensa>", "exec"), space)  # noqa: S102
    return space["run"]
