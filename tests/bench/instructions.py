"""The kernels' instruction counts on each processor, from an emulator.

The Python code around them is not counted.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = ("firmware", "tests/device/cpython", "tests/shared", "tests/kernels")
sys.path[:0] = [str(_ROOT / folder) for folder in _FOLDERS]

import micropython  # noqa: E402, F401 (it completes modules that device code imports)
from boardcert.crypto import ecdsa, sha384  # noqa: E402
from boardcert.crypto.ec import P384  # noqa: E402
from emulated_kernels import (  # noqa: E402
    KERNELS,
    SHA512,
    P384Kernel,
    Sha512Kernel,
    load_kernel,
    p384_engine,
)
from mpy_machine_code import build, load  # noqa: E402

ARCHITECTURES = ("armv6m", "armv7emsp", "rv32imc", "xtensawin")
_MULTIPLY, _SQUARE = 1, 2
# The counts do not depend on it.
_SCALAR = P384.n // 3


def measure() -> dict[str, dict[str, int]]:
    """Return the instruction counts by architecture and key, see README.md."""
    with tempfile.TemporaryDirectory(prefix="boardcert-bench-") as directory:
        return {name: _measure(name, Path(directory)) for name in ARCHITECTURES}


def _measure(architecture: str, directory: Path) -> dict[str, int]:
    functions = load_kernel(architecture, directory)
    source = KERNELS / SHA512[architecture]
    sha512 = Sha512Kernel(load(build(source, directory, architecture)), 0, True, architecture)
    field = P384Kernel(functions, True, architecture)
    figures = {"field_mul": _step(field, _MULTIPLY), "field_sqr": _step(field, _SQUARE)}
    sha512.compress(bytes(64), bytes(128))
    one_block = sha512.machine.instructions
    sha512.compress(bytes(64), bytes(256))
    figures["sha384_block"] = sha512.machine.instructions - one_block
    with _curve(architecture, functions, sha512) as counters:
        before = _sum(counters)
        P384.multiply_base(_SCALAR, _fixed_random)
        figures["fixed_base"] = _sum(counters) - before
        before = _sum(counters)
        ecdsa.sign(P384, _SCALAR, bytes(48), _fixed_random)
        figures["signature"] = _sum(counters) - before
    return figures


def _step(field: Any, operation: int) -> int:
    """Return the instructions of one additional step, including its dispatch."""
    field.operate([(operation, 2, 0, 1)], [3, 5, 0])
    once = field.machine.instructions
    field.operate([(operation, 2, 0, 1)] * 2, [3, 5, 0])
    return field.machine.instructions - once


@contextmanager
def _curve(architecture: str, functions: dict, sha512: Any) -> Iterator[list]:
    """Run the device's ECDSA on emulated kernels; yield their machines."""

    def compress(state: bytearray, blocks: bytearray, _work: Any, count: int) -> None:
        for i in range(count):
            state[:] = sha512.compress(state, blocks[128 * i : 128 * i + 128])

    engine_before, compress_before = P384._engine, sha384.compress
    with p384_engine(architecture, functions, observe=True) as (engine, kernels):
        P384._engine, sha384.compress = engine, compress
        try:
            yield [kernel.machine for kernel in (*kernels, sha512)]
        finally:
            P384._engine, sha384.compress = engine_before, compress_before


def _fixed_random(size: int) -> bytes:
    return b"\1" * size


def _sum(machines: list) -> int:
    return sum(machine.all_instructions for machine in machines)
