"""Write Xtensa code for MicroPython's inline assembler, where loops must be unrolled by a program.

A *Writer* collects the instructions of one `@micropython.asm_xtensa` function, in the syntax of
asm_xtensa with the names of the instruction set, "; " between those in one string. All are encoded
here and written as data, since asm_xtensa does not know half of them, and lengthens branches.
Those that have a form of two bytes get it. Encodings: Xtensa Instruction Set Architecture, Summary.

Stock esp32 firmware does not call assembler, but viper: the build changes the kind of the functions
in the .mpy (asm_kind.py), so they are called as f(self, n_args, n_kw, args) in a2 to a5, and return
an object in a2. Arguments are small integers, 2 n + 1. An address is passed as a quarter of it:
whole, it would be no small integer.

The code is a function inside that function, by the windowed call of the ABI: it has 16 registers of
its own, of which a0 is the return address and a1 the stack, and a stack frame.
"""

import re

_RRR = {"add": 0x800000, "sub": 0xC00000, "addx2": 0x900000, "addx4": 0xA00000, "and": 0x100000}
_RRR |= {"or": 0x200000, "xor": 0x300000, "mull": 0x820000, "muluh": 0xA20000, "src": 0x810000}
_RRR |= {"moveqz": 0x830000, "movnez": 0x930000, "minu": 0x630000}
# With what their offset is counted in.
_ACCESSES = {"l8ui": (0x0002, 1), "l16ui": (0x1002, 2), "l32i": (0x2002, 4)}
_ACCESSES |= {"s8i": (0x4002, 1), "s16i": (0x5002, 2), "s32i": (0x6002, 4)}
_SHORT_ACCESSES = {"l32i": 0x8, "s32i": 0x9}
_BRANCHES = {"beq": 0x1007, "bne": 0x9007, "bge": 0xA007}
_ZERO_BRANCHES = {"beqz": 0x16, "bnez": 0x56}
_SIZE_BEFORE = 5  # What asm_xtensa writes before our code: entry, s32i.n.
# What the windowed ABI may store above a frame's own content, for calls from it.
_FRAME_REST = 48


class Writer:
    """Collect the instructions of the assembler function *name*."""

    def __init__(self, name: str) -> None:
        self._head = f"@micropython.asm_xtensa\ndef {name}():\n"
        self._instructions: list[str] = []
        self.op("mov(a10, a5); call8(inside); movi(a2, 1); j(outside); align()")

    def op(self, *instructions: str) -> None:
        """Append *instructions*."""
        for some in instructions:
            self._instructions += some.split("; ")

    def enter(self, frame: int, addresses: int, numbers: int = 0) -> None:
        """Emit the beginning: take *frame* bytes of stack.

        The arguments, first *addresses*, then *numbers*, are put into a3 and what follows it.
        """
        size = frame + _FRAME_REST + 15 & ~15
        self.op(f"label(inside); entry(a1, {size})")
        for i in range(addresses + numbers):
            self.op(f"l32i(a{3 + i}, a2, {4 * i})")
            if i < addresses:
                self.op(f"addi(a{3 + i}, a{3 + i}, -1); slli(a{3 + i}, a{3 + i}, 1)")
            else:
                self.op(f"srai(a{3 + i}, a{3 + i}, 1)")

    def leave(self) -> None:
        """Emit the end; the result is the small integer 0. asm_xtensa adds the outer return."""
        self.op("retw(); label(outside)")

    def text(self) -> str:
        """Return the function's source."""
        places, offset = {}, _SIZE_BEFORE
        for instruction in self._instructions:
            name, operands = _parsed(instruction)
            if name == "label":
                places[operands[0]] = offset
            offset += _size(name, operands, offset)
        lines, offset = [], _SIZE_BEFORE
        for instruction in self._instructions:
            name, operands = _parsed(instruction)
            size = _size(name, operands, offset)
            if name == "label":
                lines.append(f"# {operands[0]}:")
            elif name == "align":
                lines += ["data(1, 0)"] * size
            else:
                targets = [places[o] - offset if o in places else o for o in operands]
                word = _word(name, targets, offset)
                lines.append(f"data({size}, {word:#0{2 + 2 * size}x})  # {instruction}")
            offset += size
        return self._head + "".join([f"    {line}\n" for line in lines])


def encode(instruction: str, offset: int) -> bytes:
    """Return the code of one instruction without a label, which will be at *offset*."""
    name, operands = _parsed(instruction)
    return _word(name, operands, offset).to_bytes(_size(name, operands, offset), "little")


def _parsed(instruction: str) -> tuple[str, list[str]]:
    """Return the name and the operands of an instruction."""
    name, _, rest = instruction.partition("(")
    return name, rest[:-1].split(", ") if rest != ")" else []


def _size(name: str, operands: list[str], offset: int) -> int:
    if name == "label":
        return 0
    if name == "align":
        return -offset & 3
    return 3 if _short(name, operands) is None else 2


def _short(name: str, operands: list[str]) -> int | None:
    """Return the word of an instruction's short form, None if it has none."""
    if name == "retw":
        return 0xF01D
    if name == "mov":
        t, s = map(_register, operands)
        return s << 8 | t << 4 | 0xD
    if name == "add":
        r, s, t = map(_register, operands)
        return r << 12 | s << 8 | t << 4 | 0xA
    if name == "movi" and -32 <= (value := int(operands[1])) < 96:
        return (value & 15) << 12 | _register(operands[0]) << 8 | value & 0x70 | 0xC
    if name == "addi" and ((value := int(operands[2])) == -1 or 0 < value < 16):
        r, s = map(_register, operands[:2])
        return r << 12 | s << 8 | max(value, 0) << 4 | 0xB
    if name in _SHORT_ACCESSES and int(operands[2]) <= 60:
        t, s = map(_register, operands[:2])
        return int(operands[2]) // 4 << 12 | s << 8 | t << 4 | _SHORT_ACCESSES[name]
    return None


def _register(operand: str) -> int:
    if not re.fullmatch(r"a(\d|1[0-5])", operand):
        raise ValueError(f"{operand} is no register")
    return int(operand[1:])


def _bits(value: int, count: int, is_signed: bool = False) -> int:
    """Return *value* as a field of *count* bits; raise ValueError where it does not fit."""
    lowest = -(1 << count - 1) if is_signed else 0
    if not lowest <= value < lowest + (1 << count):
        raise ValueError(f"{value} does not fit into {count} bits")
    return value & (1 << count) - 1


def _word(name: str, operands: list, offset: int) -> int:
    """Return an instruction's word; labels are distances in *operands*."""
    short = None if name in _BRANCHES or name in _ZERO_BRANCHES else _short(name, operands)
    if short is not None:
        return short
    numbers = [_register(o) if str(o).startswith("a") else int(o) for o in operands]
    if name in _RRR:
        r, s, t = numbers
        return _RRR[name] | r << 12 | s << 8 | t << 4
    if name in _ACCESSES:
        t, s, place = numbers
        word, unit = _ACCESSES[name]
        if place % unit:
            raise ValueError(f"{name} at {place}")
        return word | _bits(place // unit, 8) << 16 | s << 8 | t << 4
    if name in _BRANCHES:
        s, t, distance = numbers
        return _BRANCHES[name] | _bits(distance - 4, 8, True) << 16 | s << 8 | t << 4
    if name in _ZERO_BRANCHES:
        s, distance = numbers
        return _ZERO_BRANCHES[name] | _bits(distance - 4, 12, True) << 12 | s << 8
    return _other(name, numbers, offset)


def _other(name: str, numbers: list[int], offset: int) -> int:
    """Return the word of an instruction with a form of its own."""
    first, second, *more = [*numbers, 0, 0]
    third = more[0]
    if name == "addi":
        return 0xC002 | _bits(third, 8, True) << 16 | second << 8 | first << 4
    if name == "addmi":
        return 0xD002 | _bits(third // 256, 8, True) << 16 | second << 8 | first << 4
    if name == "movi":
        value = _bits(second, 12, True)
        return 0xA002 | (value & 255) << 16 | value & 0xF00 | first << 4
    if name == "neg":
        return 0x600000 | first << 12 | second << 4
    if name == "slli":
        count = 32 - third
        return 0x010000 | count >> 4 << 20 | first << 12 | second << 8 | (count & 15) << 4
    if name == "srai":
        return 0x210000 | third >> 4 << 20 | first << 12 | (third & 15) << 8 | second << 4
    if name == "srli":
        return 0x410000 | first << 12 | _bits(third, 4) << 8 | second << 4
    if name == "extui":
        width = numbers[3] - 1 << 20
        return width | (4 | third >> 4) << 16 | first << 12 | (third & 15) << 8 | second << 4
    if name == "ssai":
        return 0x404000 | (first & 15) << 8 | first >> 4 << 4
    if name in ("ssr", "ssl"):
        return (0x400000 if name == "ssr" else 0x401000) | first << 8
    if name == "srl":
        return 0x910000 | first << 12 | second << 4
    if name == "sll":
        return 0xA10000 | first << 12 | second << 8
    if name == "entry":
        return 0x36 | first << 8 | _bits(second // 8, 12) << 12
    if name == "j":
        return 0x06 | _bits(first - 4, 18, True) << 6
    if name == "call8":  # From the word in which it is to a word.
        distance = offset + first - (offset & ~3) - 4
        return 0x25 | _bits(distance // 4, 18, True) << 6
    raise ValueError(f"unknown instruction: {name}")
