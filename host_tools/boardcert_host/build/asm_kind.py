"""Make assembler functions of an .mpy file callable on firmware without an inline assembler.

Stock esp32 firmware refuses functions of the kind "asm", but runs those of the kind "viper", which
mpy-cross compiles for it as well. The two differ in how they are called: a viper function gets
(self, n_args, n_kw, args), objects, and returns an object. Assembler that is written for that, see
firmware/kernels/riscv.py and xtensa.py, works when its kind is changed: the kind's two bits in the
number before the code, and the two numbers that follow it for assembler, the arguments' count and
the result's type, are left out.

The file is read to its end, and refused with an Error where it has anything that is not known to be
written as here. Format: MicroPython v1.27.0, py/persistentcode.c (mp_raw_code_load and
load_raw_code), .mpy version 6.3.
"""

from ..errors import Error

CALLED_AS_VIPER = ("\n@micropython.asm_rv32\n", "\n@micropython.asm_xtensa\n")
"""What sources have before functions that are written to be called so."""

_VERSION = 6
_SUB_VERSION = 3
_PROCESSORS = (10, 11)  # xtensawin, rv32imc.
_BYTECODE, _NATIVE, _VIPER, _ASM = range(4)
_KIND, _HAS_CHILDREN, _SIZE_SHIFT = 3, 4, 3
# Flags of code with relocations, rodata or bss: in files that mpy_ld.py links.
_LINKED = 0x70
# Objects: the function table, None, False, True and Ellipsis have nothing more; str and bytes end
# with a null byte that is not counted; int, float and complex are texts; a tuple has objects.
_LAST_SINGLE, _TEXTS, _NUMBERS, _TUPLE = 4, (5, 6), (7, 8, 9), 10


def with_asm_as_viper(data: bytes) -> bytes:
    """Return an .mpy file for xtensawin or rv32imc, its assembler being called as viper.

    Raises Error for a file of another version or processor, or with unknown content. The functions
    must have no arguments of their own.
    """
    reader = _Reader(data)
    magic, version, features, _ = reader.take(4)
    if magic != ord("M") or version != _VERSION or features & 3 != _SUB_VERSION:
        raise Error(f"not an .mpy file of version {_VERSION}.{_SUB_VERSION}")
    if features >> 2 not in _PROCESSORS:
        raise Error("the .mpy file is not for xtensawin or rv32imc alone")
    strings, objects = reader.number(), reader.number()
    for _ in range(strings):
        reader.skip_string()
    for _ in range(objects):
        reader.skip_object()
    start = reader.offset
    code = _changed(reader)
    if reader.offset != len(data):
        raise Error("the .mpy file goes on after its code")
    return data[:start] + code


class _Reader:
    """Read the items of an .mpy file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0

    def take(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        self.offset += size
        if self.offset > len(self._data):
            raise Error("the .mpy file ends early")
        return self._data[self.offset - size : self.offset]

    def since(self, start: int) -> bytes:
        """Return what was read from offset *start* on."""
        return self._data[start : self.offset]

    def number(self) -> int:
        """Return the next number: seven bits a byte, the highest first."""
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def skip_string(self) -> None:
        """Skip a string: one that every firmware has is a number only."""
        length = self.number()
        if not length & 1:
            self.take((length >> 1) + 1)

    def skip_object(self) -> None:
        """Skip a constant."""
        kind = self.take(1)[0]
        if kind <= _LAST_SINGLE:
            return
        length = self.number()
        if kind in _TEXTS or kind in _NUMBERS:
            self.take(length + (kind in _TEXTS))
        elif kind == _TUPLE:
            for _ in range(length):
                self.skip_object()
        else:
            raise Error(f"unknown kind of constant in the .mpy file: {kind}")


def _changed(reader: _Reader) -> bytes:
    """Return the next function, with all that are defined in it, changed."""
    start = reader.offset
    head = reader.number()
    code_start = reader.offset
    reader.take(head >> _SIZE_SHIFT)
    kind, has_children = head & _KIND, head & _HAS_CHILDREN
    if kind == _NATIVE:
        reader.number()  # Where the prelude is.
    elif kind != _BYTECODE and reader.number() & _LINKED:
        raise Error("linked native code in the .mpy file")
    if kind == _ASM:
        changed = _encode(head & ~_KIND | _VIPER) + reader.since(code_start)
        if has_children or reader.number():
            raise Error("assembler with arguments of its own in the .mpy file")
        reader.number()  # The result's type.
        return changed
    children = reader.number() if has_children else 0
    return reader.since(start) + b"".join([_changed(reader) for _ in range(children)])


def _encode(value: int) -> bytes:
    """Return *value* as _Reader.number reads it."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
