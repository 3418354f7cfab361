"""Do a task of sources or tasks; release its modules while certificates are made.

See phases. Finding the modules again costs some 40 ms, and saves 9 KB of memory when it is
shortest: during the arithmetic of a board without a kernel. Where the firmware runs a kernel, which
takes less, they stay.
"""

import gc
import sys

from ..modules import borrowed
from .phases import Maker, Wanted, make_wanted

_PACKAGE = __name__.split(".", 1)[0] + "."


def run(task: str, arguments: tuple, context: tuple, lent):
    """Return what *task* returns with its *arguments*. *context*: see job.Job.

    *lent*: the borrowed modules, which are given back between the two, unless a kernel makes it.
    """
    maker = Maker()
    found = None
    # Not on rp2, where finding costs less and the stack is small, and not with sources.
    if sys.platform != "rp2" and __name__ == _PACKAGE + "in_phases":
        from .found_quickly import find_quickly

        found = find_quickly()
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
    """Give back the modules of the task, and empty them: else a stale reference keeps 12 KB.

    Not on ESP32: modules that stay because of native code may refer to them, as rsa does to keys.
    """
    names = set(sys.modules) - lent.kept
    given = {name: sys.modules[name] for name in names if name.startswith(_PACKAGE)}
    lent.at_once = False
    lent.give_back()
    lent.at_once = True
    if sys.platform == "esp32":
        given.clear()
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
    # Once more, where memory was short: the modules that decide are gone now.
    if not _has_code() and sys.platform == "esp32":  # Elsewhere it is not kept, see sha384.
        from ..crypto import sha512_block  # noqa: F401
    from ..crypto import sha384  # noqa: F401
