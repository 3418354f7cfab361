"""P-384 on MicroPython's big integers: the engine for boards without a kernel."""

from .bigint_engine import Engine
from .ec import P384
from .p384_comb import BLOCKS, SPACING, TABLE, TEETH
from .p384_reduce import reduce

_engine = Engine(P384, reduce, TABLE, TEETH, BLOCKS, SPACING)

multiply_base = _engine.multiply_base
multiply_add = _engine.multiply_add
invert = _engine.invert
