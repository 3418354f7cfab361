"""Write Thumb code for MicroPython's inline assembler, where loops must be unrolled by a program.

A *Writer* collects the lines of one `@micropython.asm_thumb` function. Instructions that asm_thumb
knows are written as text with `op`; those it has no name for (block and stack-pointer-relative
transfers, uxth, additions that keep the flags) are encoded here and written as `data(2, ...)`.
Encodings: ARMv6-M Architecture Reference Manual, section A5.2; ARMv7-M's, A7.7, for UMAAL.
"""


def number(register: str) -> int:
    """Return the number of *register*, such as 7 for "r7"."""
    return {"sp": 13, "lr": 14}.get(register) or int(register[1:])


class Writer:
    """Collect the instructions of the assembler function *name* with that many arguments."""

    def __init__(self, name: str, arguments: int) -> None:
        registers = ", ".join(f"r{i}" for i in range(arguments))
        self.lines = ["@micropython.asm_thumb", f"def {name}({registers}):"]

    def op(self, *instructions: str) -> None:
        """Append *instructions* in asm_thumb's own syntax, "; " between those in one string."""
        for instruction in "; ".join(instructions).split("; "):
            self.lines.append(f"    {instruction}")

    def code(self, halfword: int) -> None:
        """Append one instruction by its encoding."""
        self.op(f"data(2, {halfword:#06x})")

    def load(self, register: str, offset: int) -> None:
        """Load *register* from the stack frame: sp + *offset* bytes."""
        self.code(0x9800 | number(register) << 8 | offset // 4)

    def store(self, register: str, offset: int) -> None:
        """Store *register* in the stack frame: sp + *offset* bytes."""
        self.code(0x9000 | number(register) << 8 | offset // 4)

    def load_many(self, base: str, *registers: str) -> None:
        """Load *registers* (in rising order) from *base* and advance it; the flags stay."""
        self.code(0xC800 | number(base) << 8 | sum(1 << number(r) for r in registers))

    def store_many(self, base: str, *registers: str) -> None:
        """Store *registers* (in rising order) at *base* and advance it; the flags stay."""
        self.code(0xC000 | number(base) << 8 | sum(1 << number(r) for r in registers))

    def low_half(self, destination: str, source: str) -> None:
        """Copy the low 16 bits of *source*, zero-extended; the flags stay (UXTH)."""
        self.code(0xB280 | number(source) << 3 | number(destination))

    def add_quietly(self, destination: str, source: str) -> None:
        """Add *source* to *destination*, either of them any register; the flags stay."""
        d = number(destination)
        self.code(0x4400 | (d & 8) << 4 | number(source) << 3 | d & 7)

    def multiply_accumulate(self, low: str, high: str, a: str, b: str) -> None:
        """Set *high*, *low* to *a* *b* + *high* + *low* (UMAAL, of ARMv7-M's DSP extension)."""
        self.code(0xFBE0 | number(a))
        self.code(number(low) << 12 | number(high) << 8 | 0x60 | number(b))

    def compare(self, low: str, high: str) -> None:
        """Compare register *low* with a *high* register (r8 and up)."""
        self.code(0x4500 | number(high) << 3 | number(low))

    def frame(self, size: int) -> None:
        """Take *size* bytes of stack (give them back when negative); the flags stay."""
        self.code(0xB080 | size // 4 if size > 0 else 0xB000 | -size // 4)

    def frame_address(self, register: str, offset: int) -> None:
        """Put sp + *offset* into *register*; the flags stay."""
        self.code(0xA800 | number(register) << 8 | offset // 4)

    def text(self) -> str:
        """Return the function's source."""
        return "\n".join(self.lines) + "\n"
