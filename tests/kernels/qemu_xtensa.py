"""Run Xtensa code in QEMU's user mode, and return the memory afterwards."""

import runpy
import subprocess
from pathlib import Path

_KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
_encode = runpy.run_path(str(_KERNELS / "xtensa.py"))["encode"]
_CPU = "dc233c"  # This core has windowed calls, mull and minu; none of QEMU's cores has muluh.
_ELF_HEADER, _PROGRAM_HEADER = 52, 32
_PAGE = 4096
_XTENSA = 94
_SYSCALL = b"\x00\x50\x00"
_WRITE, _EXIT = 13, 118


def assemble(text: str, place: int) -> bytes:
    """Return the code of instructions at *place*, as the kernels' generators write them."""
    code = b""
    for instruction in text.split("; "):
        code += _SYSCALL if instruction == "syscall()" else _encode(instruction, place + len(code))
    return code


def load_constant(register: str, value: int) -> str:
    """Return the instructions that load a word into a register."""
    first, *others = (value >> shift & 0x7F for shift in (28, 21, 14, 7, 0))
    steps = [f"slli({register}, {register}, 7); addi({register}, {register}, {b})" for b in others]
    return "; ".join([f"movi({register}, {first})", *steps])


def run(memory: bytes, address: int, start: int, end: int, directory: Path) -> bytes:
    """Return *memory*, at *address*, after its code from *start* to *end* has run.

    At *end* there must be 100 bytes for the code that leaves QEMU.
    """
    leave = [load_constant("a3", address), load_constant("a4", len(memory))]
    leave += [f"movi(a2, {_WRITE}); movi(a6, 1); syscall(); movi(a2, {_EXIT}); movi(a6, 0)"]
    code = assemble("; ".join([*leave, "syscall()"]), end)
    offset = end - address
    image = memory[:offset] + code + memory[offset + len(code) :]
    path = directory / "program"
    path.write_bytes(_elf(image, address, start))
    path.chmod(0o755)
    process = subprocess.run(["qemu-xtensa", "-cpu", _CPU, path], capture_output=True)
    if process.returncode or len(process.stdout) != len(memory):
        raise RuntimeError(f"QEMU: {process.returncode}, {process.stderr[-200:]!r}")
    return process.stdout


def _elf(image: bytes, address: int, start: int) -> bytes:
    """Return an executable file with one writable segment."""

    def words(*values: int, size: int = 4) -> bytes:
        return b"".join([value.to_bytes(size, "little") for value in values])

    header = b"\x7fELF\1\1\1".ljust(16, b"\0") + words(2, _XTENSA, size=2)
    header += words(1, start, _ELF_HEADER, 0, 0)
    header += words(_ELF_HEADER, _PROGRAM_HEADER, 1, 40, 0, 0, size=2)
    segment = words(1, _PAGE, address, address, len(image), len(image), 7, _PAGE)
    return (header + segment).ljust(_PAGE, b"\0") + image
