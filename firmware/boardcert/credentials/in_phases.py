"""Do a task of sources or tasks; release its modules while certificates are made.

See phases. Finding the modules again costs some 40 ms, and saves 9 KB of memory when it is
shortest: during the arithmetic of a board without a kernel. Where the firmware runs a kernel, which
takes less, they stay.
"""

import gc
import sys

from ..modules import borrowed
from .phases import Maker, Wanted, make_wanted

_PLACE = "/boardcert-modules"
_PACKAGE = __name__.split(".", 1)[0] + "."


def run(task: str, arguments: tuple, context: tuple, lent):
    """Return what *task* returns with its *arguments*. *context*: see job.Job.

    *lent*: the borrowed modules, which are given back between the two, unless a kernel makes it.
    """
    maker = Maker()
    found = _find_quickly()
    try:
        while True:
            try:
                return _begin(task, arguments, context, maker.make)
            except Wanted as given_up:
                wanted = given_up.args[0]
            made = _make_at_once(wanted)
            if not made:
                _give_back(lent)
                _load_making()
                made = make_wanted(wanted)
                _give_back(lent)
            maker.add(made)
    finally:
        if found:
            found.end()


class _Compiled:
    """The directory of *package* as a file system in which each compiled module is.

    MicroPython looks for a module as a directory, as a source and compiled before it opens it, and
    littlefs reads what it keeps of the directory each time: 12 of the 24 ms that an ESP32 takes for
    a module. Here, opening it is the only look-up.
    """

    def __init__(self, package) -> None:
        self._package = package
        self._directory = package.__path__

    def mount(self, _is_readonly, _makes) -> None:
        """Do nothing: MicroPython calls this, as all that follows but end."""

    def umount(self) -> None:
        """Do nothing."""

    def stat(self, path: str) -> tuple:
        """Say that a compiled module is a file, and that anything else is not there."""
        if path[-4:] == ".mpy":
            return (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(2)

    def open(self, path: str, mode: str):
        """Open the module itself; ImportError, as of any import, where it is not there."""
        try:
            return open(self._directory + path, mode)
        except OSError as error:
            raise ImportError(path) from error

    def end(self) -> None:
        """Look for modules as always from now on."""
        import vfs

        self._package.__path__ = self._directory
        vfs.umount(_PLACE)


def _find_quickly() -> "_Compiled | None":
    """Have modules found by one look-up each, until end(); None where that cannot be.

    That is with sources, which are in rooms, and on rp2: finding costs less there, and the stack is
    small.
    """
    package = sys.modules[__name__.rsplit(".", 1)[0]]
    is_compiled = "." not in package.__name__ and str(package.__file__)[-4:] == ".mpy"
    if sys.platform == "rp2" or not is_compiled:
        return None
    try:
        import vfs

        found = _Compiled(package)
        vfs.mount(found, _PLACE)
        package.__path__ = _PLACE  # pyright: ignore[reportAttributeAccessIssue] (a text)
        return found
    except (ImportError, OSError):
        return None


def _make_at_once(wanted: tuple):
    """Return what make_wanted does; None, and give back what was loaded, where no kernel makes it.

    In a function of its own: without a kernel, its `with` would take from a small stack.
    """
    with borrowed() as lent:
        return make_wanted(wanted) if _has_kernel(wanted, lent.kept) else None


def _has_kernel(wanted: tuple, kept: set) -> bool:
    """Return whether there is a kernel for what is *wanted*, and load its code if so.

    On ESP32 all that makes a certificate is loaded then, in the pauses between the reads of noise:
    a file takes 10 to 20 ms, about as long as a pause. *kept*: see _load_arithmetic.
    """
    _, arguments = wanted
    if arguments[1] != "p384":
        return False
    if sys.platform == "esp32":
        from ..entropy.noise import SAMPLES
        from ..entropy.noise_generators import read_early

        work = _load_arithmetic(kept)
        read_early(SAMPLES, work)
        try:
            for _ in work:  # What was not loaded in the pauses.
                pass
        except (ImportError, ValueError, MemoryError):
            return False
    return _has_code()


def _has_code() -> bool:
    """Return whether the firmware loads the kernel's code."""
    try:
        from ..crypto import kernel_code  # noqa: F401  # pyright: ignore[reportAttributeAccessIssue]
    except (ImportError, ValueError, MemoryError):
        return False
    return True


def _give_back(lent) -> None:
    """Give back the modules of the task, and empty them: else a stale reference keeps 12 KB."""
    names = set(sys.modules) - lent.kept
    given = {name: sys.modules[name] for name in names if name.startswith(_PACKAGE)}
    lent.at_once = False
    lent.give_back()
    lent.at_once = True
    for name in given:
        if name not in sys.modules and not name.endswith("phases"):  # These are at work.
            given[name].__dict__.clear()
    gc.collect()


def _load_arithmetic(kept: set):
    """Load what makes a certificate with a kernel, a file with each step, the kernels first.

    *kept*: gets the name of what the task needs again. Raises ImportError without a kernel.
    """
    if not _has_code():
        raise ImportError
    yield
    from ..crypto import sha384  # noqa: F401

    yield
    from ..certificates import keys

    kept.add(keys.__name__)
    yield
    from ..crypto import ecdsa  # noqa: F401

    yield
    from ..crypto import p384_kernel  # noqa: F401

    yield
    from . import generate  # noqa: F401

    yield
    from ..entropy import noise  # noqa: F401


def _begin(task: str, arguments: tuple, context: tuple, make_record):
    from .at_once import find
    from .job import Job

    context += (make_record,)
    return find(task)(Job(*context), *arguments)


def _load_making() -> None:
    """Load the kernels, or what hashes without them, while there is little else in memory.

    The code of a function is read into one piece of memory, up to 8 KB. Later there was none for
    it on an ESP32-C3: its heap grew, and took what TLS needs.
    """
    try:  # Once more, where memory was short: the modules that decide are gone now.
        from ..crypto import kernel_code  # noqa: F401  # pyright: ignore[reportAttributeAccessIssue]
    except (ImportError, ValueError, MemoryError):
        from ..crypto import sha384
    from ..crypto import sha384  # noqa: F401
