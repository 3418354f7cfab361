"""The kernels' assembler functions as Python functions that run in the emulator."""

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import micropython
import pytest
from boardcert.crypto import sha512_block
from boardcert.crypto.ec import P384
from boardcert_host.build.kernels import KERNELS as ARCHITECTURES
from boardcert_host.build.kernels import kernel_sources
from mpy_machine_code import Function, Machine, build, load
from tested_kernels import CODE
from xtensa_machine import XtensaMachine

KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
SIZE = 48  # The bytes of a field element.


# Viper functions, and what a firmware that accepts them reports: the .mpy files it reads.
ESP32S = {"rv32imc": 6 | 3 << 8 | 11 << 10, "xtensawin": 6 | 3 << 8 | 10 << 10}

SHA512 = {
    "armv6m": "kernel_sha512.py",
    "armv7emsp": "kernel_sha512.py",
    "rv32imc": "kernel_sha512_rv32.py",
    "xtensawin": "kernel_sha512_xtensa.py",
}


def load_kernel(architecture: str, directory: Path) -> dict[str, Function]:
    """Return the P-384 functions for an *architecture*, compiled in *directory*."""
    functions = {}
    for name in CODE[architecture]:
        functions |= load(build(KERNELS / f"{name}.py", directory, architecture))
    return functions


def import_kernel(
    functions: dict | None, architecture: str = "armv6m", firmware: int | None = None
) -> ModuleType:
    """Import the module `kernel` of an *architecture*, with *functions* as its code.

    None: kernel_code exists already. *firmware*: what it reports about .mpy files, if that is to be
    wrong.
    """
    module = ModuleType("boardcert.crypto.kernel")
    module.__package__ = "boardcert.crypto"
    code = ModuleType("boardcert.crypto.kernel_code")
    code.__dict__.update(functions or {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            micropython, "asm_thumb", lambda f: code.__dict__.get(f.__name__), raising=False
        )
        if architecture in ESP32S:
            says = ESP32S[architecture] if firmware is None else firmware
            patch.setattr(sys.implementation, "_mpy", says, raising=False)
            if functions is not None:
                patch.setitem(sys.modules, code.__name__, code)
        exec(kernel_sources(ARCHITECTURES[architecture])["kernel"], module.__dict__)  # noqa: S102
    return module


def elements(work: bytes) -> list[int]:
    """Return the numbers in a work area."""
    return [int.from_bytes(work[i : i + SIZE], "little") for i in range(0, len(work), SIZE)]


def machine(functions: dict, observe: bool, arch: str) -> Machine | XtensaMachine:
    """Return the machine that runs *functions*."""
    if arch == "xtensawin":
        return XtensaMachine(functions, observe)
    return Machine(functions, observe, arch)


class P384Kernel:
    """The interpreter of a P-384 kernel, on CPython's buffers."""

    def __init__(self, functions, observe=False, arch="armv6m"):
        self.machine = machine(functions, observe, arch)
        self._is_viper = arch in ESP32S
        self._program = self.machine.allocate(1024)
        self._work = self.machine.allocate(85 * SIZE)
        self._tables = {}

    def run(self, program, work):
        """Run *program* on the bytearray *work*."""
        self.machine.write(self._program, program)
        self.machine.write(self._work, work)
        self.start()
        work[:] = self.machine.read(self._work, len(work))

    def start(self):
        """Run the program in the emulated memory."""
        if self._is_viper:
            self.machine.call_viper("_run", (self._program, self._work))
        else:
            self.machine.call("run", self._program, self._work)

    def address_of(self, table):
        """Return the address of *table* in the emulated memory."""
        if table not in self._tables:
            self._tables[table] = self.machine.allocate(table)
        return self._tables[table]

    def operate(self, steps, values):
        """Return the work area's elements after *steps*, (operation, destination, a, b)."""
        program = bytes(
            number
            for operation, destination, a, b in steps
            for number in (operation, 3 * destination, 3 * a, b if operation == 2 else 3 * b)
        )
        work = bytearray(b"".join(value.to_bytes(SIZE, "little") for value in values))
        self.run(program + bytes(4), work)
        return elements(work)


class InverseKernel:
    """The functions for inversion, on CPython's buffers."""

    def __init__(self, functions, observe=False, arch="armv6m"):
        self.machine = machine(functions, observe, arch)
        self._is_viper = arch in ESP32S
        self._rows = self.machine.allocate(29 * 24)
        self._number = self.machine.allocate(50)
        self.functions = {
            "divide_steps": self.divide_steps,
            "spread": self.spread,
            "gather": self.gather,
        }

    def divide_steps(self, rows):
        """Do the division steps on the bytearray *rows*."""
        self.machine.write(self._rows, rows)
        if self._is_viper:
            self.machine.call_viper("_divide_steps", (self._rows,))
        else:
            self.machine.call("divide_steps", self._rows)
        rows[:] = self.machine.read(self._rows, len(rows))

    def spread(self, number, rows, place):
        """Write the limbs of *number* to the bytearray *rows*."""
        self.machine.write(self._rows, rows)
        self.machine.write(self._number, number)
        if self._is_viper:
            self.machine.call_viper("_spread", (self._number, self._rows), place)
        else:
            self.machine.call("spread", self._number, self._rows, place)
        rows[:] = self.machine.read(self._rows, len(rows))

    def gather(self, rows, place, number):
        """Write the number in *rows* to the bytearray *number*."""
        self.machine.write(self._rows, rows)
        if self._is_viper:
            self.machine.call_viper("_gather", (self._rows, self._number), place)
        else:
            self.machine.call("gather", self._rows, place, self._number)
        number[:] = self.machine.read(self._number, len(number))


class Sha512Kernel:
    """SHA-512's compression function with its buffers; *offset* is where the blocks are."""

    MOST_BLOCKS = 7  # In one call.

    def __init__(self, functions, offset=0, observe=False, arch="armv6m"):
        self.machine = machine(functions, observe, arch)
        self._constants = self.machine.allocate(sha512_block._K) if arch in ESP32S else 0
        self._state = self.machine.allocate(64)
        self._blocks = self.machine.allocate(self.MOST_BLOCKS * 128 + offset) + offset
        self._work = self.machine.allocate(8 * (8 + 80))

    def compress(self, state, blocks):
        """Return the state after *blocks*."""
        self.machine.write(self._state, state)
        self.machine.write(self._blocks, blocks)
        count = len(blocks) // 128
        if self._constants:
            addresses = (self._state, self._blocks, self._work, self._constants)
            self.machine.call_viper("_compress", addresses, count)
        else:
            self.machine.call("compress", self._state, self._blocks, self._work, count)
        return self.machine.read(self._state, 64)


@contextmanager
def p384_engine(architecture, functions, observe=False):
    """Import the device's p384_kernel.py with emulated kernels; yield its Engine, and them."""
    field = P384Kernel(functions, observe, architecture)
    inverse = InverseKernel(functions, observe, architecture)
    kernel = import_kernel({"run": field.run, **inverse.functions}, architecture)
    uctypes = ModuleType("uctypes")
    uctypes.__dict__["addressof"] = field.address_of
    with pytest.MonkeyPatch.context() as patch:
        for module in (kernel, uctypes):
            patch.setitem(sys.modules, module.__name__, module)
        module = importlib.import_module("boardcert.crypto.p384_kernel")
        yield module.Engine(P384), (field, inverse)
        del sys.modules["boardcert.crypto.p384_kernel"]
        del sys.modules["boardcert.crypto"].p384_kernel
