"""Borrow modules that are rarely needed: the one place that knows how small a board's memory is."""

import gc
import sys

# Modules with native code, or that try to import one (ec tries p384_kernel, rsa rsa_kernel).
# One string, because a tuple takes 0.2 KB for as long as the board runs.
_NATIVE = "noise health_tests sha384 sha512_block ec p384_reduce rsa kernel_code kernel_sha512"


class FirmwareFirst:
    """A context in which `import` takes the firmware's own modules without looking for files.

    The build puts imports into it, see firmware/bundles.py: at each import, MicroPython first looks
    for files hashlib, hashlib.py and hashlib.mpy, which takes 2 ms, 80 ms in a first boot. Modules
    of this package are found as always. Only imports belong inside: meanwhile, other tasks find no
    files.
    """

    def __enter__(self) -> None:
        self._path = sys.path
        # Only MicroPython has this entry; elsewhere the path stays as it is.
        sys.path = [".frozen"] if ".frozen" in self._path else self._path

    def __exit__(self, *_details) -> None:
        sys.path = self._path


class borrowed:
    """A context that gives back the modules of this package that are imported in it.

    A name keeps its module: what refers to a function or a class of a borrowed module keeps all of
    it.
    """

    at_once = True
    """Whether their memory is free afterwards, by a collection; if not, it is when needed."""

    empties = "-"
    """Modules whose names begin so are emptied, because nothing of them is used any more; "" for
    all. Then nothing of them stays because the collector takes something for a reference, such as
    a word that a call has left on the stack. A parameter of give_back took 32 bytes more.

    Not where a module that stays, see give_back, may refer to one of them: "" is for what loads an
    identity or its settings, which no module with native code imports."""

    def begin(self) -> "borrowed":
        """Note which modules are not borrowed: `kept`."""
        self.kept = set(sys.modules)
        return self

    def give_back(self, *_details) -> None:
        """Give back what was imported until now.

        Except for modules with native code on esp32: there, its memory is freed at a soft reset
        only, so each new import would lose some of it.
        """
        prefix = __name__.split(".", 1)[0] + "."
        for name in list(sys.modules):
            if name.startswith(prefix) and name not in self.kept:
                package, short = name.rsplit(".", 1)
                if sys.platform == "esp32" and short in _NATIVE.split():
                    continue
                module = sys.modules.pop(name)
                if name.startswith(self.empties):
                    module.__dict__.clear()
                if package in sys.modules:  # A room may have gone before.
                    delattr(sys.modules[package], short)
        if self.at_once:
            gc.collect()

    __enter__ = begin
    __exit__ = give_back


def rare_text(number: int) -> str:
    """Return one of the sentences that the build took out of the modules, see build/rare_texts.

    If the file is missing or cannot be read, return the number: the error itself matters more.
    """
    try:
        with open(__file__.rsplit("/", 1)[0] + "/rare_texts.py") as file:
            for _ in range(number):
                file.readline()
            return file.readline()[1:-1]
    except (OSError, MemoryError):
        return f"text {number}"
