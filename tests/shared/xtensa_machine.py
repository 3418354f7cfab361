"""A machine that runs Xtensa kernels: the translated code, and the memory."""

from __future__ import annotations

import functools

from viper_call import call_as_viper
from xtensa_code import translate

RAM, RAM_SIZE = 0x3000_0000, 0x4_0000  # The highest address that QEMU permits.
STACK = RAM + RAM_SIZE - 512
_ARGUMENTS = RAM + RAM_SIZE - 256
_GUARD = b"\xa5" * 16
_WORD = 0xFFFF_FFFF


class XtensaMachine:
    """A processor with functions in its memory; the interface is that of mpy_machine_code.Machine.

    No cycles are counted. After each call, the stack pointer, the memory near each frame that the
    windowed ABI may write, and the guard bytes around each buffer are checked.
    """

    cycles = 0

    def __init__(self, functions: dict, observe: bool = False) -> None:
        self.memory = bytearray(RAM_SIZE)
        self._next = RAM + 16
        self._guards: list[int] = []
        self._frames: list[tuple[int, int]] = []
        self.instructions = self.all_instructions = 0
        self.path: list[int] = []
        self.accesses: list[tuple[bool, int, int]] = []
        memory = memoryview(self.memory)
        self.names: dict[str, object] = {"M": _WORD, "B": RAM, "m8": memory}
        self.names |= {"m16": memory.cast("H"), "m32": memory.cast("I"), "see": self._see}
        self.names |= {"enter": self._enter, "leave": self._leave}
        self.names["path"] = lambda address: self.path.append(address)
        self.places = {
            name: (item.code, self.allocate(item.code)) for name, item in functions.items()
        }
        self._translate = functools.cache(
            lambda name: translate(*self.places[name], self.names, observe)
        )

    def _enter(self, below: int, above: int) -> None:
        self._frames.append((below, above))
        self.write(above - 32, _GUARD * 2)
        self.write(below - 16, _GUARD)

    def _leave(self, stack: int) -> None:
        below, above = self._frames.pop()
        if stack != below or self.read(above - 32, 32) != _GUARD * 2:
            raise RuntimeError("the stack pointer or what is near the frame was changed")
        if self.read(below - 16, 16) != _GUARD:
            raise RuntimeError("something was stored below the frame")

    def _see(self, is_write: bool, address: int, size: int) -> None:
        if address % size:
            raise RuntimeError("an unaligned access: an exception on the board")
        self.accesses.append((is_write, address, size))

    def allocate(self, data: bytes | int) -> int:
        """Place *data*, or that many zero bytes, between guards; return its 16-aligned address."""
        data = bytes(data)
        address = self._next + len(_GUARD)
        self._next = (address + len(data) + len(_GUARD) + 15) & ~15
        if self._next > RAM + RAM_SIZE - 4096:  # The stack is above.
            raise MemoryError("the emulated memory is full")
        self._guards += [address - len(_GUARD), address + len(data)]
        self.write(address - len(_GUARD), _GUARD + data + _GUARD)
        return address

    def write(self, address: int, data: bytes) -> None:
        """Store *data* at *address*."""
        self.memory[address - RAM : address - RAM + len(data)] = data

    def read(self, address: int, size: int) -> bytes:
        """Return *size* bytes from *address*."""
        return bytes(self.memory[address - RAM : address - RAM + size])

    def call(self, name: str, *arguments: int) -> int:
        """Call a function with up to four 32-bit arguments; return its first register."""
        values = (*arguments, 0, 0, 0, 0)[:4]
        self.path, self.accesses = [], []
        result, self.instructions = self._translate(name)(STACK, *values)
        self.all_instructions += self.instructions
        if any(self.read(guard, len(_GUARD)) != _GUARD for guard in self._guards):
            raise RuntimeError(f"{name} writes outside the buffers")
        return result

    def call_viper(self, name: str, addresses: tuple[int, ...], *numbers: int) -> None:
        """Call a function with the convention of firmware/kernels/xtensa.py; check its result."""
        call_as_viper(self, _ARGUMENTS, name, addresses, *numbers)
