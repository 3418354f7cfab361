"""Write P-384 arithmetic in MicroPython's inline assembler: for the RP2040, and for the RP2350.

    python firmware/kernels/make_p384.py > firmware/kernels/kernel_p384.py
    python firmware/kernels/make_p384.py --dsp > firmware/kernels/kernel_p384_dsp.py
    python firmware/kernels/make_p384.py --programs > firmware/kernels/kernel_programs.py

The kernel is one function, and programs for it, which the kernels of other processors have in the
third file; p384_kernel.py drives them. The second multiplies
with UMAAL, of the DSP extension that the RP2350's Cortex-M33 has, and is the same otherwise.

run(program, work): interpret *program*, four bytes a step: operation, destination, a, b. Operands
are places in *work* in units of 16 bytes, each a field element of 12 words, least significant first
(48 bytes, 4-byte aligned).
  END 0 | MUL 1: a * b | SQR 2: a, squared b times (b >= 1, a count) | ADD 3: a + b | SUB 4: a - b
  SELECT 5: see select
Inputs may be any value below 2**384, reduced or not; results are below 2**384 and congruent modulo
p = 2**384 - 2**128 - 2**96 + 2**32 - 1. Destination and operands may be the same place. Stack:
about 500 bytes.

Timing: no branch and no address depends on the values of elements, the digit or the signs; on the
Cortex-M0+ of the RP2040 every instruction used takes the same time for all operands. For UMAAL on
the Cortex-M33 that is assumed: we know of no timing that depends on operands, and measured none.
The program is visible, but for SELECT's b.
"""

import sys

import p384_modulo as modulo
import p384_product as product
import p384_product_dsp as product_dsp
from thumb import Writer

OPERATIONS = " *^+-"
# Places in the work area, in this order, each of 48 bytes: the second operand of an addition as x,
# y, z, u = z**2, v = z**3; the sum X, Y, Z (Jacobian: X / Z**2, Y / Z**3); scratch; the signs of
# a scalar for SELECT, and after them the table's address.
PLACES = "xyzuvXYZABCDS"
# Of the comb, see make_comb.py; p384_kernel.py knows them too.
TEETH, SPACING = 6, 64

# "A=Z^3" squares three times. Formulas: Explicit-Formulas Database, g1p/auto-shortw-jacobian-3.
# None handles infinity, and ADD not two equal or opposite points: Z is 0 then, and stays 0 through
# all that follows.
ADD = (
    "A=Z^1 B=A*Z A=A*x B=B*y A=A-X B=B-Y Z=Z*A C=A^1 D=C*A C=C*X "
    "X=B^1 X=X-D X=X-C X=X-C C=C-X C=C*B D=D*Y Y=C-D"
)
PROGRAMS = {
    # dbl-2001-b, with 2 gamma and 2 beta in the place of gamma and beta.
    "DOUBLE": "A=Z^1 B=Y^1 Z=Y+Z Z=Z^1 Z=Z-A Z=Z-B D=X-A A=X+A D=D*A A=D+D D=D+A "
    "B=B+B C=X*B C=C+C A=C+C X=D^1 X=X-A C=C-X C=C*D B=B^1 B=B+B Y=C-B",
    # madd, 8 multiplications and 3 squarings: the second operand is affine, or (x, y, z, u, v).
    "ADD": ADD,
    "ADD_JACOBIAN": f"X=X*u Y=Y*v {ADD} Z=Z*z",
    "POWERS": "u=z^1 v=u*z",
    # The affine (x, y) as (X, Y, Z) for the Z given.
    "SCALE": "A=Z^1 X=x*A A=A*Z Y=y*A",
    # D is 1 / Z; then the affine point is (X, Y).
    "TO_AFFINE": "A=D^1 X=X*A A=A*D Y=Y*A",
}


def assemble(program: str) -> bytes:
    """Return the bytes of a program, its end included."""
    code = bytearray()
    for step in program.split():
        operation = OPERATIONS.index(step[3])
        second = int(step[4:]) if step[3] == "^" else 3 * PLACES.index(step[4])
        code += bytes([operation, 3 * PLACES.index(step[0]), 3 * PLACES.index(step[2]), second])
    return bytes(code) + bytes(4)


def programs() -> str:
    """Return the source of the programs, as constants."""
    lines = [f"{name} = {assemble(program)}" for name, program in PROGRAMS.items()]
    select = bytes([5, 0, 3 * PLACES.index("S"), 0])
    return "\n".join([*lines, f"SELECT = {select}  # A step, to be completed."])


def run(w: Writer) -> None:
    """Emit the interpreter.

    r10 is the program, r11 the work area; r8, r9 and r12 are the addresses of result and operands.
    """
    w.op("mov(r4, r8); mov(r5, r9); mov(r6, r10); mov(r7, r11); push({r4, r5, r6, r7})")
    w.op("mov(r10, r0); mov(r11, r1)")
    w.op("label(step); mov(r7, r10); mov(r6, r11); ldrb(r3, [r7, 0]); ldrb(r4, [r7, 3])")
    w.op("ldrb(r0, [r7, 1]); lsl(r0, r0, 4); add(r0, r0, r6); ldrb(r1, [r7, 2]); lsl(r1, r1, 4)")
    w.op("add(r1, r1, r6); lsl(r2, r4, 4); add(r2, r2, r6); add(r7, 4); mov(r10, r7)")
    w.op("cmp(r3, 2); bgt(linear); mov(r8, r0); mov(r9, r1); beq(squares)")
    w.op("cmp(r3, 0); beq(end); mov(r12, r2); bl(multiply); b(step)")
    w.op("label(squares); push({r4}); bl(square); pop({r4}); mov(r9, r8)")
    w.op("sub(r4, 1); bne(squares); b(step)")
    w.op("label(linear); cmp(r3, 4); bgt(select); beq(minus); bl(add_elements); b(step)")
    w.op("label(minus); bl(subtract_elements); b(step)")
    w.op("label(end); pop({r4, r5, r6, r7})")
    w.op("mov(r8, r4); mov(r9, r5); mov(r10, r6); mov(r11, r7)")
    # As asm_thumb's own ending, for which the code below is too long.
    w.op("pop({r1, r4, r5, r6, r7, pc})")


def select(w: Writer) -> None:
    """Emit SELECT: copy the comb's entry for column *destination* to x and y.

    a: the place of the signs, after which the table's address is; b: 1 to negate the entry. Tooth
    i's sign is bit *column* of the 64 that begin with word 2 i. All 32 entries of 96 bytes are
    read, in order. The last tooth's sign is the entry's: if it is not set, the others are inverted.
    """
    # r5: the column's bit in its words, r2: the digit, r3: -1 to negate y, else 0.
    w.op("label(select); ldr(r7, [r1, 48]); sub(r0, r0, r6); lsr(r3, r0, 4)")
    w.op("lsr(r0, r0, 9); lsl(r0, r0, 2); add(r1, r1, r0); mov(r5, 31); and_(r5, r3); mov(r2, 0)")
    for tooth in reversed(range(TEETH)):
        w.op(f"ldr(r0, [r1, {SPACING // 8 * tooth}]); lsr(r0, r5); lsr(r0, r0, 1); adc(r2, r2)")
    w.op(f"lsr(r3, r2, {TEETH - 1}); sub(r3, 1); eor(r2, r3); neg(r4, r4); eor(r3, r4)")
    w.op("mov(r0, r7); mov(r1, r2); mov(r2, r6)")
    copy_entry(w)
    w.op("b(step)")


def copy_entry(w: Writer) -> None:
    """Emit: copy the entry r1 (modulo 32) of the table at r0 to r2; negate y when r3 is -1, not 0.

    Four words at a time. In r12 a single bit moves left, and out at the entry sought. y becomes
    (y ^ sign) - sign + (p & sign) modulo 2**384, which is p - y for -1 and y for 0.
    """
    # On the stack: the first entry's next words, their place in work, sign, the words' end.
    w.op("mov(r5, r0); add(r5, 96); push({r0, r2, r3, r5}); mov(r4, 96); lsl(r4, r4, 5)")
    w.op("add(r4, r4, r0); mov(lr, r4); mov(r4, 31); bic(r4, r1); mov(r1, 1); lsl(r1, r4)")
    w.op("mov(r12, r1); label(words)")
    w.load("r0", 0)
    w.op("mov(r1, r12)", *(f"mov(r{r}, 0)" for r in range(4, 8)), "label(entry)")
    # r3 = 0 at the entry sought, else -1.
    w.op("lsl(r1, r1, 1); sbc(r3, r3)")
    for i in range(4):
        w.op(f"ldr(r2, [r0, {4 * i}]); bic(r2, r3); orr(r{4 + i}, r2)")
    w.op("add(r0, 96)")
    w.compare("r0", "lr")
    w.op("bne(entry); add(r0, 16); mov(lr, r0)")
    w.load("r2", 4)
    w.store_many("r2", "r4", "r5", "r6", "r7")
    w.store("r2", 4)
    w.load("r0", 0)
    w.load("r1", 12)
    w.op("add(r0, 16)")
    w.store("r0", 0)
    w.op("cmp(r0, r1); bne(words)")
    w.op("pop({r0, r2, r3, r5}); sub(r2, 96); mov(r4, 0); lsl(r5, r3, 1)")
    # The words of p & sign, with the carry flag set for the -(-1).
    for i, word in enumerate(["r3", "r4", "r4", "r3", "r5"] + ["r3"] * 7):
        w.op(f"ldr(r0, [r2, {48 + 4 * i}]); eor(r0, r3); adc(r0, {word})")
        w.op(f"str(r0, [r2, {48 + 4 * i}])")


def multiply(w: Writer) -> None:
    """Emit multiply and square for the RP2040, and what they need."""
    product.product(w, "multiply", [("r9", 0), ("r12", product.FACTOR_B)], "multiply_6")
    product.product(w, "square", [("r9", 0)], "square_6")
    product.multiply_words(w)
    product.multiply_3(w)
    product.multiply_6(w)
    product.square_6(w)
    product.combine(w)


def kernel(has_dsp: bool) -> str:
    """Return the source of kernel_p384_dsp.py, or of kernel_p384.py."""
    w = Writer("run", 2)
    run(w)
    select(w)
    if has_dsp:
        product_dsp.multiply(w)
        modulo.reduce(w, {})
    else:
        multiply(w)
        modulo.reduce(w, product.CARRIES)
    modulo.fold(w, "fold", "add", "adc")
    modulo.add_or_subtract(w, "add_elements", "add", "adc")
    modulo.add_or_subtract(w, "subtract_elements", "sub", "sbc")
    modulo.fold(w, "fold_sub", "sub", "sbc")
    lines = [
        '"""P-384 arithmetic; make_p384.py, which made it, explains it (do not edit)."""\n',
        "# ruff: noqa\n# fmt: off\nimport micropython\n",
        programs(),
    ]
    return "\n".join([*lines, "\n", w.text()])


_PROGRAMS_ALONE = '''"""Programs for kernels of P-384, made by make_p384.py (do not edit)."""

# ruff: noqa
# fmt: off
'''

if __name__ == "__main__":
    if "--programs" in sys.argv[1:]:
        sys.stdout.write(f"{_PROGRAMS_ALONE}{programs()}\n")
    else:
        sys.stdout.write(kernel("--dsp" in sys.argv[1:]))
