"""P-384 on the assembler kernel: the engine for processors that have one.

What leaks by timing where a scalar is secret: nothing by the sequence of operations or the
addresses of the kernel, which are the same for every scalar; the starting point has a fresh random
projective factor. Around it, a few big-integer operations on the scalar, and on the result, vary
with leading zeros. The scalar n - 2 (1 + 2**64 + ... + 2**320) and its negative meet an exception
of the addition formula, which turns the result into Z = 0: that is None, and ec goes another way.
Stack and heap are not wiped, as MicroPython does not wipe its big integers either.
"""
# pyright: reportMissingImports=false

from micropython import const
from uctypes import addressof

from .kernel import ADD, ADD_JACOBIAN, DOUBLE, POWERS, SCALE, SELECT, TABLE, TO_AFFINE, invert, run

_SIZE = const(48)
# The work area, as make_p384.py has it: x y z u v (second operand), X Y Z (sum), scratch, the signs
# of a scalar and the table's address.
_FIRST = const(3 * 48)
_SECOND_END = const(5 * 48)
_SUM = const(5 * 48)
_SUM_END = const(8 * 48)
_Z = const(7 * 48)
_Z_INVERSE = const(11 * 48)
_SIGNS = const(12 * 48)
# The comb's columns, as a constant of this file for speed. A test compares it.
_SPACING = const(64)
_WINDOW_BITS = const(4)
_ZEROS = b"\4\0\1\0\2\0\1\0\3\0\1\0\2\0\1\0"  # At the end of numbers of four bits.

# The kernel reads words. In a frozen module the bytes may lie at any address.
_table = bytearray(TABLE) if addressof(TABLE) & 3 else TABLE


class Engine:
    """Multiplications on *curve*, which is P-384; see ec.EngineCurve for what is asked of it."""

    def __init__(self, curve) -> None:
        self._curve = curve
        self.invert = invert

    def multiply_add(self, u1: int, u2: int, point: tuple, random) -> tuple | None:
        """Return u1 G + u2 *point* as (x, y). *random*: random(n) -> n bytes for a secret u1."""
        return _multiply_sum(self._curve, u1, u2, point, random and random(_SIZE))


def _multiply_sum(curve, u1: int, u2: int, point: tuple, factor: bytes | None) -> tuple | None:
    """Return u1 G + u2 *point* as (x, y); *factor*: the random one of a secret u1, or None.

    It is drawn before: below this, the generator would be the deepest call of all.

    Doublings serve both: at each of the comb's 64 columns its entry is added, and wherever a window
    of u2 ends, that multiple of the point. None at infinity, and where an addition meets equal
    points on the way.
    """
    even = 1 - (u1 & 1)
    odd = (u1, curve.n - u1)[even]
    # 384 bits, each the sign of a power of 2; see p384_comb. The top one is set.
    signs = (odd >> 1).to_bytes(_SIZE, "little")
    work = bytearray(b"".join([bytes(_SIGNS), signs, addressof(_table).to_bytes(4, "little")]))
    work[_SIGNS + _SIZE - 1] |= 0x80
    base = b"".join([number.to_bytes(_SIZE, "little") for number in point + (1,)])
    windows = _windows(u2)
    started = max(windows, default=0) >= _SPACING
    multiples = _odd_multiples(base, work) if u2 >> _SPACING else [base]
    if started:
        _multiply_window(windows, multiples, work)
    else:
        work[_Z:_SUM_END] = factor or base[2 * _SIZE :]
    _multiply_comb(even, started, windows, multiples, work)
    return _affine(work, curve.p)


def _affine(work: bytearray, p: int) -> tuple | None:
    """Return the sum as (x, y), None when its Z is 0; constant time."""
    z_inverse = invert(_element(work, _Z), p)
    if not z_inverse:
        return None
    work[_Z_INVERSE:_SIGNS] = z_inverse.to_bytes(_SIZE, "little")
    run(TO_AFFINE, work)
    return _element(work, _SUM) % p, _element(work, _SUM + _SIZE) % p


def _element(work: bytearray, start: int) -> int:
    """Return the element at *start*."""
    return int.from_bytes(work[start : start + _SIZE], "little")


def _multiply_comb(
    even: int, started: bool, windows: dict, multiples: list, work: bytearray
) -> None:
    """Double the sum at each of the comb's columns, add its entry, and what *windows* say.

    Constant time but for *windows*. *even* is 1 to subtract the entries, or 0. Unless *started*,
    there is only a Z, which is for the first entry.
    """
    step = bytearray(DOUBLE[:-4] + SELECT + ADD)
    place = len(DOUBLE) - 4
    step[place + 3] = even
    for column in range(_SPACING - 1, -1, -1):
        step[place + 1] = column
        run(step if started else step[place : place + 4] + SCALE, work)
        started = True
        if column in windows:
            _add(multiples[windows[column]], work)


def _multiply_window(windows: dict, multiples: list, work: bytearray) -> None:
    """Set the sum to what *windows* say of columns beyond the comb's, less the comb's doublings."""
    doublings = memoryview(DOUBLE[:-4] * 8 + bytes(4))
    places = sorted([place for place in windows if place >= _SPACING])
    column = places.pop()
    work[_SUM:_SUM_END] = multiples[windows[column]][:_FIRST]
    while places:
        _double(column - places[-1], doublings, work)
        column = places.pop()
        _add(multiples[windows[column]], work)
    _double(column - _SPACING, doublings, work)


def _windows(factor: int) -> dict:
    """Return {column: i}: *factor* is the sum of (2 i + 1) 2**column. Variable time.

    i is 0 for a factor that is no longer than the comb has columns: the point itself is enough.
    """
    width, places = (_WINDOW_BITS, 8 * _SIZE) if factor >> _SPACING else (1, _SPACING)
    data = factor.to_bytes(_SIZE + 2, "little")
    windows = {}
    place = 0 if factor else places
    while place < places:
        bits = (data[place >> 3] | data[(place >> 3) + 1] << 8) >> (place & 7)
        zeros = _ZEROS[bits & 15]
        place += zeros
        if zeros < 4:
            windows[place] = (bits >> zeros & (1 << width) - 1) >> 1
            place += width
    return windows


def _odd_multiples(point: bytes, work: bytearray) -> list:
    """Return *point*, (x, y, 1), and 3, 5, ... 15 times it, in the form of second operands."""
    work[_SUM:_SUM_END] = point
    run(DOUBLE, work)
    double = _as_second(work)
    work[_SUM:_SUM_END] = point
    multiples: list = [point]
    while len(multiples) < 1 << _WINDOW_BITS - 1:
        _add(double, work)
        multiples.append(_as_second(work))
    return multiples


def _as_second(work: bytearray) -> bytearray:
    """Return the sum in the form of a second operand of ADD_JACOBIAN."""
    work[:_FIRST] = work[_SUM:_SUM_END]
    run(POWERS, work)
    return work[:_SECOND_END]


def _double(times: int, doublings: memoryview, work: bytearray) -> None:
    """Double the sum that often; *doublings* is a program of eight."""
    while times > 0:
        run(doublings[-4 - (len(DOUBLE) - 4) * min(times, 8) :], work)
        times -= 8


def _add(point: bytes | bytearray, work: bytearray) -> None:
    """Add a second operand; one of three elements has z = 1."""
    work[: len(point)] = point
    run(ADD if len(point) == _FIRST else ADD_JACOBIAN, work)
