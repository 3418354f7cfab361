"""The beginning of the module `kernel` on ESP32s: is this a firmware that runs our assembler?

It is relied on that a viper function of an .mpy file of version 6.3 is called as f(self, n_args,
n_kw, args), small integers being 2 n + 1 (py/objfun.c, fun_viper_call), and that code in it is
where its first byte is. A firmware that says it reads other files is not given ours. One that
refuses it, has no memory for it, or computes with it something else (kernel_check_esp32.py) goes on
with big integers, after a notice.
"""
# ruff: noqa: F401 (the functions are for other parts of the same module)

import sys

from micropython import const

_VERSION = const(6 | 3 << 8)
_PROCESSORS = (10, 11)  # xtensawin and rv32imc, in the next four bits.

try:
    mpy = getattr(sys.implementation, "_mpy", 0)
    if mpy & 0x3FF != _VERSION or mpy >> 10 & 15 not in _PROCESSORS:
        raise ValueError("it reads other .mpy files")
    from .kernel_code import (  # pyright: ignore[reportMissingImports]
        divide_steps,
        gather,
        run,
        spread,
    )
except (ValueError, MemoryError) as error:
    print("boardcert: this firmware does not load our assembler, so signing is slow:", error)
    raise ImportError("no kernel") from error
