"""The kernels' assembler functions as Python functions, run in the emulator."""

from pathlib import Path
from types import ModuleType

import micropython
import pytest
from boardcert_host.build.package import kernel_source
from mpy_machine_code import Machine

KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
SIZE = 48  # Bytes of a field element.


def import_kernel(functions: dict, p384: str = "kernel_p384") -> ModuleType:
    """Return the module `kernel`, its assembler functions replaced by those of *functions*.

    *p384*: which of the kernels for P-384 is a part of it.
    """
    module = ModuleType("boardcert.crypto.kernel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(micropython, "asm_thumb", lambda f: functions.get(f.__name__), raising=False)
        exec(kernel_source(p384), module.__dict__)  # noqa: S102
    return module


def elements(work: bytes) -> list[int]:
    """Return the numbers in a work area."""
    return [int.from_bytes(work[i : i + SIZE], "little") for i in range(0, len(work), SIZE)]


class P384Kernel:
    """The function of kernel_p384.py, or kernel_p384_dsp.py, on the buffers of CPython."""

    def __init__(self, functions, observe=False, arch="armv6m"):
        self.machine = Machine(functions, observe, arch)
        self._program = self.machine.allocate(1024)
        self._work = self.machine.allocate(85 * SIZE)
        self._tables = {}

    def run(self, program, work):
        """Run *program* on the bytearray *work*."""
        self.machine.write(self._program, program)
        self.machine.write(self._work, work)
        self.machine.call("run", self._program, self._work)
        work[:] = self.machine.read(self._work, len(work))

    def address_of(self, table):
        """Return where *table* is in the emulated memory."""
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
    """The assembler functions of kernel_inverse.py, on the buffers of CPython."""

    def __init__(self, functions, observe=False):
        self.machine = Machine(functions, observe)
        self._rows = self.machine.allocate(29 * 24)
        self._number = self.machine.allocate(50)
        self.functions = {
            "_divide_steps": self.divide_steps,
            "_spread": self.spread,
            "_gather": self.gather,
        }

    def divide_steps(self, rows):
        """Do the division steps on the bytearray *rows*."""
        self.machine.write(self._rows, rows)
        self.machine.call("_divide_steps", self._rows)
        rows[:] = self.machine.read(self._rows, len(rows))

    def spread(self, number, rows, place):
        """Write the limbs of *number* to the bytearray *rows*."""
        self.machine.write(self._rows, rows)
        self.machine.write(self._number, number)
        self.machine.call("_spread", self._number, self._rows, place)
        rows[:] = self.machine.read(self._rows, len(rows))

    def gather(self, rows, place, number):
        """Write the number in *rows* to the bytearray *number*."""
        self.machine.write(self._rows, rows)
        self.machine.call("_gather", self._rows, place, self._number)
        number[:] = self.machine.read(self._number, len(number))
