"""P-384 on MicroPython's big integers: the engine for boards without a kernel."""

from .bigint_engine import Engine
from .p384_comb import BLOCKS, SPACING, TABLE, TEETH
from .p384_reduce import reduce


def make_engine(curve) -> Engine:
    """Return the engine of *curve*, which is P-384."""
    return Engine(curve, reduce, (TABLE, TEETH, BLOCKS, SPACING))
