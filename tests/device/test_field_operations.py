"""P-384 arithmetic on this interpreter: by the kernel if there is one, and by big integers.

These are a thousand operations and some scalars; tests/kernels tries many more, in an emulator. The
reduction for big integers is in test_p384_reduce.
"""

from hashlib import sha256

from boardcert.crypto import p384_bigint
from boardcert.crypto.ec import P384

_ENGINES = [p384_bigint.make_engine(P384)]
try:
    from boardcert.crypto import kernel, p384_kernel

    _ENGINES.append(p384_kernel.Engine(P384))
except (ImportError, ValueError):  # There is no kernel for this processor.
    kernel = None

_P = 2**384 - 2**128 - 2**96 + 2**32 - 1
_N = 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D
# The ends of the range and of its words, values at and above p, and long carries.
_EDGES = [0, 1, 2, _P - 2, _P - 1, _P, _P + 1, 2**384 - 1, 2**384 - _P, 2**383, 2**192 - 1]
_EDGES += [2**96 - 1, 2**128, 2**384 - 2**96, _P - 2**160, 0x55555555 * (2**384 - 1) // 0xFFFFFFFF]
_SCALARS = [1, 2, 3, _N - 1, _N - 2, _N // 2, _N // 2 + 1, 2**383 - 1, 2**64 - 1]
_SCALARS += [2**bit for bit in (31, 32, 63, 64, 65, 128, 191, 192, 320, 383)]
_SCALARS += [(2**384 - 1) // 3, (2**384 - 1) // 5]
# SHA-256 of the points' coordinates, 48 bytes each; the points are those of `cryptography`.
_POINTS_SHA256 = "e2df36360fc570b2724366014dffbb418ceab28cf3eba4e70b18a120fd651ff7"


def _elements(*numbers) -> bytearray:
    return bytearray(b"".join([number.to_bytes(48, "little") for number in numbers]))


def test_kernel_operations_at_the_edges():
    """The kernel's product, square, sum and difference of each pair are right, as residues."""
    for a in _EDGES if kernel else ():
        for b in _EDGES:
            work = _elements(a, b, 0, 0, 0, 0)
            program = [1, 6, 0, 3, 2, 9, 0, 1, 3, 12, 0, 3, 4, 15, 0, 3, 0, 0, 0, 0]
            kernel.run(bytes(program), work)
            found = [int.from_bytes(work[i : i + 48], "little") % _P for i in range(96, 288, 48)]
            assert found == [a * b % _P, a * a % _P, (a + b) % _P, (a - b) % _P], (a, b)


def test_multiples_of_the_base_point():
    """Each engine is right for extreme scalars, single bits, all ones and alternating bits."""
    for engine in _ENGINES:
        digest = sha256()
        for scalar in _SCALARS:
            point = engine.multiply_add(scalar, 0, P384.g, lambda size: bytes(range(size)))
            for coordinate in point:
                digest.update(coordinate.to_bytes(48, "big"))
        assert digest.digest().hex() == _POINTS_SHA256
