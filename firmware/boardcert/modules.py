"""Give back the memory of modules that nobody needs any longer, so that the next ones have it."""

import gc
import sys

# Modules with native code, or that try to import one (ec tries p384_kernel, rsa rsa_kernel).
# In one text: a tuple of seven takes 0.2 KB for as long as the board runs.
_NATIVE = "noise health_tests sha384 sha512_block ec p384_reduce rsa"


def release(loaded: set) -> None:
    """Forget the modules of this package that were imported since *loaded*, and free their memory.

    Not those with native code on esp32: there, its memory comes back at a soft reset only, so
    each import anew would lose some of it.
    """
    forget(loaded)
    gc.collect()


def forget(loaded: set) -> None:
    """As release; the memory is free when it is needed."""
    prefix = __name__.split(".", 1)[0] + "."
    for name in list(sys.modules):
        if name.startswith(prefix) and name not in loaded:
            package, short = name.rsplit(".", 1)
            if sys.platform == "esp32" and short in _NATIVE.split():
                continue
            del sys.modules[name]
            if package in sys.modules:  # A room may have gone before.
                delattr(sys.modules[package], short)


def rare_text(number: int) -> str:
    """Return one of the sentences that the build took out of the modules, see build/rare_texts.

    Where the file is missing or cannot be read, what says the number: the error itself counts.
    """
    try:
        with open(__file__.rsplit("/", 1)[0] + "/rare_texts.py") as file:
            for _ in range(number):
                file.readline()
            return file.readline()[1:-1]
    except (OSError, MemoryError):
        return f"text {number}"
